#include "net/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <span>
#include <stdexcept>

#include "base/ids.h"
#include "base/json_writer.h"
#include "base/log.h"

namespace machi::net {
namespace {

using Clock = std::chrono::steady_clock;

// The headers that NGSIv2 clients may send and read from another origin.
constexpr std::string_view kCorsRequestHeaders =
    "Content-Type, Fiware-Service, Fiware-Servicepath, Ngsiv2-AttrsFormat, Fiware-Correlator, X-Forwarded-For, "
    "X-Real-IP, X-Auth-Token, Authorization";
constexpr std::string_view kCorsResponseHeaders = "Fiware-Correlator, Fiware-Total-Count, Location";

/// The next segment of `path` (which starts with a slash); takes it off.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

/// One slash at the end names the same resource.
std::string_view without_last_slash(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

/// The raw values of a path's parameters: as many as any route has, without an allocation.
class RawParameters {
 public:
  static constexpr std::size_t kMost = 8;
  void add(std::string_view value) { values_[count_++] = value; }
  void drop() { --count_; }
  [[nodiscard]] std::span<const std::string_view> all() const { return {values_.data(), count_}; }

 private:
  std::array<std::string_view, kMost> values_;
  std::size_t count_ = 0;
};

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

bool is_below(std::string_view path, std::string_view prefix) {
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '/';
}

/// The value of Access-Control-Allow-Origin for this request; empty when the origin is not allowed.
std::string_view allowed_origin(const RouteGroup* group, const Request& request) {
  if (group == nullptr || !group->cors) return {};
  const std::string_view origin = request.headers.get("Origin");
  if (origin.empty()) return {};
  if (group->cors->allowed_origin == "__ALL") return "*";
  return equals_without_case(origin, group->cors->allowed_origin) ? std::string_view(group->cors->allowed_origin)
                                                                  : std::string_view{};
}

std::int64_t microseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
}

}  // namespace

/// What stands at one path: its routes, and the segments below.
struct Router::Node {
  std::vector<std::pair<std::string_view, std::unique_ptr<Node>>> literals;
  std::unique_ptr<Node> parameter;
  std::vector<const Route*> routes;  // of this path, as declared
  const RouteGroup* group = nullptr;

  Node& child(std::string_view segment) {
    if (is_parameter(segment)) {
      if (!parameter) parameter = std::make_unique<Node>();
      return *parameter;
    }
    for (auto& [name, node] : literals) {
      if (name == segment) return *node;
    }
    return *literals.emplace_back(segment, std::make_unique<Node>()).second;
  }

  [[nodiscard]] const Node* literal(std::string_view segment) const {
    for (const auto& [name, node] : literals) {
      if (name == segment) return node.get();
    }
    return nullptr;
  }

  [[nodiscard]] const Route* route(Method method) const {
    for (const Route* route : routes) {
      if (route->method == method) return route;
    }
    return nullptr;
  }

  /// `values` are the raw segments under parameters. A literal is tried first; where it leads nowhere, the parameter.
  [[nodiscard]] const Node* find(std::string_view path, RawParameters& values) const {
    if (path.empty()) return routes.empty() ? nullptr : this;
    std::string_view rest = path;
    const std::string_view segment = take_segment(rest);
    if (const Node* next = literal_decoded(segment)) {
      if (const Node* found = next->find(rest, values)) return found;
    }
    if (!parameter) return nullptr;
    values.add(segment);
    const Node* found = parameter->find(rest, values);
    if (found == nullptr) values.drop();
    return found;
  }

  [[nodiscard]] std::string methods() const {
    std::string out;
    for (const Route* route : routes) {
      if (!out.empty()) out += ", ";
      out += name_of(route->method);
    }
    return out;
  }

  /// As a preflight lists them: reading first.
  [[nodiscard]] std::string preflight_methods() const {
    std::string out;
    if (route(Method::get) != nullptr) out += "GET, ";
    for (const Route* route : routes) {
      if (route->method == Method::get || route->method == Method::options) continue;
      out += name_of(route->method);
      out += ", ";
    }
    return out + "OPTIONS";
  }

