#pragma once
#include <optional>
#include <string>
#include <vector>

#include "broker/ngsiv2/handling.h"
#include "broker/query/tree.h"
#include "broker/registration/forwarder.h"

// Where context providers come in: questions that they complete, updates that they take. Only when a registration of
// the tenant concerns the request; all others pay one look at a list in memory.
namespace machi::broker::ngsiv2 {

/// The page with what providers add; nothing when no registration is concerned (or options=skipForwarding).
[[nodiscard]] Task<Result<std::optional<LocalEntities>>> complete_page(Call call, Context context, query::Query query,
                                                                       std::vector<std::string> attributes);

/// The one entity of this id with what providers add; nothing when no registration is concerned. `local`: what was
/// found here, if anything. Errors: not_found, too_many_results.
[[nodiscard]] Task<Result<std::optional<StoredEntity>>> complete_entity(Call call, Context context, std::string id,
                                                                        std::optional<StoredEntity> local);

/// An entity that comes from no row, as if it did.
[[nodiscard]] StoredEntity stored_of(Entity entity);

/// Whether an update may have to be forwarded: then its changes must be kept until it is known how they ended here.
[[nodiscard]] Task<bool> may_forward(Call call, Context context, ChangeAction action);

struct ForwardedUpdate {
  bool concerned = false;        ///< false: no provider takes anything of it, it ends as it ended here
  std::optional<Error> error{};  ///< how it ends otherwise; nothing: all is done
};
/// Hands what updates did not find here to providers.
[[nodiscard]] Task<ForwardedUpdate> forward_updates(Call call, Context context, std::vector<EntityChange> refused);

}  // namespace machi::broker::ngsiv2
