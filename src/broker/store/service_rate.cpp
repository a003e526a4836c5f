#include "broker/store/service_rate.h"

namespace machi::broker {
namespace {

constexpr std::chrono::milliseconds kWindow{100};

}  // namespace

void ServiceRate::done(std::size_t count, Clock::time_point present) {
  if (!since_) {
    since_ = present;  // when the first of them began is not known
    return;
  }
  count_ += static_cast<double>(count);
  const std::chrono::duration<double> passed = present - *since_;
  if (passed < kWindow) return;
  const double measured = count_ / passed.count();
  per_second_ = per_second_ == 0 ? measured : (per_second_ + measured) / 2;
  since_ = present;
  count_ = 0;
}

void ServiceRate::idle() {
  since_.reset();
  count_ = 0;
  per_second_ = 0;
}

std::optional<std::chrono::duration<double>> ServiceRate::time_for(std::size_t waiting) const {
  if (per_second_ == 0) return {};
  return std::chrono::duration<double>(static_cast<double>(waiting) / per_second_);
}

}  // namespace machi::broker
