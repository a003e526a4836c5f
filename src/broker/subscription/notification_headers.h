#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace machi::broker {

/// The headers of a notification in the order in which they are sent, names compared without case.
class NotificationHeaders {
 public:
  void set(std::string name, std::string value);
  /// A header of `httpCustom.headers`: takes the place of the broker's own; an empty value removes it.
  /// Fiware-Correlator and Ngsiv2-AttrsFormat stay as they are, and those that frame the message or belong to the
  /// connection are the client's. Error: bad_request when it is no header (RFC 9110 §5).
  [[nodiscard]] Result<> set_custom(std::string_view name, std::string value);

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> take() && { return std::move(headers_); }

 private:
  [[nodiscard]] std::vector<std::pair<std::string, std::string>>::iterator find(std::string_view name);
  std::vector<std::pair<std::string, std::string>> headers_{};
};

}  // namespace machi::broker
