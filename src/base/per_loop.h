#pragma once
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace machi {

/// The number of the loop that the calling thread runs; -1 on threads that run none.
[[nodiscard]] inline int& current_loop_index() {
  static thread_local int index = -1;
  return index;
}

/// One object a loop. Handlers are shared by all loops; what they work with is not: here() gives the calling loop's
/// own.
template <typename T>
class PerLoop {
 public:
  void add(std::unique_ptr<T> object) { objects_.push_back(std::move(object)); }
  /// Call on a loop only.
  [[nodiscard]] T& here() const { return *objects_.at(static_cast<std::size_t>(current_loop_index())); }
  [[nodiscard]] T& at(std::size_t loop) const { return *objects_.at(loop); }
  [[nodiscard]] std::size_t size() const { return objects_.size(); }
  void clear() { objects_.clear(); }

 private:
  std::vector<std::unique_ptr<T>> objects_;
};

}  // namespace machi
