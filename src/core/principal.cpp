#include "core/principal.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

namespace machi::core {
namespace {

// The version and entry points of the APIs, and the files of the status page.
constexpr std::array<std::string_view, 2> kPublicPermissions = {"broker.information.read", "web.read"};

}  // namespace

const Principal& Principal::anonymous() {
  static const Principal principal{Kind::anonymous, "anonymous"};
  return principal;
}

const Principal& Principal::local_operator() {
  static const Principal principal{Kind::local_operator, "operator"};
  return principal;
}

const Principal& Principal::nobody() {
  static const Principal principal{Kind::nobody, "nobody"};
  return principal;
}

bool is_public(const net::Permission& permission) {
  return std::ranges::find(kPublicPermissions, permission.name) != kPublicPermissions.end();
}

Result<> may_listen(AuthMode mode, std::string_view address) {
  if (mode == AuthMode::none) return {};
  boost::system::error_code error;
  const auto parsed = asio::ip::make_address(std::string(address), error);
  if (error) return fail(ErrorCode::bad_request, "not an IP address: " + std::string(address), "server.address");
  if (parsed.is_loopback()) return {};
  return fail(ErrorCode::forbidden,
              "without sign-in Machi listens on the loopback address only; set auth.mode = \"none\" to open it to "
              "everyone who reaches " +
                  std::string(address),
              "auth.mode");
}

Result<> authorize(const Principal& principal, const net::Route& route) {
  if (route.data_class == net::DataClass::personal) {
    return fail(ErrorCode::forbidden, "personal data is not served without consent");
  }
  if (principal.kind == Principal::Kind::nobody && !is_public(route.permission)) {
    return fail(ErrorCode::forbidden, "you are not allowed to do this");
  }
  const bool operators_only = route.permission.name.starts_with("operations.") && route.method != net::Method::get;
  if (operators_only && principal.kind == Principal::Kind::anonymous &&
      route.limit_class != net::LimitClass::operations) {
    return fail(ErrorCode::forbidden, "only the operator may do this");
  }
  return {};
}

}  // namespace machi::core
