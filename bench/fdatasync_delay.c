// A disk that syncs slowly: LD_PRELOAD this library into PostgreSQL and each fdatasync takes MACHI_SYNC_DELAY_US
// microseconds longer. Build: cc -shared -fPIC -O2 -o fdatasync_delay.so fdatasync_delay.c -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

typedef int (*sync_function)(int);

int fdatasync(int descriptor) {
  static sync_function real;
  static long delay_us = -1;
  if (!real) real = (sync_function)dlsym(RTLD_NEXT, "fdatasync");
  if (delay_us < 0) {
    const char* text = getenv("MACHI_SYNC_DELAY_US");
    delay_us = text ? strtol(text, NULL, 10) : 0;
  }
  struct timespec delay = {delay_us / 1000000, delay_us % 1000000 * 1000};
  while (nanosleep(&delay, &delay) != 0) {
  }
  return real(descriptor);
}
