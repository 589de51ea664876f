/*
 * Makes system calls of the extension fail now and then, as the kernel may make them. Loaded with LD_PRELOAD.
 *
 *   FAULTS="recv:short:3,send:EINTR:5"   CALL:FAULT:ONE_IN, ...
 *   FAULTS_SEED=1                        which ones fail
 *   FAULTS_REPORT=path                   the number of faults is added to this file at exit
 *
 * "short" transfers a part of what was asked for, "EAGAIN" nothing. What is held back like this becomes ready at
 * once, so the descriptor's registration is renewed, as more data or room would renew its readiness. Any other
 * fault is an errno; a call that fails with one does nothing, except that a connect goes on after EINTR.
 * Calls of Ruby and of other libraries are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHORT (-1)
#define MAX_RULES 32
#define MAX_FDS 65536

static struct rule {
  char call[24];
  int fault;
  unsigned one_in;
  atomic_uint count;
} rules[MAX_RULES];
static int rule_count;
static unsigned long seed;
static atomic_uint injected;
static const char *report;

/* How a descriptor was registered last. */
static struct registration {
  int epoll;
  struct epoll_event event;
} registrations[MAX_FDS];

static const struct {
  const char *name;
  int value;
} faults[] = {
    {"short", SHORT},       {"EINTR", EINTR},   {"EAGAIN", EAGAIN},   {"EMFILE", EMFILE}, {"ENFILE", ENFILE},
    {"ENOBUFS", ENOBUFS},   {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC},   {"EPERM", EPERM},   {"ECONNABORTED", ECONNABORTED},
    {"ECONNRESET", ECONNRESET}, {"EIO", EIO},
};

static int fault_named(const char *name) {
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    if (strcmp(faults[i].name, name) == 0)
      return faults[i].value;
  fprintf(stderr, "faults: no such fault: %s\n", name);
  _exit(2);
}

