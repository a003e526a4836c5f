#include "loadgen/histogram.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace bench {
namespace {

constexpr int kStepBits = 6;
constexpr std::size_t kSteps = 1U << kStepBits;

std::size_t bucket_of(std::uint64_t value) {
  if (value < kSteps) return value;
  const int shift = std::bit_width(value) - kStepBits - 1;
  return (static_cast<std::size_t>(shift) + 1) * kSteps + (value >> shift) - kSteps;
}

/// The middle of a bucket.
std::int64_t value_of(std::size_t bucket) {
  if (bucket < kSteps) return static_cast<std::int64_t>(bucket);
  const std::size_t shift = bucket / kSteps - 1;
  const std::uint64_t low = (bucket % kSteps + kSteps) << shift;
  return static_cast<std::int64_t>(low + ((1ULL << shift) >> 1));
}

}  // namespace

Histogram::Histogram() : buckets_(kSteps * 60) {}

void Histogram::record(std::int64_t microseconds) {
  const std::int64_t value = std::max<std::int64_t>(microseconds, 0);
  ++buckets_[std::min(bucket_of(static_cast<std::uint64_t>(value)), buckets_.size() - 1)];
  ++count_;
  sum_ += static_cast<double>(value);
  max_ = std::max(max_, value);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

std::int64_t Histogram::quantile(double share) const {
  if (count_ == 0) return 0;
  if (share >= 1) return max_;
  const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= std::max<std::uint64_t>(rank, 1)) return std::min(value_of(i), max_);
  }
  return max_;
}

std::string Histogram::json() const {
  const double mean = count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
  return fmt::format(R"({{"count":{},"mean":{:.1f},"p50":{},"p90":{},"p95":{},"p99":{},"p999":{},"max":{}}})", count_,
                     mean, quantile(0.5), quantile(0.9), quantile(0.95), quantile(0.99), quantile(0.999), max_);
}

}  // namespace bench
