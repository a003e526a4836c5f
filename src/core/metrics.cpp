#include "core/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace machi::core {

void Histogram::observe(std::int64_t microseconds) {
  const double seconds = static_cast<double>(microseconds) / 1e6;
  const auto bucket = std::ranges::lower_bound(kBounds, seconds) - kBounds.begin();
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  microseconds_.fetch_add(static_cast<std::uint64_t>(microseconds), std::memory_order_relaxed);
}

void Histogram::write(std::string& out, std::string_view name, std::string_view labels) const {
  const std::string_view comma = labels.empty() ? "" : ",";
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    count += buckets_[i].load(std::memory_order_relaxed);
    const std::string bound = i < kBounds.size() ? fmt::format("{}", kBounds[i]) : "+Inf";
    fmt::format_to(std::back_inserter(out), "{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, bound, count);
  }
  const std::string braces = labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
  fmt::format_to(std::back_inserter(out), "{}_sum{} {}\n", name, braces,
                 static_cast<double>(microseconds_.load(std::memory_order_relaxed)) / 1e6);
  fmt::format_to(std::back_inserter(out), "{}_count{} {}\n", name, braces, count);
}

Metrics::Family& Metrics::family(std::string_view name, std::string_view help, std::string_view type) {
  const auto it = std::ranges::find(families_, name, &Family::name);
  if (it != families_.end()) return *it;
  return families_.emplace_back(Family{std::string(name), std::string(help), std::string(type), {}});
}

Counter& Metrics::counter(std::string_view name, std::string_view help, std::string labels) {
  const std::scoped_lock lock(mutex_);
  Family& f = family(name, help, "counter");
  const auto it = std::ranges::find(f.series, labels, &Series::labels);
  if (it != f.series.end()) return *it->counter;
  Counter& counter = counters_.emplace_back();
  f.series.push_back({std::move(labels), &counter, nullptr, {}});
  return counter;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::string labels) {
  const std::scoped_lock lock(mutex_);
  Family& f = family(name, help, "histogram");
  const auto it = std::ranges::find(f.series, labels, &Series::labels);
  if (it != f.series.end()) return *it->histogram;
  Histogram& histogram = histograms_.emplace_back();
  f.series.push_back({std::move(labels), nullptr, &histogram, {}});
  return histogram;
}

void Metrics::gauge(std::string_view name, std::string_view help, std::function<double()> read, std::string labels) {
  const std::scoped_lock lock(mutex_);
  family(name, help, "gauge").series.push_back({std::move(labels), nullptr, nullptr, std::move(read)});
}

std::string Metrics::text() const {
  const std::scoped_lock lock(mutex_);
  std::string out;
  for (const Family& f : families_) {
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", f.name, f.help, f.name, f.type);
    for (const Series& s : f.series) {
      if (s.histogram != nullptr) {
        s.histogram->write(out, f.name, s.labels);
        continue;
      }
      const std::string braces = s.labels.empty() ? std::string() : fmt::format("{{{}}}", s.labels);
      if (s.counter != nullptr) {
        fmt::format_to(std::back_inserter(out), "{}{} {}\n", f.name, braces, s.counter->value());
      } else {
        fmt::format_to(std::back_inserter(out), "{}{} {}\n", f.name, braces, s.gauge());
      }
    }
  }
  return out;
}

}  // namespace machi::core
