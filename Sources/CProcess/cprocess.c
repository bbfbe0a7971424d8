#define _GNU_SOURCE
#include "cprocess.h"

#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int guard_pipe = -1;
static struct rlimit files_before;
static int raised_files;

/// What a child does before it becomes the program; nil `writable` leaves it all its rights.
struct order {
  const char *path;
  char *const *arguments;
  char *const *environment;
  const char *directory;
  int standard_output, standard_error;
  const char *const *writable;
  /// Set by the child, which shares this memory, where it cannot go on.
  volatile int error;
};

/// The child's life up to the program; only calls that are safe after vfork.
static _Noreturn void become(struct order *order) {
  struct sigaction usual = {.sa_handler = SIG_DFL}, before;
  for (int number = 1; number < NSIG; number++) {
    // Signals that the user had ignored (nohup) stay ignored; SIGPIPE this process ignores for itself.
    if (number != SIGPIPE && sigaction(number, NULL, &before) == 0 &&
        before.sa_handler == SIG_IGN)
      continue;
    sigaction(number, &usual, NULL);
  }
  if (raised_files) setrlimit(RLIMIT_NOFILE, &files_before);
  setpgid(0, 0);
  // The guard knows the group before the program runs, so that there is no moment in which the
  // driver's death would leave it behind.
  ferry_guard_watch(getpid(), 1);
  sigset_t none;
  sigemptyset(&none);
  int input = open("/dev/null", O_RDONLY);
  if (input > 0) {
    dup2(input, 0);
    close(input);
  }
  if (dup2(order->standard_output, 1) == 1 && dup2(order->standard_error, 2) == 2 &&
      fcntl(1, F_SETFD, 0) == 0 && fcntl(2, F_SETFD, 0) == 0 && chdir(order->directory) == 0 &&
      (!order->writable || ferry_confine(order->writable) == 0)) {
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(order->path, order->arguments, order->environment);
  }
  order->error = errno;
  _exit(127);
}

static pid_t start(struct order *order) {
  sigset_t all, before;
  sigfillset(&all);
  // A handler that ran in the child would run in this process's memory.
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t process = vfork();
  if (process == 0) become(order);
  int error = process < 0 ? errno : order->error;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (process > 0 && error != 0) {
    struct ferry_usage usage;
    ferry_reap(process, &usage);
    process = -1;
  }
  errno = error;
  return process;
}

pid_t ferry_spawn(const char *path, char *const arguments[], char *const environment[],
                  const char *directory, int standard_output, int standard_error) {
  return ferry_spawn_confined(path, arguments, environment, directory, standard_output,
                              standard_error, NULL);
}

pid_t ferry_spawn_confined(const char *path, char *const arguments[], char *const environment[],
                           const char *directory, int standard_output, int standard_error,
                           const char *const writable[]) {
  struct order order = {path,           arguments, environment, directory, standard_output,
                        standard_error, writable,  0};
  return start(&order);
}

int ferry_process_descriptor(pid_t process) {
  return (int)syscall(SYS_pidfd_open, process, 0);
}

/// The guard's whole life; only calls that are safe after a fork from a threaded process.
static void guard(int input) {
  enum { capacity = 4096 };
  static pid_t groups[capacity];
  int count = 0;
  int32_t message[2];
  setpgid(0, 0);
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  prctl(PR_SET_NAME, "ferry-guard");
  for (;;) {
    ssize_t got = read(input, message, sizeof message);
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof message) break;
    int place = 0;
    while (place < count && groups[place] != message[0]) place++;
    if (message[1] && place == count && count < capacity) groups[count++] = message[0];
    if (!message[1] && place < count) groups[place] = groups[--count];
  }
  for (int i = 0; i < count; i++) kill(-groups[i], SIGKILL);
  for (int tries = 0; tries < 1000; tries++) {
    int alive = 0;
    for (int i = 0; i < count; i++) alive += kill(-groups[i], 0) == 0;
    if (!alive) break;
    struct timespec pause = {0, 10000000};
    nanosleep(&pause, NULL);
  }
  _exit(0);
}

int ferry_guard_start(void) {
  if (guard_pipe >= 0) return 0;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  pid_t process = fork();
  if (process < 0) {
    close(ends[0]);
    close(ends[1]);
    return -1;
  }
  if (process == 0) {
    close(ends[1]);
    guard(ends[0]);
  }
  close(ends[0]);
  guard_pipe = ends[1];
  return 0;
}

void ferry_guard_watch(pid_t group, int watch) {
  if (guard_pipe < 0) return;
  int32_t message[2] = {(int32_t)group, watch};
  while (write(guard_pipe, message, sizeof message) < 0 && errno == EINTR) continue;
}

static int interrupt_pipe = -1;

static void note_interrupt(int number) {
  int saved = errno;
  unsigned char byte = (unsigned char)number;
  if (write(interrupt_pipe, &byte, 1) < 0) errno = saved;
  errno = saved;
}

int ferry_interrupts(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
  interrupt_pipe = ends[1];
  struct sigaction action = {.sa_handler = note_interrupt, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction before;
    if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    sigaction(signals[i], &action, NULL);
  }
  return ends[0];
}

long long ferry_open_files(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
  if (limit.rlim_cur < limit.rlim_max) {
    struct rlimit most = {limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &most) == 0) {
      if (!raised_files) files_before = limit;
      raised_files = 1;
      limit = most;
    }
  }
  return limit.rlim_cur > 1 << 20 ? 1 << 20 : (long long)limit.rlim_cur;
}

int ferry_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int ferry_sync_file_system(int descriptor) { return syncfs(descriptor); }

int ferry_lock_byte(int descriptor, long long offset, enum ferry_lock lock) {
  static const short types[] = {F_UNLCK, F_RDLCK, F_WRLCK};
  struct flock range = {
      .l_type = types[lock], .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  return fcntl(descriptor, F_OFD_SETLK, &range);
}

int ferry_reap(pid_t process, struct ferry_usage *usage) {
  struct rusage resources;
  pid_t got;
  ferry_guard_watch(process, 0);
  do got = wait4(process, &usage->status, 0, &resources);
  while (got < 0 && errno == EINTR);
  if (got != process) return -1;
  usage->user_seconds = resources.ru_utime.tv_sec + resources.ru_utime.tv_usec * 1e-6;
  usage->system_seconds = resources.ru_stime.tv_sec + resources.ru_stime.tv_usec * 1e-6;
  usage->peak_bytes = (long long)resources.ru_maxrss * 1024;
  return 0;
}
