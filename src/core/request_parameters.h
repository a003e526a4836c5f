#pragma once
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"
#include "net/http.h"

namespace machi::core {

/// The query parameters of a request to one of our own APIs; what is not listed is refused.
class RequestParameters {
 public:
  /// Errors: bad_request, naming the parameter that is unknown or stands twice.
  [[nodiscard]] static Result<RequestParameters> read(const net::Request& request,
                                                      std::initializer_list<std::string_view> known);
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  /// Errors: bad_request when it is no whole number within both ends.
  [[nodiscard]] Result<std::int64_t> integer(std::string_view name, std::int64_t otherwise, std::int64_t least,
                                             std::int64_t most) const;
  [[nodiscard]] Result<std::optional<Timestamp>> time(std::string_view name) const;
  /// `true` or `false`; false when it is not there.
  [[nodiscard]] Result<bool> flag(std::string_view name) const;

 private:
  std::vector<net::QueryParameter> parameters_;
};

}  // namespace machi::core
