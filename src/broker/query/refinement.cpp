#include "broker/query/refinement.h"

namespace machi::broker::query {

Result<Refinement> Refinement::create(Query query) {
  auto matcher = Matcher::create(std::move(query));
  if (!matcher) return fail(matcher.error());
  return Refinement(std::move(*matcher));
}

Query Refinement::next_chunk() const {
  Query chunk = matcher_.query();
  chunk.limit = kChunk;
  chunk.offset = static_cast<int>(seen_);
  return chunk;
}

bool Refinement::admit(const Entity& candidate) {
  if (!matcher_.matches(candidate)) return false;
  ++matched_;
  const Query& query = matcher_.query();
  return matched_ > query.offset && matched_ <= static_cast<std::int64_t>(query.offset) + query.limit;
}

void Refinement::end_chunk(std::size_t rows) {
  seen_ += static_cast<std::int64_t>(rows);
  if (rows < kChunk) at_end_ = true;
}

bool Refinement::is_done() const {
  if (at_end_) return true;
  const Query& query = matcher_.query();
  return !query.count && matched_ >= static_cast<std::int64_t>(query.offset) + query.limit;
}

}  // namespace machi::broker::query
