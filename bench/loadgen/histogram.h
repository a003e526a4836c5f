#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// Counts times in microseconds with a relative error below 1 %: 64 steps in each power of two.
class Histogram {
 public:
  Histogram();
  void record(std::int64_t microseconds);
  void add(const Histogram& other);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// The time below which this share (0…1) of the records lies; 0 when there are none.
  [[nodiscard]] std::int64_t quantile(double share) const;
  /// `{"count":…,"mean":…,"p50":…,"p90":…,"p95":…,"p99":…,"p999":…,"max":…}`, microseconds.
  [[nodiscard]] std::string json() const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  double sum_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace bench
