#include "broker/subscription/notification_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace machi::broker {
namespace {

constexpr std::array<std::string_view, 12> kNotCustom = {"fiware-correlator",
                                                         "ngsiv2-attrsformat",
                                                         "content-length",
                                                         "transfer-encoding",
                                                         "connection",
                                                         "keep-alive",
                                                         "expect",
                                                         "upgrade",
                                                         "te",
                                                         "trailer",
                                                         "host",
                                                         "proxy-connection"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

// RFC 9110 §5.6.2
bool is_token(std::string_view name) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || kSigns.find(c) != kSigns.npos;
  });
}

bool is_field_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= ' ' && byte != 0x7F);
  });
}

}  // namespace

std::vector<std::pair<std::string, std::string>>::iterator NotificationHeaders::find(std::string_view name) {
  return std::ranges::find_if(headers_, [&](const auto& header) { return is_same_name(header.first, name); });
}

void NotificationHeaders::set(std::string name, std::string value) {
  headers_.emplace_back(std::move(name), std::move(value));
}

Result<> NotificationHeaders::set_custom(std::string_view name, std::string value) {
  const auto is_name = [&](std::string_view other) { return is_same_name(name, other); };
  if (std::ranges::any_of(kNotCustom, is_name)) return {};
  if (!is_token(name) || !is_field_value(value)) {
    return fail(ErrorCode::bad_request, fmt::format("header '{}' cannot be sent", name));
  }
  const auto it = find(name);
  if (value.empty()) {
    if (it != headers_.end()) headers_.erase(it);
  } else if (it != headers_.end()) {
    it->second = std::move(value);
  } else {
    headers_.emplace_back(name, std::move(value));
  }
  return {};
}

}  // namespace machi::broker
