#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/task.h"
#include "broker/ngsiv2/entity_body.h"
#include "broker/ngsiv2/preconditions.h"
#include "broker/ngsiv2/render.h"
#include "broker/services.h"
#include "broker/usage.h"
#include "net/http.h"
#include "net/router.h"

// What every operation of the face shares: from the request to its checked context, and back to an answer.
namespace machi::broker::ngsiv2 {

/// What is the same for all requests.
struct Settings {
  std::string version{};  ///< Machi's own, for /version
  Timestamp started{};    ///< of the process
  /// Told of every answer of the server by the composition. Never nullptr.
  std::shared_ptr<Usage> usage = std::make_shared<Usage>();
  bool statistics_counters = false;  ///< whether /statistics counts requests by path
  bool metrics = true;               ///< whether /admin/metrics tells who uses the broker how much
  bool mqtt_failure_reason = true;   ///< whether MQTT subscriptions tell lastFailureReason, which Orion does not
};

/// One request on its way. The request lives until the handler's task ends; the rest lives longer.
struct Call {
  const Services* services = nullptr;
  const Settings* settings = nullptr;
  net::Request* request = nullptr;
};

/// What headers, parameters and tenant say. Handed through an operation by value.
struct Context {
  std::string service{};           ///< tenant's name
  std::optional<Tenant> tenant{};  ///< absent: nothing has been written to it yet
  Rules rules{};
  Preamble preamble{};

  [[nodiscard]] const Parameters& parameters() const { return preamble.parameters; }
  [[nodiscard]] bool has(Option option) const { return preamble.parameters.has(option); }
  [[nodiscard]] ScopeFilter scope() const { return {preamble.service_paths}; }
};

/// Carries out an operation. Errors are rendered by the caller.
using Operation = Task<Result<net::Response>> (*)(Call call, Context context);

/// What an operation is about: the data of a tenant, or the program itself (then no tenant is looked up).
enum class Reach : std::uint8_t { tenant, program };

/// The handler of a route: checks the request, runs the operation, renders what went wrong.
[[nodiscard]] net::Handler handler(const Services& services, std::shared_ptr<const Settings> settings,
                                   Operation operation, Reach reach);

/// The path parameter at `index`, which must be what identifiers may be. `empty` is the error when there is nothing.
[[nodiscard]] Result<std::string> identifier_in_path(const Call& call, std::size_t index, std::string_view what,
                                                     Rules rules);
[[nodiscard]] Result<std::string> entity_id(const Call& call, const Context& context);
[[nodiscard]] Result<std::string> attribute_name(const Call& call, const Context& context);

/// The body must be JSON. Errors: unsupported_media_type.
[[nodiscard]] Result<> require_json(const Context& context);
[[nodiscard]] BodyForm body_form(const Context& context);
/// How entities are to be shown by `options`, `attrs` and `metadata`.
[[nodiscard]] RenderOptions render_options(const Parameters& parameters);

/// Puts what the request says about writing into a change: tenant (made if need be), service path, options, correlator,
/// principal. `tenant` is the context's own afterwards.
struct WriteScope {
  TenantId tenant{};
  std::string service_path{};
};
[[nodiscard]] Task<Result<WriteScope>> open_for_writing(Call call, Context context);
void stamp(EntityChange& change, const WriteScope& scope, const Call& call, const Context& context);

/// Applies one change. Errors: those of the store, and partial_update when a part was refused.
[[nodiscard]] Task<Result<ChangeOutcome>> write(Call call, Context context, EntityChange change);

/// The one entity that id, `type` and service path name. Errors: not_found, too_many_results.
[[nodiscard]] Task<Result<StoredEntity>> find_one(Call call, Context context, std::string id);

/// Whether an update was refused because what it is about is not here.
[[nodiscard]] bool is_unmet(const Error& error);

[[nodiscard]] EntityRow row_of(const StoredEntity& entity);

}  // namespace machi::broker::ngsiv2
