#pragma once
#include <cstdint>
#include <string_view>

#include "broker/model/entity.h"

namespace machi::broker {

inline constexpr int kSlots = 64;

/// The slot of an entity: FNV-1a of tenant and id. All entities of one id share it, on every node and in every version
/// of the program.
[[nodiscard]] constexpr std::int16_t slot_of(TenantId tenant, std::string_view id) {
  std::uint64_t hash = 14695981039346656037ULL;
  const auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 1099511628211ULL; };
  for (int shift = 0; shift < 32; shift += 8)
    mix(static_cast<unsigned char>(static_cast<std::uint32_t>(tenant.value) >> shift));
  for (const char c : id) mix(static_cast<unsigned char>(c));
  return static_cast<std::int16_t>((hash ^ (hash >> 32)) % kSlots);
}

}  // namespace machi::broker
