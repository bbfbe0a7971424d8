// Memory that belongs to a thread: grown on demand, freed when the thread ends.
#include <pthread.h>
#include <stdlib.h>

#include "targets.h"

enum { SLOTS = 4 };

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
    long size = (bytes + 4095) / 4096 * 4096;
    free(mine->memory[slot]);
    if (posix_memalign(&mine->memory[slot], 4096, (size_t)size) != 0) abort();
    mine->bytes[slot] = size;
  }
  return mine->memory[slot];
}
