#include "ingest/row_claims.h"

#include <fmt/format.h>

namespace machi::ingest {
namespace {

std::size_t content_hash(const broker::EntityChange& change) {
  std::string all = change.id;
  for (const auto& attribute : change.attributes) {
    all += attribute.name;
    all += '\x1F';
    all += attribute.value.value_or("");
    all += '\x1E';
  }
  return std::hash<std::string>{}(all);
}

}  // namespace

std::optional<Finding> RowClaims::claim(std::uint64_t row, MappedRow& mapped) {
  broker::EntityChange& change = *mapped.change;
  const auto [said, is_new] = said_.try_emplace(content_hash(change), row);
  if (!is_new) {
    mapped.change.reset();
    return Finding{MessageCode::row_repeated, {}, {}, {}, fmt::format("{}", said->second)};
  }
  Claim& claim = claims_.try_emplace(change.id, Claim{row}).first->second;
  if (++claim.rows == 1) return {};
  if (mapped.keyed) {
    const std::string id = change.id;
    mapped.change.reset();
    return Finding{MessageCode::row_key_repeated, {}, id, {}, fmt::format("{}", claim.row)};
  }
  change.id += fmt::format("-{}", claim.rows);
  return {};
}

}  // namespace machi::ingest
