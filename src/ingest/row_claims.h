#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "ingest/message.h"
#include "ingest/row_mapper.h"

namespace machi::ingest {

/// Which row of the file took which entity id, so that no row overwrites another.
class RowClaims {
 public:
  /// Claims the id of a mapped row. Rows without an id of their own that share their natural key but differ otherwise
  /// are numbered in the order of the file (`…-2`). A row that says the same as an earlier one, or has its own id
  /// twice, is refused: its change is dropped and the reason given.
  [[nodiscard]] std::optional<Finding> claim(std::uint64_t row, MappedRow& mapped);

 private:
  struct Claim {
    std::uint64_t row = 0;   ///< the first
    std::uint64_t rows = 0;  ///< how many share the id
  };
  std::unordered_map<std::string, Claim> claims_;
  std::unordered_map<std::size_t, std::uint64_t> said_;  ///< hash of id and content, and the row that said it first
};

}  // namespace machi::ingest