static void write_report(void) {
  char line[16];
  int fd = open(report, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  int length = snprintf(line, sizeof line, "%u\n", atomic_load(&injected));
  if (fd >= 0) {
    if (write(fd, line, (size_t)length) != length)
      fprintf(stderr, "faults: no report\n");
    close(fd);
  }
}

__attribute__((constructor)) static void read_rules(void) {
  const char *text = getenv("FAULTS");
  const char *seed_text = getenv("FAULTS_SEED");
  seed = seed_text ? strtoul(seed_text, NULL, 10) : 1;
  for (; text && *text && rule_count < MAX_RULES; text = strchr(text, ','), text = text ? text + 1 : NULL) {
    char fault[24];
    struct rule *rule = &rules[rule_count];
    if (sscanf(text, "%23[^:]:%23[^:]:%u", rule->call, fault, &rule->one_in) != 3 || rule->one_in == 0) {
      fprintf(stderr, "faults: not CALL:FAULT:ONE_IN: %s\n", text);
      _exit(2);
    }
    rule->fault = fault_named(fault);
    rule_count++;
  }
  report = getenv("FAULTS_REPORT");
  if (report)
    atexit(write_report);
}

/* Whether the call comes from the extension. */
static int is_ours(void *caller) {
  static void *_Atomic base;
  void *known = atomic_load(&base);
  Dl_info info;
  if (!dladdr(caller, &info) || !info.dli_fname)
    return 0;
  if (known)
    return info.dli_fbase == known;
  if (!strstr(info.dli_fname, "/eventmachine.so"))
    return 0;
  atomic_store(&base, info.dli_fbase);
  return 1;
}

/* Spread evenly, and the same for the same seed. */
static unsigned long scattered(unsigned long value) {
  value += 0x9e3779b97f4a7c15ul;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ul;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebul;
  return value ^ (value >> 31);
}

/* The fault that this call gets, or 0. */
static int fault_of(const char *call, void *caller) {
  for (int i = 0; i < rule_count; i++) {
    struct rule *rule = &rules[i];
    if (strcmp(rule->call, call) != 0 || !is_ours(caller))
      continue;
    unsigned long count = atomic_fetch_add(&rule->count, 1);
    if (scattered(seed * 1000003 + (unsigned long)i * 7919 + count) % rule->one_in == 0) {
      atomic_fetch_add(&injected, 1);
      return rule->fault;
    }
  }
  return 0;
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static void renew(int fd) {
  static __typeof__(epoll_ctl) *real;
  int error = errno;
  if (!real)
    real = (__typeof__(epoll_ctl) *)dlsym(RTLD_NEXT, "epoll_ctl");
  if (fd >= 0 && fd < MAX_FDS && registrations[fd].event.events)
    real(registrations[fd].epoll, EPOLL_CTL_MOD, fd, &registrations[fd].event);
  errno = error;
}

static int fail(int fd, int fault) {
  errno = fault;
  if (fault == EAGAIN)
    renew(fd);
  return -1;
}

/* A call that transfers bytes: FULL is the call, PARTIAL the same with a part of them. */
#define TRANSFER(name, fd, size, full, partial)                                                                       \
  REAL(name);                                                                                                         \
  int fault = fault_of(#name, __builtin_return_address(0));                                                           \
  if (fault == SHORT && (size) > 1) {                                                                                 \
    size_t part = 1 + scattered(seed + atomic_load(&injected)) % ((size) > 16 ? (size) / 8 : (size)-1);               \
    ssize_t result = partial;                                                                                         \
    renew(fd);                                                                                                        \
    return result;                                                                                                    \
  }                                                                                                                   \
  return fault > 0 ? fail(fd, fault) : full

ssize_t recv(int fd, void *buffer, size_t size, int flags) {
  TRANSFER(recv, fd, size, real(fd, buffer, size, flags), real(fd, buffer, part, flags));
}

ssize_t send(int fd, const void *buffer, size_t size, int flags) {
  TRANSFER(send, fd, size, real(fd, buffer, size, flags), real(fd, buffer, part, flags));
}

ssize_t read(int fd, void *buffer, size_t size) {
  TRANSFER(read, fd, size, real(fd, buffer, size), real(fd, buffer, part));
}

ssize_t write(int fd, const void *buffer, size_t size) {
  TRANSFER(write, fd, size, real(fd, buffer, size), real(fd, buffer, part));
}

static struct iovec first_part(const struct iovec *vector, size_t part) {
  return (struct iovec){vector->iov_base, part < vector->iov_len ? part : vector->iov_len};
}

ssize_t writev(int fd, const struct iovec *vector, int count) {
  size_t size = count > 0 ? vector->iov_len : 0;
  struct iovec less;
  TRANSFER(writev, fd, size, real(fd, vector, count), (less = first_part(vector, part), real(fd, &less, 1)));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  size_t size = message->msg_iovlen > 0 ? message->msg_iov->iov_len : 0;
  struct msghdr less = *message;
  struct iovec vector;
  TRANSFER(sendmsg, fd, size, real(fd, message, flags),
           (vector = first_part(message->msg_iov, part), less.msg_iov = &vector, less.msg_iovlen = 1,
            real(fd, &less, flags)));
}

ssize_t splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned flags) {
  TRANSFER(splice, from, size, real(from, from_at, to, to_at, size, flags),
           real(from, from_at, to, to_at, part, flags));
}

/* A call that does all or nothing. */
#define CALL(name, fd, ...)                                                                                           \
  REAL(name);                                                                                                         \
  int fault = fault_of(#name, __builtin_return_address(0));                                                           \
  return fault > 0 ? fail(fd, fault) : real(__VA_ARGS__)

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length) {
  CALL(sendto, fd, fd, data, size, flags, to, length);
}

ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length) {
  CALL(recvfrom, fd, fd, data, size, flags, from, length);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) { CALL(recvmsg, fd, fd, message, flags); }

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
  CALL(recvmmsg, fd, fd, messages, count, flags, timeout);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  REAL(sendmmsg);
  int fault = fault_of("sendmmsg", __builtin_return_address(0));
  if (fault == SHORT && count > 1) {
    int result = real(fd, messages, 1, flags);
    renew(fd);
    return result;
  }
  return fault > 0 ? fail(fd, fault) : real(fd, messages, count, flags);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  CALL(accept4, fd, fd, address, length, flags);
}

int socket(int domain, int type, int protocol) { CALL(socket, -1, domain, type, protocol); }

int pipe2(int ends[2], int flags) { CALL(pipe2, -1, ends, flags); }

int inotify_add_watch(int fd, const char *path, uint32_t mask) { CALL(inotify_add_watch, fd, fd, path, mask); }

/* A signal interrupts a wait, but not a look at what is ready. */
int epoll_wait(int fd, struct epoll_event *events, int count, int timeout) {
  REAL(epoll_wait);
  int fault = timeout == 0 ? 0 : fault_of("epoll_wait", __builtin_return_address(0));
  int ready = fault > 0 ? real(fd, events, count, 0) : 0;
  if (ready != 0)
    return ready;
  return fault > 0 ? fail(-1, fault) : real(fd, events, count, timeout);
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
  REAL(connect);
  int fault = fault_of("connect", __builtin_return_address(0));
  int result = fault > 0 && fault != EINTR ? -1 : real(fd, address, length);
  return fault > 0 && (result == 0 || errno == EINPROGRESS || fault != EINTR) ? fail(fd, fault) : result;
}

/* Only an addition needs memory. */
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  REAL(epoll_ctl);
  int fault = operation == EPOLL_CTL_ADD ? fault_of("epoll_ctl", __builtin_return_address(0)) : 0;
  if (fault > 0)
    return fail(-1, fault);
  int result = real(epoll, operation, fd, event);
  if (result == 0 && fd >= 0 && fd < MAX_FDS) {
    registrations[fd].epoll = epoll;
    registrations[fd].event = operation == EPOLL_CTL_DEL ? (struct epoll_event){0} : *event;
  }
  return result;
}
