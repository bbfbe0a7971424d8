// Folders that hold anything: names that are no text, and paths longer than the kernel takes.
#define _GNU_SOURCE
#include "cprocess.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static DIR *open_folder(int at, const char *name) {
  int descriptor = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return NULL;
  DIR *folder = fdopendir(descriptor);
  if (!folder) close(descriptor);
  return folder;
}

static int is_self_or_parent(const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/// Moves the folder `name` of `from` up to `top`, under a name that is free there.
static int lift(int from, const char *name, int top, unsigned long *count) {
  char free_name[32];
  fchmodat(from, name, 0755, 0);
  for (int tries = 0; tries < 1000; tries++) {
    snprintf(free_name, sizeof free_name, ".lifted-%lu", (*count)++);
    if (renameat(from, name, top, free_name) == 0) return 0;
    if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) return -1;
  }
  return -1;
}

/// Empties the folder `name` of `top`: its files go, its folders move up to `top`.
static int empty(int top, const char *name, unsigned long *count) {
  fchmodat(top, name, 0755, 0);
  DIR *folder = open_folder(top, name);
  if (!folder) return -1;
  int result = 0;
  struct dirent *entry;
  while (result == 0 && (entry = readdir(folder))) {
    if (is_self_or_parent(entry->d_name)) continue;
    if (unlinkat(dirfd(folder), entry->d_name, 0) == 0 || errno == ENOENT) continue;
    if (errno != EISDIR && errno != EPERM) result = -1;
    else if (unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR) != 0)
      result = lift(dirfd(folder), entry->d_name, top, count);
  }
  int error = errno;
  closedir(folder);
  errno = error;
  return result;
}

/// One pass over `top`. Returns how many folders it met, or -1.
static int pass(int top, unsigned long *count) {
  DIR *folder = open_folder(top, ".");
  if (!folder) return -1;
  int met = 0;
  struct dirent *entry;
  while (met >= 0 && (entry = readdir(folder))) {
    if (is_self_or_parent(entry->d_name)) continue;
    if (unlinkat(top, entry->d_name, 0) == 0 || errno == ENOENT) continue;
    if ((errno != EISDIR && errno != EPERM) || empty(top, entry->d_name, count) != 0 ||
        unlinkat(top, entry->d_name, AT_REMOVEDIR) != 0)
      met = -1;
    else
      met++;
  }
  int error = errno;
  closedir(folder);
  errno = error;
  return met;
}

int ferry_remove_tree(const char *path) {
  struct stat status;
  if (lstat(path, &status) != 0) return errno == ENOENT ? 0 : -1;
  if (!S_ISDIR(status.st_mode)) return unlink(path);
  chmod(path, 0755);
  int top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (top < 0) return -1;
  unsigned long count = 0;
  int met;
  do met = pass(top, &count);
  while (met > 0);
  int error = errno;
  close(top);
  errno = error;
  return met < 0 ? -1 : rmdir(path);
}

static long long bytes_below(int at, const char *name, int depth) {
  struct stat status;
  if (fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  if (!S_ISDIR(status.st_mode)) return status.st_size;
  DIR *folder = depth > 0 ? open_folder(at, name) : NULL;
  if (!folder) return 0;
  long long sum = 0;
  struct dirent *entry;
  while ((entry = readdir(folder)))
    if (!is_self_or_parent(entry->d_name))
      sum += bytes_below(dirfd(folder), entry->d_name, depth - 1);
  closedir(folder);
  return sum;
}

long long ferry_tree_bytes(const char *path) { return bytes_below(AT_FDCWD, path, 64); }
