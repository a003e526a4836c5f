#include "ingest/coordinates.h"

#include <re2/re2.h>

#include <charconv>
#include <cmath>

#include "base/japanese_text.h"
#include "base/json_writer.h"

namespace machi::ingest {
namespace {

// Japan with its outermost islands (Okinotorishima 20.4 N, Minamitorishima 154.0 E, Yonaguni 122.9 E, Etorofu 45.6 N).
constexpr double kSouth = 20;
constexpr double kNorth = 46;
constexpr double kWest = 122;
constexpr double kEast = 154.5;

bool is_latitude(double v) {
  return v >= kSouth && v <= kNorth;
}
bool is_longitude(double v) {
  return v >= kWest && v <= kEast;
}
bool is_placeholder(double v) {
  return v == 0 || std::abs(v) >= 999;
}

struct Degrees {
  double value = 0;
  bool from_parts = false;
};

std::optional<Degrees> read_degrees(std::string_view text) {
  const std::string cleaned(trim_blanks(narrow_ascii(text)));
  static const RE2 decimal(R"([+-]?\d+(\.\d+)?)");
  if (RE2::FullMatch(cleaned, decimal)) {
    Degrees out;
    const char* begin = cleaned.data() + (cleaned.front() == '+' ? 1 : 0);
    const auto [end, error] = std::from_chars(begin, cleaned.data() + cleaned.size(), out.value);
    if (error == std::errc()) return out;
    return {};
  }
  static const RE2 parts(
      R"((?:北緯|東経|N|E)? ?(\d{1,3}) ?(?:度|°) ?(\d{1,2}) ?(?:分|′|') ?(\d{1,2}(?:\.\d+)?) ?(?:秒|″|"|'')?)");
  int degrees = 0;
  int minutes = 0;
  double seconds = 0;
  if (!RE2::FullMatch(cleaned, parts, &degrees, &minutes, &seconds) || minutes > 59 || seconds >= 60) return {};
  // Seven decimals are a centimetre; more would pretend a precision that the seconds do not have.
  return Degrees{std::round((degrees + minutes / 60.0 + seconds / 3600.0) * 1e7) / 1e7, true};
}

}  // namespace

std::string Position::to_geojson() const {
  std::string out = R"({"type":"Point","coordinates":[)";
  JsonWriter::append_number(out, longitude);
  out += ',';
  JsonWriter::append_number(out, latitude);
  return out += "]}";
}

std::expected<std::optional<Position>, MessageCode> read_position(std::string_view latitude,
                                                                  std::string_view longitude) {
  const bool no_latitude = trim_blanks(latitude).empty();
  const bool no_longitude = trim_blanks(longitude).empty();
  if (no_latitude && no_longitude) return std::optional<Position>{};
  if (no_latitude || no_longitude) return std::unexpected(MessageCode::coordinates_incomplete);
  const auto first = read_degrees(latitude);
  const auto second = read_degrees(longitude);
  if (!first || !second) return std::unexpected(MessageCode::coordinates_unreadable);
  if (is_placeholder(first->value) || is_placeholder(second->value)) {
    return std::unexpected(MessageCode::coordinates_placeholder);
  }
  Position out{first->value, second->value};
  if (first->from_parts || second->from_parts) out.repair = MessageCode::coordinates_from_degrees;
  if (is_latitude(out.longitude) && is_longitude(out.latitude)) {
    std::swap(out.latitude, out.longitude);
    out.repair = MessageCode::coordinates_swapped;
  }
  if (!is_latitude(out.latitude) || !is_longitude(out.longitude))
    return std::unexpected(MessageCode::coordinates_outside);
  return out;
}

}  // namespace machi::ingest
