#pragma once
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "base/task.h"

namespace machi::net {

/// The bytes that have arrived and are not parsed yet.
class ReadBuffer {
 public:
  [[nodiscard]] std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  void commit(std::size_t count) { end_ += count; }

  /// Room for the next read; `wanted` bytes in all when nothing waits.
  asio::mutable_buffer prepare(std::size_t wanted) {
    if (empty() && capacity_ != wanted) {
      resize(wanted);
    } else if (begin_ > 0) {
      std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
      end_ -= std::exchange(begin_, 0);
    }
    if (end_ == capacity_) resize(capacity_ * 2);  // only a head that is not complete; the parser bounds it
    return asio::buffer(data_.get() + end_, capacity_ - end_);
  }

 private:
  void resize(std::size_t capacity) {
    auto fresh = std::make_unique_for_overwrite<char[]>(capacity);
    if (!empty()) std::memcpy(fresh.get(), data_.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    data_ = std::move(fresh);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace machi::net
