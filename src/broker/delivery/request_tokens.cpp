#include "broker/delivery/request_tokens.h"

namespace machi::broker {

void RequestTokens::put(std::string_view correlator, std::string_view token) {
  if (token.empty()) return;
  const auto present = Clock::now();
  const std::scoped_lock lock(mutex_);
  if (tokens_.size() >= kAtMost)
    std::erase_if(tokens_, [&](const auto& entry) { return entry.second.until < present; });
  if (tokens_.size() >= kAtMost) return;
  auto [entry, added] = tokens_.try_emplace(std::string(correlator), Token{std::string(token), present + kKept});
  if (added) return;
  const bool expired = entry->second.until < present;
  if (!expired && entry->second.text != token) entry->second.text.clear();
  if (expired) entry->second.text = token;
  entry->second.until = present + kKept;
}

std::string RequestTokens::find(std::string_view correlator) const {
  const std::scoped_lock lock(mutex_);
  if (tokens_.empty()) return {};
  const auto entry = tokens_.find(std::string(correlator));
  if (entry == tokens_.end() || entry->second.until < Clock::now()) return {};
  return entry->second.text;
}

}  // namespace machi::broker
