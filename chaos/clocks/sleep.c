/* Loaded before libfaketime 0.9.10, which with FAKETIME_DONT_FAKE_MONOTONIC answers EINVAL to every sleep until a
   moment of CLOCK_MONOTONIC: Python's time.sleep is such a one. Here it goes straight to the kernel. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
  int before = errno;
  int failed = syscall(SYS_clock_nanosleep, clock, flags, until, left) != 0;
  int reason = errno;
  errno = before;
  return failed ? reason : 0;
}
