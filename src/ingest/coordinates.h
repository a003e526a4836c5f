#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/message.h"

namespace machi::ingest {

/// A place in degrees (JGD2011, which agrees with WGS 84 within centimetres).
struct Position {
  double latitude = 0;
  double longitude = 0;
  std::optional<MessageCode> repair{};

  /// GeoJSON Point.
  [[nodiscard]] std::string to_geojson() const;
};

/// Reads a pair of cells. Swapped columns are proved by Japan's extent, where no latitude can be a longitude; degrees,
/// minutes and seconds are turned into degrees. No position when both are blank. Failures: coordinates_incomplete,
/// coordinates_placeholder (0, 999), coordinates_unreadable, coordinates_outside.
[[nodiscard]] std::expected<std::optional<Position>, MessageCode> read_position(std::string_view latitude,
                                                                                std::string_view longitude);

}  // namespace machi::ingest
