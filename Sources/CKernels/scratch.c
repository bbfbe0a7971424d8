// Memory that belongs to a thread: grown on demand, freed when the thread ends.
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "targets.h"

// Large pieces lie in huge pages, so that packed operands take few entries of the address cache.
enum { SLOTS = 4, SMALL_PAGE = 4096, HUGE_PAGE = 1 << 21 };

typedef struct {
  void *memory[SLOTS];
  long bytes[SLOTS];
} scratch;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void release(void *argument) {
  scratch *mine = argument;
  for (int slot = 0; slot < SLOTS; slot++) free(mine->memory[slot]);
  free(mine);
}

static void make_key(void) { pthread_key_create(&key, release); }

void *ferry_scratch(int slot, long bytes) {
  pthread_once(&once, make_key);
  scratch *mine = pthread_getspecific(key);
  if (!mine) {
    mine = calloc(1, sizeof *mine);
    if (!mine) abort();
    pthread_setspecific(key, mine);
  }
  if (mine->bytes[slot] < bytes) {
    long unit = bytes < HUGE_PAGE / 8 ? SMALL_PAGE : HUGE_PAGE;
    long size = divide_up(bytes, unit) * unit;
    free(mine->memory[slot]);
    if (posix_memalign(&mine->memory[slot], (size_t)unit, (size_t)size) != 0) abort();
#ifdef MADV_HUGEPAGE
    if (unit == HUGE_PAGE) madvise(mine->memory[slot], (size_t)size, MADV_HUGEPAGE);
#endif
    mine->bytes[slot] = size;
  }
  return mine->memory[slot];
}
