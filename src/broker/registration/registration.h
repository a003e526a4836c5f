#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"
#include "broker/model/entity.h"
#include "broker/ngsiv2/names.h"

namespace machi::broker {

/// Which requests a provider takes.
enum class ForwardingMode : std::uint8_t { all, query, update, none };
[[nodiscard]] std::string_view name_of(ForwardingMode mode);

/// Entities that a provider has: one id, or any (`idPattern` `.*`, the only one there is).
struct ProvidedEntity {
  std::string id{};    ///< empty: any
  std::string type{};  ///< empty: any
  bool operator==(const ProvidedEntity&) const = default;
};

struct ForwardingInformation {
  std::int64_t times_sent = 0;
  std::optional<Timestamp> last_forwarding{};
  std::optional<Timestamp> last_success{};
  std::optional<Timestamp> last_failure{};
  bool operator==(const ForwardingInformation&) const = default;
};

/// A context registration of NGSIv2: who provides which entities and attributes.
struct Registration {
  std::string id{};  ///< 24 hexadecimal digits that grow with time: registrations sorted by id are sorted by age
  TenantId tenant{};
  std::string service_path = "/";
  std::string owner{};  ///< subject of the principal that made it
  std::string description{};
  std::vector<ProvidedEntity> entities{};
  std::vector<std::string> attributes{};  ///< empty: all
  std::string url{};                      ///< of the provider, without `/op/query`
  ForwardingMode mode = ForwardingMode::all;
  bool legacy_forwarding = false;  ///< NGSIv1 towards the provider
  std::optional<Timestamp> expires{};
  bool active = true;  ///< `status` as its owner set it
  ForwardingInformation forwarding{};

  [[nodiscard]] bool is_expired(Timestamp now) const { return expires && *expires <= now; }
  [[nodiscard]] bool is_usable(Timestamp now) const { return active && !is_expired(now); }
  [[nodiscard]] bool takes_queries() const { return mode == ForwardingMode::all || mode == ForwardingMode::query; }
  [[nodiscard]] bool takes_updates() const { return mode == ForwardingMode::all || mode == ForwardingMode::update; }
};

/// The body of `POST /v2/registrations`. Id, tenant, service path and owner are the caller's to set. Errors:
/// bad_request and not_implemented, with the sentences that clients know.
[[nodiscard]] Result<Registration> parse_registration(std::string_view body, ngsiv2::Rules rules);

/// The body of `PATCH /v2/registrations/{id}`: the fields of creation, each optional and replaced as a whole; an empty
/// `expires` makes it permanent, an empty `description` removes it. Errors: as parse_registration.
[[nodiscard]] Result<Registration> patch_registration(Registration current, std::string_view body, ngsiv2::Rules rules);

/// Appends the registration as clients read it. `status` is `expired` once it is; `forwardingInformation` is there once
/// something has been forwarded.
void render_registration(const Registration& registration, Timestamp now, std::string& out);

/// What its row keeps besides the columns (id, tenant, service path, owner, counts): the body that would make it again.
[[nodiscard]] std::string to_definition(const Registration& registration);
/// Reads back what to_definition wrote. Error: internal.
[[nodiscard]] Result<Registration> from_definition(std::string_view definition);

}  // namespace machi::broker
