#define _GNU_SOURCE
#include "cprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

pid_t ferry_spawn(const char *path, char *const arguments[], char *const environment[],
                  const char *directory, int standard_output, int standard_error) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, standard_output, 1);
  posix_spawn_file_actions_adddup2(&actions, standard_error, 2);
  posix_spawn_file_actions_addchdir_np(&actions, directory);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  pid_t process = -1;
  int error = posix_spawn(&process, path, &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    errno = error;
    return -1;
  }
  return process;
}

int ferry_process_descriptor(pid_t process) {
  return (int)syscall(SYS_pidfd_open, process, 0);
}

static int guard_pipe = -1;

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
    if (message[1] && count < capacity) groups[count++] = message[0];
    for (int i = 0; !message[1] && i < count; i++)
      if (groups[i] == message[0]) groups[i] = groups[--count];
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
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
  return ends[0];
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
  do got = wait4(process, &usage->status, 0, &resources);
  while (got < 0 && errno == EINTR);
  if (got != process) return -1;
  usage->user_seconds = resources.ru_utime.tv_sec + resources.ru_utime.tv_usec * 1e-6;
  usage->system_seconds = resources.ru_stime.tv_sec + resources.ru_stime.tv_usec * 1e-6;
  usage->peak_bytes = (long long)resources.ru_maxrss * 1024;
  return 0;
}
