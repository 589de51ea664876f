/*
 * A clock that can be set without privileges. Loaded with LD_PRELOAD, it adds an offset to CLOCK_REALTIME, and
 * has timerfd_settime(2) and read(2) do what the kernel does for a process whose clock is set by settimeofday(2):
 * an absolute timer is due by the new time, and one with TFD_TIMER_CANCEL_ON_SET becomes readable at once, and its
 * next read fails with ECANCELED.
 *
 * The program sets it by set_clock(nanoseconds), which changes the offset. Only one thread may do so.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_FDS 1024
#define BILLION 1000000000ll

static int64_t offset;

/* What the program has set. */
static struct timer {
  int clock;
  int flags;
  struct itimerspec value;
  int canceled;
} timers[MAX_FDS];

static struct timespec shifted(struct timespec time, int64_t by) {
  int64_t sum = time.tv_sec * BILLION + time.tv_nsec + by;
  if (sum < 1)
    sum = 1; /* Zero would stop a timer. */
  return (struct timespec){sum / BILLION, sum % BILLION};
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int clock_gettime(clockid_t clock, struct timespec *time) {
  int status = REAL(clock_gettime)(clock, time);
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    *time = shifted(*time, offset);
  return status;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  *time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t *result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result)
    *result = now.tv_sec;
  return now.tv_sec;
}

int timerfd_create(int clock, int flags) {
  int fd = REAL(timerfd_create)(clock, flags);
  if (fd >= 0 && fd < MAX_FDS)
    timers[fd] = (struct timer){.clock = clock};
  return fd;
}

static int arm(int fd, struct itimerspec *old) {
  struct timer *timer = &timers[fd];
  struct itimerspec value = timer->value;
  int is_set = value.it_value.tv_sec || value.it_value.tv_nsec;
  if (is_set && timer->clock == CLOCK_REALTIME && timer->flags & TFD_TIMER_ABSTIME)
    value.it_value = shifted(value.it_value, -offset);
  return REAL(timerfd_settime)(fd, timer->flags, &value, old);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old) {
  if (fd < 0 || fd >= MAX_FDS)
    return REAL(timerfd_settime)(fd, flags, value, old);
  struct timer *timer = &timers[fd];
  int was_canceled = timer->canceled;
  *timer = (struct timer){timer->clock, flags, *value, 0};
  int status = arm(fd, old);
  if (status == 0 && was_canceled) {
    errno = ECANCELED;
    return -1;
  }
  return status;
}

ssize_t read(int fd, void *buffer, size_t size) {
  ssize_t count = REAL(read)(fd, buffer, size);
  if (fd < 0 || fd >= MAX_FDS || !timers[fd].canceled || count != sizeof(uint64_t))
    return count;
  timers[fd].canceled = 0;
  arm(fd, NULL);
  errno = ECANCELED;
  return -1;
}

int close(int fd) {
  if (fd >= 0 && fd < MAX_FDS)
    memset(&timers[fd], 0, sizeof timers[fd]);
  return REAL(close)(fd);
}

void set_clock(int64_t by) {
  const struct itimerspec at_once = {.it_value = {0, 1}};
  offset += by;
  for (int fd = 0; fd < MAX_FDS; fd++) {
    struct timer *timer = &timers[fd];
    if (timer->clock != CLOCK_REALTIME || !(timer->flags & TFD_TIMER_ABSTIME))
      continue;
    timer->canceled = (timer->flags & TFD_TIMER_CANCEL_ON_SET) != 0;
    if (timer->canceled)
      REAL(timerfd_settime)(fd, 0, &at_once, NULL);
    else
      arm(fd, NULL);
  }
}
