#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace machi::core {

/// A number that only grows. Thread-safe, relaxed.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Times in seconds in fixed buckets from 100 µs to 10 s. Thread-safe, relaxed.
class Histogram {
 public:
  static constexpr std::array<double, 11> kBounds{0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};
  void observe(std::int64_t microseconds);
  void write(std::string& out, std::string_view name, std::string_view labels) const;

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> microseconds_{0};
};

/// All metrics of a process in Prometheus' text format (version 0.0.4). Series are made once, when a part is built; the
/// references stay valid as long as the registry.
class Metrics {
 public:
  /// `labels` as they appear in the text: `operation="listEntities",status="200"`.
  Counter& counter(std::string_view name, std::string_view help, std::string labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::string labels = {});
  /// A value asked for when the metrics are read, on the reader's thread.
  void gauge(std::string_view name, std::string_view help, std::function<double()> read, std::string labels = {});

  [[nodiscard]] std::string text() const;

 private:
  struct Series {
    std::string labels;
    Counter* counter = nullptr;
    Histogram* histogram = nullptr;
    std::function<double()> gauge{};
  };
  struct Family {
    std::string name, help, type;
    std::vector<Series> series;
  };
  Family& family(std::string_view name, std::string_view help, std::string_view type);

  mutable std::mutex mutex_;
  std::vector<Family> families_;
  std::deque<Counter> counters_;
  std::deque<Histogram> histograms_;
};

}  // namespace machi::core
