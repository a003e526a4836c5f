#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace machi::net {

/// The OpenAPI operationId of a route; a test compares the routes with `api/*.yaml` in both directions.
struct Operation {
  explicit constexpr Operation(std::string_view id) : id(id) {}
  std::string_view id;
};

/// What a principal must be allowed to do, e.g. `broker.entities.read`.
struct Permission {
  explicit constexpr Permission(std::string_view name) : name(name) {}
  std::string_view name;
};

enum class DataClass : std::uint8_t { open, internal, personal };
/// Which limits apply: cheap reads, queries that may scan, writes, batches of writes, operation and health.
enum class LimitClass : std::uint8_t { read, query, write, batch, operations };

using Handler = std::function<Task<Response>(Request&)>;
/// Renders an error in the form of the route's protocol. Must not fail.
using ErrorRenderer = Response (*)(const Error&, const Request&);

/// One route. It has no default for operation, permission, data class and limit class: a route without them does not
/// compile.
struct Route {
  Route(Method m, std::string_view p, Operation o, Permission perm, DataClass d, LimitClass l, Handler h)
      : method(m), path(p), operation(o), permission(perm), data_class(d), limit_class(l), handler(std::move(h)) {}
  Method method;
  std::string_view path;  ///< segments are literal or `{name}`: `/v2/entities/{entityId}/attrs`
  Operation operation;
  Permission permission;
  DataClass data_class;
  LimitClass limit_class;
  Handler handler;
};

/// Cross-origin requests (the Fetch standard). Preflights of a resource list the methods that it has.
struct Cors {
  std::string allowed_origin;  ///< one origin as browsers send it, or `__ALL`
  std::chrono::seconds max_age{86400};
};

/// Routes of one protocol: they share the renderer of errors and what to do when path or method are unknown.
struct RouteGroup {
  std::string_view prefix;  ///< `/v2`; the group with the longest matching prefix answers for unknown paths
  ErrorRenderer render_error;
  std::vector<Route> routes;
  std::optional<Cors> cors{};  ///< without it OPTIONS is answered like any other method
  /// What an unknown path is in this protocol.
  Error unknown_path{ErrorCode::not_found, "there is nothing at this path", "path"};
};

/// Passed by every request before its handler (authorize, limits): the request's principal is set here, or it is
/// refused.
using Gate = std::function<Result<>(Request&, const Route&)>;
/// A request that has been answered, for those who count. The references are valid during the call.
struct Answered {
  const Request& request;
  const Route* route;  ///< nullptr: unknown path or method
  const Response& response;
  std::size_t request_bytes;  ///< of the body
  std::int64_t microseconds;  ///< from the whole request to its answer
};
/// Called on the loop of the connection.
using Observer = std::function<void(const Answered&)>;

/// Finds and runs the route of a request. Immutable once built: shared by all loops.
class Router {
 public:
  /// Throws std::logic_error for two routes of the same method and path.
  Router(std::vector<RouteGroup> groups, Gate gate, Observer observer);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// Never throws: what escapes a handler is logged with the correlator and becomes 500.
  /// Unknown path: 404. Known path, other method: 405 with Allow. HEAD runs GET; the server drops the body.
  /// A segment that is literal in one route and a parameter in another is the literal. One slash at the end of a path
  /// does not count. Every answer carries Fiware-Correlator first; 429 and 503 carry Retry-After.
  [[nodiscard]] Task<Response> handle(Request& request) const;

  [[nodiscard]] const std::vector<RouteGroup>& groups() const;
  /// Renders an error of the HTTP layer itself (framing, limits) as the group of this path would, and tells the
  /// observer. `status`: instead of the error's own (408, 431), 0 for that.
  [[nodiscard]] Response render_error(const Error& error, const Request& request, int status = 0) const;

 private:
  struct Node;
  struct Match;
  [[nodiscard]] Match find(std::string_view path, std::vector<std::string>& parameters) const;
  [[nodiscard]] const RouteGroup* group_of(std::string_view path) const;
  [[nodiscard]] Response without_route(const Match& match, Request& request) const;
  void finish(Response& response, const Request& request, const RouteGroup* group) const;
  std::vector<RouteGroup> groups_;
  Gate gate_;
  Observer observer_;
  std::unique_ptr<Node> root_;
};

/// RFC 9457 problem details: the renderer of our own protocols, and where no group claims a path.
[[nodiscard]] Response problem_details(const Error& error, const Request& request);

}  // namespace machi::net
