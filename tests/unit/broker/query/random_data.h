#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "broker/query/tree.h"

namespace machi::broker::query {

/// Random entities and queries over a small vocabulary, so that they often meet. The same seed gives the same ones
/// everywhere.
class RandomData {
 public:
  explicit RandomData(std::uint64_t seed) : engine_(seed) {}

  Entity entity(std::int64_t key);
  /// A q (or mq) of one to three statements, as text that the parser accepts.
  std::string q_text(bool metadata);
  GeoCondition geo();
  Query query();
  /// A GeoJSON geometry.
  std::string geometry();
  Position position();
  /// A pattern, mostly of the common subset.
  std::string pattern(int depth = 2);
  std::string text_near_patterns();

  std::size_t below(std::size_t n) { return engine_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <typename T>
  T pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }
  double between(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_() % 1'000'003) / 1'000'003;
  }

 private:
  std::string scalar();
  std::string value(int depth);
  Attribute attribute(const std::string& name);
  std::string statement(bool metadata);
  std::string literal();
  std::string target(bool metadata);
  EntitySelector selector();

  std::mt19937_64 engine_;
};

}  // namespace machi::broker::query
