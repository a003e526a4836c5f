#include "base/ids.h"

#include <openssl/rand.h>

#include <atomic>
#include <random>
#include <stdexcept>

#include "base/timestamp.h"

namespace machi {
namespace {

constexpr char kHex[] = "0123456789abcdef";

std::uint64_t random_64() {
  static thread_local std::mt19937_64 generator{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }()};
  return generator();
}

void put_hex(char* out, std::uint64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value >>= 4) out[i] = kHex[value & 15];
}

}  // namespace

std::string random_uuid() {
  const std::uint64_t high = (random_64() & 0xffffffffffff0fffULL) | 0x0000000000004000ULL;
  const std::uint64_t low = (random_64() & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;
  std::string out(36, '-');
  put_hex(out.data(), high >> 32, 8);
  put_hex(out.data() + 9, (high >> 16) & 0xffff, 4);
  put_hex(out.data() + 14, high & 0xffff, 4);
  put_hex(out.data() + 19, low >> 48, 4);
  put_hex(out.data() + 24, low & 0xffffffffffffULL, 12);
  return out;
}

std::string time_ordered_id() {
  static const std::uint32_t process = static_cast<std::uint32_t>(random_64()) & 0xffffff;
  static std::atomic<std::uint64_t> last{0};
  // Upper 44 bits milliseconds, lower 20 a counter that carries into the time when a millisecond overflows.
  const std::uint64_t stamp = static_cast<std::uint64_t>(now().microseconds / 1000) << 20;
  std::uint64_t previous = last.load();
  std::uint64_t next = 0;
  do {
    next = stamp > previous ? stamp : previous + 1;
  } while (!last.compare_exchange_weak(previous, next));
  std::string out(24, '0');
  put_hex(out.data(), next >> 20, 11);
  put_hex(out.data() + 11, next & 0xfffff, 5);
  put_hex(out.data() + 16, process, 6);
  put_hex(out.data() + 22, random_64() & 0xff, 2);
  return out;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) != 1) {
    throw std::runtime_error("the system's random generator failed");
  }
  return out;
}

}  // namespace machi
