#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/model/entity.h"
#include "broker/registration/forward_plan.h"
#include "net/client.h"

namespace machi::broker {

/// What a provider has answered to a question. Creation and modification times of the entities stay zero: they are not
/// ours to tell.
struct ProvidedEntities {
  std::vector<Entity> entities{};
  std::int64_t total = 0;   ///< Fiware-Total-Count, else their number
  std::int64_t offset = 0;  ///< how many of them the question left out in front
};

/// Reads a provider's answer: NGSIv2 entities in normalized form, or NGSIv1 contextResponses. An answer that says "not
/// found" holds nothing and is no error. Error: bad_gateway, with what is wrong about it.
[[nodiscard]] Result<ProvidedEntities> read_query_answer(const net::ClientResponse& response, bool legacy);

/// What a provider has not taken of an update: for each entity the names of the attributes, empty when it took all.
struct Untaken {
  std::string id{}, type{};
  std::vector<std::string> attributes{};
};

/// NGSIv2 tells by its status alone, so that a partial failure counts for all attributes of the request; NGSIv1 tells
/// entity by entity. Error: bad_gateway when the answer says neither.
[[nodiscard]] Result<std::vector<Untaken>> read_update_answer(const net::ClientResponse& response,
                                                              const UpdateForward& forward);

/// All attributes of the forward, as untaken.
[[nodiscard]] std::vector<Untaken> all_untaken(const UpdateForward& forward);

}  // namespace machi::broker
