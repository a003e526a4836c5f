#include <arpa/inet.h>

#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "net/client.h"

// Every address is compared in its 16-byte form; IPv4 stands there as ::ffff:a.b.c.d, so that both families and the
// mapped form share one table.

namespace machi::net {
namespace {

using Bytes = std::array<unsigned char, 16>;

struct Special {
  std::string_view address;
  int bits;  ///< of the family that `address` is written in
};

/// IANA's special-purpose registries (RFC 6890 and its updates) and the older ranges that still reach inside.
constexpr Special kSpecial[] = {
    {"0.0.0.0", 8},     {"10.0.0.0", 8},      {"100.64.0.0", 10},  {"127.0.0.0", 8},    {"169.254.0.0", 16},
    {"172.16.0.0", 12}, {"192.0.0.0", 24},    {"192.0.2.0", 24},   {"192.88.99.0", 24}, {"192.168.0.0", 16},
    {"198.18.0.0", 15}, {"198.51.100.0", 24}, {"203.0.113.0", 24}, {"224.0.0.0", 4},    {"240.0.0.0", 4},
    {"::", 96},         {"64:ff9b:1::", 48},  {"100::", 64},       {"2001::", 23},      {"2001:db8::", 32},
    {"2002::", 16},     {"3fff::", 20},       {"5f00::", 16},      {"fc00::", 7},       {"fe80::", 10},
    {"fec0::", 10},     {"ff00::", 8},
};

constexpr int kMappedBits = 96;

struct Address {
  Bytes bytes;
  bool is_v4;
};

std::optional<Address> parse_address(std::string_view text) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(text, error);
  if (error) return std::nullopt;
  if (address.is_v6()) return Address{address.to_v6().to_bytes(), false};
  return Address{asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes(), true};
}

bool holds(const Bytes& prefix, int bits, const Bytes& address) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(whole), address.begin())) return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xFF << (8 - rest));
  return (prefix[whole] & mask) == (address[whole] & mask);
}

/// 64:ff9b::/96 (RFC 6052) carries an IPv4 address that a translator would reach: that one is judged.
Bytes through_translator(const Bytes& address) {
  const Bytes well_known = parse_address("64:ff9b::")->bytes;
  if (!holds(well_known, kMappedBits, address)) return address;
  Bytes mapped{};
  mapped[10] = mapped[11] = 0xFF;
  std::copy(address.begin() + 12, address.end(), mapped.begin() + 12);
  return mapped;
}

bool is_special(const Bytes& address) {
  return std::ranges::any_of(kSpecial, [&](const Special& special) {
    const auto prefix = parse_address(special.address);
    return holds(prefix->bytes, special.bits + (prefix->is_v4 ? kMappedBits : 0), address);
  });
}

}  // namespace

Result<OutgoingGuard> OutgoingGuard::from(const std::vector<std::string>& allow) {
  OutgoingGuard guard;
  for (const auto& entry : allow) {
    const auto slash = entry.find('/');
    const auto address = parse_address(std::string_view(entry).substr(0, slash));
    if (!address) return fail(ErrorCode::bad_request, "not an address or network: " + entry, "outgoing.allow");
    const int most = address->is_v4 ? 32 : 128;
    int bits = most;
    if (slash != std::string::npos) {
      const char* const end = entry.data() + entry.size();
      const auto read = std::from_chars(entry.data() + slash + 1, end, bits);
      if (read.ec != std::errc{} || read.ptr != end || bits < 0 || bits > most) {
        return fail(ErrorCode::bad_request, "not a prefix length: " + entry, "outgoing.allow");
      }
    }
    guard.allowed_.push_back({address->bytes, bits + (address->is_v4 ? kMappedBits : 0)});
  }
  return guard;
}

bool OutgoingGuard::permits(std::string_view address) const {
  const auto parsed = parse_address(address);
  if (!parsed) return false;
  const auto bytes = through_translator(parsed->bytes);
  const bool allowed =
      std::ranges::any_of(allowed_, [&](const Network& network) { return holds(network.prefix, network.bits, bytes); });
  return allowed || !is_special(bytes);
}

}  // namespace machi::net
