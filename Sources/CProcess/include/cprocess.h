// Starting programs so that they never outlive the process that started them.
#pragma once
#include <sys/types.h>

/// Starts `path` in a new process group with nothing on standard input. Signals have their default
/// actions, but those that this process ignores stay ignored (SIGPIPE excepted).
/// Returns the process id, or -1 with errno set.
pid_t ferry_spawn(const char *path, char *const arguments[], char *const environment[],
                  const char *directory, int standard_output, int standard_error);

/// As `ferry_spawn`, and what is started may write only below the `writable` paths (a list that
/// ends with NULL; those that are not there are left out). It cannot gain privileges either.
/// Where the kernel has no Landlock it is started unconfined.
pid_t ferry_spawn_confined(const char *path, char *const arguments[], char *const environment[],
                           const char *directory, int standard_output, int standard_error,
                           const char *const writable[]);

/// The version of the kernel's Landlock, or 0.
int ferry_confinement(void);

/// A descriptor that becomes readable when the process ends, or -1.
int ferry_process_descriptor(pid_t process);

/// Starts the guard: a copy of this process that does nothing but wait. When this process ends,
/// however it ends, the guard kills the process groups it was told of, and exits when they are
/// gone. It keeps this process's open locks for as long as it lives. Returns 0, or -1.
int ferry_guard_start(void);

/// Tells the guard of a process group (`watch` 1), or that it has ended (`watch` 0).
void ferry_guard_watch(pid_t group, int watch);

/// Routes SIGINT, SIGTERM, SIGHUP and SIGTSTP to a pipe and returns the end to read from, or -1.
/// A signal that is ignored stays ignored.
int ferry_interrupts(void);

/// Raises the number of files this process may have open as far as it is allowed to, and returns
/// that number, or -1. What is started keeps the limit from before.
long long ferry_open_files(void);

/// Opens a pipe whose ends programs do not inherit. Returns 0, or -1.
int ferry_pipe(int ends[2]);

/// Forces everything written to the file system that `descriptor` lies on to disk.
int ferry_sync_file_system(int descriptor);

/// Removes a file, a link or a whole folder, whatever its names are and however deep it nests; links
/// are not followed. Returns 0, also where nothing is there, or -1 with errno set.
int ferry_remove_tree(const char *path);

/// The bytes of all files below a path, those more than 64 folders deep left out.
long long ferry_tree_bytes(const char *path);

enum ferry_lock { FERRY_UNLOCK, FERRY_SHARED, FERRY_EXCLUSIVE };

/// Tries to lock, or unlocks, one byte of an open file, for this open file and what was forked
/// with it. Returns 0, or -1 with errno set.
int ferry_lock_byte(int descriptor, long long offset, enum ferry_lock lock);

/// The processor time and peak memory of a process that has ended, which is reaped.
struct ferry_usage {
  int status;
  double user_seconds;
  double system_seconds;
  long long peak_bytes;
};
int ferry_reap(pid_t process, struct ferry_usage *usage);
