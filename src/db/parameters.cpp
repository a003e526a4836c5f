#include <bit>
#include <charconv>
#include <concepts>

#include "db/connection.h"

namespace machi::db {

namespace {

// PostgreSQL counts timestamps from 2000-01-01 (src/include/datatype/timestamp.h).
constexpr std::int64_t kPostgresEpoch = 946'684'800'000'000;
// 0001-01-01 and 9999-12-31: outside of them ISO 8601 and PostgreSQL write years differently.
constexpr std::int64_t kFirstIsoMoment = -62'135'596'800'000'000;
constexpr std::int64_t kLastIsoMoment = 253'402'300'799'999'999;
// array_recv complains about a wrong element type only if it is a built-in one, and else takes what the statement
// declares: any OID above those of the system catalogue means "as declared".
constexpr std::uint32_t kAnyElementType = 0x7fffffff;

template <typename Number>
void append_number(std::string& out, Number value) {
  std::array<char, 40> text{};
  auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), end);
}

template <typename T>
bool is_null(const T&) {
  return false;
}
template <typename T>
bool is_null(const std::optional<T>& value) {
  return !value;
}
std::int64_t unwrap(std::int64_t value) {
  return value;
}
double unwrap(double value) {
  return value;
}
bool unwrap(bool value) {
  return value;
}
Timestamp unwrap(Timestamp value) {
  return value;
}
std::string_view unwrap(std::string_view value) {
  return value;
}
template <typename T>
auto unwrap(const std::optional<T>& value) {
  return unwrap(*value);
}

}  // namespace

void Parameters::begin() {
  begin_ = bytes_.size();
}

Parameters& Parameters::end(bool binary) {
  const std::size_t length = bytes_.size() - begin_;
  if (length >= (1U << 30U)) valid_ = false;
  slots_.push_back({begin_, static_cast<int>(length), binary});
  bytes_.push_back('\0');
  return *this;
}

Parameters& Parameters::add(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) valid_ = false;
  begin();
  bytes_.append(text);
  return end();
}

Parameters& Parameters::add(std::int64_t value) {
  begin();
  append_number(bytes_, value);
  return end();
}

Parameters& Parameters::add(double value) {
  begin();
  append_number(bytes_, value);
  return end();
}

Parameters& Parameters::add(bool value) {
  begin();
  bytes_.push_back(value ? 't' : 'f');
  return end();
}

Parameters& Parameters::add(Timestamp value) {
  begin();
  if (value.microseconds >= kFirstIsoMoment && value.microseconds <= kLastIsoMoment) {
    bytes_.append(to_iso8601_microseconds(value));
    return end();
  }
  append_big_endian(static_cast<std::uint64_t>(value.microseconds - kPostgresEpoch), 8);
  return end(true);
}

Parameters& Parameters::add_null() {
  slots_.push_back({bytes_.size(), -1, false});
  return *this;
}

void Parameters::append_big_endian(std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) bytes_.push_back(static_cast<char>(value >> shift & 0xff));
}

namespace {

/// `{a,b,NULL}`, each element written by `write`.
template <typename Values, typename Write>
void append_array(std::string& out, const Values& values, Write write) {
  out.push_back('{');
  bool first = true;
  for (const auto& value : values) {
    if (!first) out.push_back(',');
    first = false;
    if (is_null(value)) {
      out.append("NULL");
    } else {
      write(unwrap(value));
    }
  }
  out.push_back('}');
}

}  // namespace

Parameters& Parameters::add_array(std::span<const std::int64_t> values) {
  begin();
  append_array(bytes_, values, [this](std::int64_t v) { append_number(bytes_, v); });
  return end();
}

Parameters& Parameters::add_array(std::span<const std::optional<double>> values) {
  begin();
  append_array(bytes_, values, [this](double v) { append_number(bytes_, v); });
  return end();
}

Parameters& Parameters::add_array(const std::vector<bool>& values) {
  begin();
  append_array(bytes_, values, [this](bool v) { bytes_.push_back(v ? 't' : 'f'); });
  return end();
}

// The form of array_recv: dimensions, flag for NULLs, element type, then size and lower bound of the one dimension,
// then each element with its length.
template <typename T>
Parameters& Parameters::add_binary_array(std::span<const T> values) {
  begin();
  append_big_endian(values.empty() ? 0 : 1, 4);
  append_big_endian(0, 4);  // array_recv looks at each length anyway
  append_big_endian(kAnyElementType, 4);
  if (values.empty()) return end(true);
  append_big_endian(values.size(), 4);
  append_big_endian(1, 4);
  for (const T& value : values) {
    if (is_null(value)) {
      append_big_endian(0xffffffff, 4);
      continue;
    }
    if constexpr (std::same_as<decltype(unwrap(value)), Timestamp>) {
      append_big_endian(8, 4);
      append_big_endian(static_cast<std::uint64_t>(unwrap(value).microseconds - kPostgresEpoch), 8);
    } else {
      const std::string_view text = unwrap(value);
      if (text.find('\0') != std::string_view::npos) valid_ = false;
      append_big_endian(text.size(), 4);
      bytes_.append(text);
    }
  }
  return end(true);
}

Parameters& Parameters::add_array(std::span<const Timestamp> values) {
  return add_binary_array(values);
}

Parameters& Parameters::add_array(std::span<const std::optional<Timestamp>> values) {
  return add_binary_array(values);
}

Parameters& Parameters::add_array(std::span<const std::string> values) {
  return add_binary_array(values);
}

Parameters& Parameters::add_array(std::span<const std::string_view> values) {
  return add_binary_array(values);
}

Parameters& Parameters::add_array(std::span<const std::optional<std::string>> values) {
  return add_binary_array(values);
}

}  // namespace machi::db
