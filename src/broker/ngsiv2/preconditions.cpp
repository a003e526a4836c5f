#include "broker/ngsiv2/preconditions.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "broker/ngsiv2/errors.h"

namespace machi::broker::ngsiv2 {
namespace {

constexpr std::size_t kMaxServiceBytes = 50;
constexpr std::size_t kMaxPaths = 10;
constexpr std::size_t kMaxLevels = 10;
constexpr std::size_t kMaxLevelBytes = 50;

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const auto from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

/// The part before the separator, which is taken off together with it.
std::string_view take_until(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return part;
}

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

Result<> check_wildcard(net::Method method) {
  if (method == net::Method::patch) {
    return errors::bad_request("servicepath with wildcard # is not allowed in patch update request");
  }
  if (method == net::Method::delete_) {
    return errors::bad_request("servicepath with wildcard # is not allowed in DELETE operation");
  }
  return {};
}

Result<> check_levels(std::string_view path, net::Method method) {
  std::string_view rest = path.substr(1);
  if (static_cast<std::size_t>(std::ranges::count(rest, '/')) >= kMaxLevels) {
    return errors::bad_request("too many components in ServicePath");
  }
  while (!rest.empty()) {
    const bool is_last = !rest.contains('/');
    const std::string_view level = take_until(rest, '/');
    if (level.size() > kMaxLevelBytes) return errors::bad_request("component-name too long in ServicePath");
    if (level.empty()) return errors::bad_request("empty component in ServicePath");
    if (is_last && level == "#") return check_wildcard(method);
    if (!std::ranges::all_of(level, is_word_character)) {
      return errors::bad_request("a component of ServicePath contains an illegal character");
    }
  }
  return {};
}

Result<> check_path(std::string_view path, std::size_t count, net::Method method) {
  if (path.empty()) return {};
  if (!path.starts_with('/')) {
    return errors::bad_request("Only /absolute/ Service Paths allowed [a service path must begin with /]");
  }
  if (path.starts_with("//")) return errors::bad_request("empty component in ServicePath");
  if (count > 1 && method == net::Method::patch) {
    return errors::bad_request("more than one servicepath in patch update request is not allowed");
  }
  if (count > 1 && method == net::Method::delete_) {
    return errors::bad_request("more than one servicepath is not allowed in DELETE operation");
  }
  return check_levels(path, method);
}

bool is_known_range(std::string_view range) {
  return range == "*/*" || range == "application/*" || range == "application/json" || range == "text/*" ||
         range == "text/plain";
}

/// What follows the range: ` q=0.5`. Empty: 1.
Result<double> read_quality(std::string_view text) {
  text = trim(text);
  if (text.empty()) return 1;
  if (!text.starts_with('q')) return errors::bad_request("q missing in accept header");
  text.remove_prefix(1);
  if (!text.starts_with('=')) return errors::bad_request("missing equal-sign after q in accept header");
  text.remove_prefix(1);
  text = text.substr(0, text.find(';'));
  if (text.empty()) return errors::bad_request("qvalue in accept header is missing");
  text = trim(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return errors::bad_request("qvalue in accept header is not a number");
  }
  return value;
}

std::string_view media_type(const net::Headers& headers) {
  const std::string_view value = headers.get("Content-Type");
  return value.substr(0, value.find(';'));
}

Result<ContentType> read_content_type(const net::Request& request) {
  if (request.body.empty()) return ContentType::none;
  const std::string_view type = trim(media_type(request.headers));
  if (type.empty()) {
    return fail(ErrorCode::unsupported_media_type,
                "Content-Type header not used, default application/octet-stream is not supported");
  }
  if (type == "application/json") return ContentType::json;
  if (type == "text/plain") return ContentType::text;
  return fail(ErrorCode::unsupported_media_type, "not supported content type: " + std::string(type));
}

bool takes_body(net::Method method) {
  return method == net::Method::post || method == net::Method::put || method == net::Method::patch;
}

Result<> check_framing(const net::Request& request) {
  if (takes_body(request.method) && request.body.empty()) {
    return errors::no_length();
  }
  const bool reads = request.method == net::Method::get || request.method == net::Method::delete_;
  if (reads && request.body.empty() && request.headers.has("Content-Type")) {
    return errors::bad_request(
        "Orion accepts no payload for GET/DELETE requests. HTTP header Content-Type is thus forbidden");
  }
  return {};
}

Result<> check_acceptable(const Acceptance& accept, std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  const bool is_value = path.ends_with("/value");
  if (accept.json || (is_value && accept.text)) return {};
  return fail(ErrorCode::not_acceptable, is_value ? "acceptable MIME types: application/json, text/plain"
                                                  : "acceptable MIME types: application/json");
}

/// Identifiers in the path hold what identifiers may hold; the whole path none of the forbidden characters.
Result<> check_path_of_request(const net::Request& request, Rules rules) {
  if (rules.forbid_characters) {
    const auto decoded = net::percent_decode(request.path);
    if (!decoded || has_forbidden_characters(*decoded)) return errors::invalid_uri();
  }
  return {};
}

}  // namespace

Result<std::string> read_service(const net::Headers& headers) {
  std::string service(headers.get("Fiware-Service"));
  if (service.size() > kMaxServiceBytes) {
    return errors::bad_request("bad length - a tenant name can be max 50 characters long");
  }
  if (!std::ranges::all_of(service, is_word_character)) {
    return errors::bad_request(
        "bad character in tenant name - only underscore and alphanumeric characters are allowed");
  }
  std::ranges::transform(service, service.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return service;
}

Result<std::vector<std::string>> read_service_paths(const net::Headers& headers, net::Method method) {
  std::vector<std::string> out;
  std::string_view rest = headers.get("Fiware-ServicePath");
  while (!rest.empty()) {
    std::string_view path = trim(take_until(rest, ','));
    if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    out.emplace_back(path);
  }
  if (out.size() > kMaxPaths) {
    return errors::bad_request("too many service paths - a maximum of ten service paths is allowed");
  }
  for (const std::string& path : out) {
    if (auto ok = check_path(path, out.size(), method); !ok) return fail(std::move(ok.error()));
  }
  std::erase(out, "");
  return out;
}

Result<std::string> path_of_write(const std::vector<std::string>& service_paths) {
  if (service_paths.empty()) return "/";
  if (service_paths.size() > 1) return errors::bad_request("more than one service path in context update request");
  if (service_paths.front().ends_with('#')) return errors::bad_request("Bad Character in Service-Path");
  return service_paths.front();
}

Result<Acceptance> read_accept(const net::Headers& headers) {
  if (!headers.has("Accept")) return Acceptance{.json = true, .text = true};
  std::string_view rest = headers.get("Accept");
  if (rest.empty()) return errors::bad_request("empty accept header");
  Acceptance out;
  double best = -1;
  while (!rest.empty()) {
    std::string_view item = trim(take_until(rest, ','));
    const std::string_view range = take_until(item, ';');
    if (!is_known_range(range)) continue;
    const auto quality = read_quality(item);
    if (!quality) return fail(quality.error());
    const bool is_text = range.starts_with("text/");
    out.json |= !is_text;
    out.text |= is_text || range == "*/*";
    if (*quality > best) {
      best = *quality;
      out.text_first = is_text;
    }
  }
  if (best < 0) return fail(ErrorCode::not_acceptable, "no acceptable mime-type in accept header");
  return out;
}

Result<Preamble> read_preamble(const net::Request& request, Rules rules) {
  if (auto ok = check_path_of_request(request, rules); !ok) return fail(std::move(ok.error()));
  auto paths = read_service_paths(request.headers, request.method);
  if (!paths) return fail(std::move(paths.error()));
  const auto content_type = read_content_type(request);
  if (!content_type) return fail(content_type.error());
  Preamble out{.service_paths = std::move(*paths), .content_type = *content_type};
  const auto query = request.query_parameters();
  if (!query) return errors::bad_request("invalid character in URI parameter");
  auto parameters = read_parameters(*query, rules);
  if (!parameters) return fail(std::move(parameters.error()));
  out.parameters = std::move(*parameters);
  const auto accept = read_accept(request.headers);
  if (!accept) return fail(accept.error());
  out.accept = *accept;
  if (auto ok = check_acceptable(out.accept, request.path); !ok) return fail(std::move(ok.error()));
  if (auto ok = check_framing(request); !ok) return fail(std::move(ok.error()));
  return out;
}

}  // namespace machi::broker::ngsiv2
