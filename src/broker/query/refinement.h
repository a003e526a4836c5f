#pragma once
#include <cstdint>

#include "base/result.h"
#include "broker/query/matcher.h"

namespace machi::broker::query {

/// Pages a query that PostgreSQL cannot decide alone (Sql::exact is false): the store asks for candidates chunk by
/// chunk, and RE2 decides about each. Use:
///
///     while (!refinement.is_done()) {
///       if (refinement.is_exhausted()) refuse;
///       rows = select(refinement.next_chunk());
///       for each row: if (refinement.admit(entity)) keep it;
///       refinement.end_chunk(number of rows);
///     }
class Refinement {
 public:
  static constexpr int kChunk = 1000;
  /// Candidates looked at for one request, at most.
  static constexpr int kMaxCandidates = 200'000;

  /// Error: bad_request when the reference geometry is none.
  [[nodiscard]] static Result<Refinement> create(Query query);

  /// The query of the next chunk of candidates, in the same order.
  [[nodiscard]] Query next_chunk() const;
  /// Tells whether the next candidate belongs to the page.
  [[nodiscard]] bool admit(const Entity& candidate);
  void end_chunk(std::size_t rows);

  /// The page is full (and nothing is to be counted), or there are no more candidates.
  [[nodiscard]] bool is_done() const;
  /// So many candidates were looked at that the request is refused as too expensive.
  [[nodiscard]] bool is_exhausted() const { return seen_ >= kMaxCandidates && !at_end_; }
  /// Matching entities so far; all of them once is_done() when the query counts.
  [[nodiscard]] std::int64_t total() const { return matched_; }

 private:
  explicit Refinement(Matcher matcher) : matcher_(std::move(matcher)) {}
  Matcher matcher_;
  std::int64_t seen_ = 0;
  std::int64_t matched_ = 0;
  bool at_end_ = false;
};

}  // namespace machi::broker::query
