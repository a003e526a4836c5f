#pragma once
#include <array>
#include <cstdint>
#include <string>

namespace machi {

/// A random UUID version 4 in lower case with hyphens (RFC 9562 §5.4), from the operating system's generator, seeded
/// once a thread. Not for secrets.
[[nodiscard]] std::string random_uuid();

/// 24 lower-case hexadecimal digits that grow with time within a process (milliseconds, then a counter, then random):
/// the form in which NGSIv2 clients expect the ids of subscriptions and registrations.
[[nodiscard]] std::string time_ordered_id();

/// Bytes for secrets and tokens, from OpenSSL's generator.
[[nodiscard]] std::string random_bytes(std::size_t count);

}  // namespace machi
