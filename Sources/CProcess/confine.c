// Landlock (Linux 5.13): a process takes rights away from itself and from all it starts.
#define _GNU_SOURCE
#include "confine.h"

#include "cprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The kernel's interface, written out because older systems have no header for it.
enum {
  create_ruleset = 444,
  add_rule = 445,
  restrict_self = 446,
  rule_path_beneath = 1,
  ask_version = 1,
};
enum {
  write_file = 1 << 1,
  remove_and_make = 0x1FF << 4,  // REMOVE_DIR ... MAKE_SYM
  refer = 1 << 13,
  truncate_file = 1 << 14,
};
struct ruleset {
  uint64_t handled;
};
struct __attribute__((packed)) beneath {
  uint64_t allowed;
  int32_t parent;
};

int ferry_confinement(void) {
  long version = syscall(create_ruleset, NULL, 0, ask_version);
  return version > 0 ? (int)version : 0;
}

int ferry_confine(const char *const writable[]) {
  int version = ferry_confinement();
  // Version 1 cannot allow moving files between folders, which programs need.
  if (version < 2) return 0;
  uint64_t rights = write_file | remove_and_make | refer | (version > 2 ? truncate_file : 0);
  struct ruleset ruleset = {rights};
  int rules = (int)syscall(create_ruleset, &ruleset, sizeof ruleset, 0);
  if (rules < 0) return -1;
  for (int i = 0; writable[i]; i++) {
    struct stat status;
    int place = open(writable[i], O_PATH | O_CLOEXEC);
    if (place < 0) continue;
    uint64_t allowed = rights;
    if (fstat(place, &status) == 0 && !S_ISDIR(status.st_mode))
      allowed &= write_file | truncate_file;
    struct beneath rule = {allowed, place};
    syscall(add_rule, rules, rule_path_beneath, &rule, 0);
    close(place);
  }
  int result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (result == 0) result = (int)syscall(restrict_self, rules, 0);
  int error = errno;
  close(rules);
  errno = error;
  return result;
}
