// Takes the place of the C library's clock_gettime in a program that is linked with it (and that exports its symbols), so
// that every clock of the Swift runtime and of the product follows a virtual one while a simulation runs.
#define _GNU_SOURCE
#include "virtual_clock.h"

#include <dlfcn.h>
#include <time.h>

static int64_t virtual_nanoseconds = -1;

void virtual_clock_set(int64_t nanoseconds) { virtual_nanoseconds = nanoseconds; }

int64_t virtual_clock_get(void) { return virtual_nanoseconds; }

typedef int clock_function(clockid_t, struct timespec *);

static int machine_clock(clockid_t clock, struct timespec *time) {
  static clock_function *machine;
  if (!machine) machine = (clock_function *)dlsym(RTLD_NEXT, "clock_gettime");
  return machine(clock, time);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  if (virtual_nanoseconds < 0) return machine_clock(clock, time);
  time->tv_sec = virtual_nanoseconds / 1000000000;
  time->tv_nsec = virtual_nanoseconds % 1000000000;
  return 0;
}

int64_t virtual_clock_machine_nanoseconds(void) {
  struct timespec time;
  machine_clock(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}
