#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/router.h"

namespace machi::core {

/// Who acts. Until identity exists requests have one of two: anyone who reaches the address that Machi listens on, and
/// the operator at the command line. The third has no right at all; it is what rights are measured against.
struct Principal {
  enum class Kind : std::uint8_t { anonymous, local_operator, nobody };
  Kind kind = Kind::anonymous;
  std::string subject =
      "anonymous";  ///< stored as owner of subscriptions, registrations and jobs, and in audit records

  [[nodiscard]] static const Principal& anonymous();
  [[nodiscard]] static const Principal& local_operator();
  [[nodiscard]] static const Principal& nobody();
};

/// How requests are authenticated.
enum class AuthMode : std::uint8_t {
  loopback,  ///< everyone who reaches the loopback address; other addresses cannot be bound
  none,      ///< everyone who reaches any address: the operator has decided so, and each start logs it
};

/// Whether Machi may listen on this address. Errors: forbidden, naming the setting that allows it.
[[nodiscard]] Result<> may_listen(AuthMode mode, std::string_view address);

/// Whether everyone has this permission, whoever it is: what it opens says nothing about a city's data.
[[nodiscard]] bool is_public(const net::Permission& permission);

/// The one decision that every route passes. Data of class personal is refused: no door to it exists yet.
/// Errors: forbidden.
[[nodiscard]] Result<> authorize(const Principal& principal, const net::Route& route);

}  // namespace machi::core
