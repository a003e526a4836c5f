// LD_PRELOAD library that makes a disk slower: each sync takes SLOW_SYNC_MICROSECONDS longer.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>

namespace {

void delay() {
  static const long microseconds = [] {
    const char* text = std::getenv("SLOW_SYNC_MICROSECONDS");
    return text == nullptr ? 0L : std::strtol(text, nullptr, 10);
  }();
  if (microseconds > 0) usleep(static_cast<useconds_t>(microseconds));
}

int real(const char* name, int file) {
  const auto function = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, name));
  return function(file);
}

}  // namespace

extern "C" int fdatasync(int file) {
  delay();
  return real("fdatasync", file);
}

extern "C" int fsync(int file) {
  delay();
  return real("fsync", file);
}