 private:
  [[nodiscard]] const Node* literal_decoded(std::string_view segment) const {
    if (!segment.contains('%')) return literal(segment);
    const auto decoded = percent_decode(segment);
    return decoded ? literal(*decoded) : nullptr;
  }
};

struct Router::Match {
  const Node* node = nullptr;  // nullptr: unknown path
  const RouteGroup* group = nullptr;
  Result<> parameters{};  // failed: a parameter cannot be decoded
};

Router::Router(std::vector<RouteGroup> groups, Gate gate, Observer observer)
    : groups_(std::move(groups)),
      gate_(std::move(gate)),
      observer_(std::move(observer)),
      root_(std::make_unique<Node>()) {
  for (const RouteGroup& group : groups_) {
    for (const Route& route : group.routes) {
      Node* node = root_.get();
      std::string_view path = without_last_slash(route.path);
      if (std::ranges::count(path, '{') > std::ptrdiff_t{RawParameters::kMost}) {
        throw std::logic_error(fmt::format("{} has too many parameters", route.path));
      }
      while (!path.empty()) node = &node->child(take_segment(path));
      if (node->route(route.method) != nullptr) {
        throw std::logic_error(fmt::format("two routes for {} {}", name_of(route.method), route.path));
      }
      node->routes.push_back(&route);
      node->group = &group;
    }
  }
}

Router::~Router() = default;

const std::vector<RouteGroup>& Router::groups() const {
  return groups_;
}

const RouteGroup* Router::group_of(std::string_view path) const {
  const RouteGroup* best = nullptr;
  for (const RouteGroup& group : groups_) {
    if (!is_below(path, group.prefix)) continue;
    if (best == nullptr || group.prefix.size() > best->prefix.size()) best = &group;
  }
  return best;
}

Router::Match Router::find(std::string_view path, std::vector<std::string>& parameters) const {
  Match match;
  RawParameters raw;
  if (path.starts_with('/')) match.node = root_->find(without_last_slash(path), raw);
  match.group = match.node != nullptr ? match.node->group : group_of(path);
  parameters.clear();
  for (const std::string_view value : raw.all()) {
    auto decoded = decode_target_part(value);
    if (!decoded) {
      match.parameters = fail(std::move(decoded.error()));
      break;
    }
    parameters.push_back(*std::move(decoded));
  }
  return match;
}

Task<Response> Router::handle(Request& request) const {
  const auto start = Clock::now();
  const std::size_t request_bytes = request.body.size();  // handlers may take the body
  if (request.correlator.empty()) request.correlator = random_uuid();
  const Match match = find(request.path, request.path_parameters);
  const Method method = request.method;
  const Route* route = match.node != nullptr ? match.node->route(method) : nullptr;
  if (route == nullptr && match.node != nullptr && method == Method::head) route = match.node->route(Method::get);

  Response response;
  if (route == nullptr || !match.parameters) {
    response = without_route(match, request);
  } else if (auto passed = gate_ ? gate_(request, *route) : Result<>{}; !passed) {
    response = match.group->render_error(passed.error(), request);
  } else {
    bool failed = false;
    try {
      response = co_await route->handler(request);
    } catch (const std::exception& e) {
      log::error("a handler failed", {{"correlator", request.correlator},
                                      {"operation", route->operation.id},
                                      {"reason", std::string_view(e.what())}});
      failed = true;
    }
    if (failed) {
      response = match.group->render_error({ErrorCode::internal, "an internal error occurred", {}}, request);
    }
  }
  finish(response, request, match.group);
  if (observer_) observer_({request, route, response, request_bytes, microseconds_since(start)});
  co_return response;
}

Response Router::without_route(const Match& match, Request& request) const {
  const ErrorRenderer render = match.group != nullptr ? match.group->render_error : problem_details;
  if (match.node == nullptr) {
    return render(match.group != nullptr ? match.group->unknown_path : RouteGroup{}.unknown_path, request);
  }
  if (!match.parameters) return render(match.parameters.error(), request);
  const bool has_cors = match.group->cors.has_value();
  if (has_cors && request.method == Method::options) {
    Response response = Response::empty(200);
    if (!allowed_origin(match.group, request).empty()) {
      response.headers.add("Access-Control-Allow-Methods", match.node->preflight_methods());
    }
    return response;
  }
  Response response = render({ErrorCode::method_not_allowed, "method not allowed", {}}, request);
  std::string allow = match.node->methods();
  if (has_cors && match.node->route(Method::options) == nullptr) allow += ", OPTIONS";
  // The group may know a fault that goes before the method.
  if (response.status == 405) response.headers.add_first("Allow", std::move(allow));
  return response;
}

void Router::finish(Response& response, const Request& request, const RouteGroup* group) const {
  response.headers.add_first("Fiware-Correlator", request.correlator);
  if ((response.status == 429 || response.status == 503) && !response.headers.has("Retry-After")) {
    response.headers.add("Retry-After", "1");
  }
  const std::string_view origin = allowed_origin(group, request);
  if (origin.empty()) return;
  response.headers.add("Access-Control-Allow-Origin", std::string(origin));
  response.headers.add("Access-Control-Expose-Headers", std::string(kCorsResponseHeaders));
  if (request.method != Method::options) return;
  response.headers.add("Access-Control-Allow-Headers", std::string(kCorsRequestHeaders));
  response.headers.add("Access-Control-Max-Age", std::to_string(group->cors->max_age.count()));
}

Response Router::render_error(const Error& error, const Request& request, int status) const {
  const RouteGroup* group = group_of(request.path);
  Response response = group != nullptr ? group->render_error(error, request) : problem_details(error, request);
  if (status != 0) response.status = status;
  finish(response, request, group);
  if (observer_) observer_({request, nullptr, response, request.body.size(), 0});
  return response;
}

Response problem_details(const Error& error, const Request& request) {
  const ErrorInfo info = error_info(error.code);
  Response response;
  response.status = info.http_status;
  response.headers.add("Content-Type", "application/problem+json");
  JsonWriter json(response.body);
  json.begin_object();
  json.key("type").string(fmt::format("urn:machi:problem:{}", info.problem_type));
  json.key("title").string(reason_phrase(info.http_status));
  json.key("status").integer(info.http_status);
  json.key("detail").string(error.message);
  if (!error.field.empty()) json.key("field").string(error.field);
  if (!request.correlator.empty()) json.key("correlator").string(request.correlator);
  json.end_object();
  return response;
}

}  // namespace machi::net
