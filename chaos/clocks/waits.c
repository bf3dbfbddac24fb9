/* Loaded before libfaketime 0.9.10, which with FAKETIME_DONT_FAKE_MONOTONIC ends every wait until a moment of
   CLOCK_MONOTONIC at once: sleeps with EINVAL (Python's time.sleep), waits for a condition as if timed out. CPython's
   threads wait so for their lock, 5 ms, before they ask for it: they would ask at once, and hand it to and fro.
   Here both go past libfaketime. CPython waits so for CLOCK_MONOTONIC only, which nobody sets. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef int timedwait(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

static timedwait *glibc_timedwait;

__attribute__((constructor)) static void find(void) {
  void *glibc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  glibc_timedwait = glibc ? (timedwait *)dlsym(glibc, "pthread_cond_timedwait") : NULL;
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
  return glibc_timedwait ? glibc_timedwait(condition, mutex, until) : EINVAL;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
  int before = errno;
  int failed = syscall(SYS_clock_nanosleep, clock, flags, until, left) != 0;
  int reason = errno;
  errno = before;
  return failed ? reason : 0;
}
