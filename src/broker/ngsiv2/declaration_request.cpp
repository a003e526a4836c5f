#include "broker/ngsiv2/declaration_request.h"

#include <algorithm>

#include "broker/ngsiv2/errors.h"
#include "core/principal.h"

namespace machi::broker::ngsiv2 {

Result<std::string> declaration_id(const Call& call, std::string_view what) {
  constexpr std::size_t kDigits = 24;
  const std::string prefix = "Invalid " + std::string(what) + " ID: ";
  std::string id = call.request->path_parameters.at(0);
  if (id.size() != kDigits) return errors::bad_request(prefix + "bad length - 24 chars expected");
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  if (std::ranges::all_of(id, is_hex)) return id;
  if (what == "registration") return errors::unknown_registration();
  return errors::bad_request(prefix + "invalid char in ID string");
}

Result<std::string> declared_path(const Context& context, std::string_view otherwise) {
  const auto& paths = context.preamble.service_paths;
  if (paths.size() > 1) return errors::bad_request("max one service-path allowed for subscriptions");
  return paths.empty() ? std::string(otherwise) : paths.front();
}

bool is_elsewhere(const Context& context, std::string_view declared) {
  const auto& paths = context.preamble.service_paths;
  return !paths.empty() && paths.front() != "/#" && paths.front() != declared;
}

Actor actor_of(const Call& call) {
  const core::Principal* principal = call.request->principal;
  return {principal != nullptr ? principal->subject : std::string(), call.request->correlator};
}

}  // namespace machi::broker::ngsiv2
