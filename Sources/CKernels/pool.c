// Pools of threads: one that all threads of the process share and that lives as long as it, and pools
// of one thread's own, for tests.
//
// One job runs at a time. Its state is one word, generation << 32 | next index, and threads claim
// an index by compare-and-swap on that word: a thread that wakes late finds nothing to claim and
// nobody waits for it. Threads spin for a moment before they sleep, since the next job usually
// follows within microseconds.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "targets.h"

enum { SPINS = 4000, MOST_THREADS = 256 };
#define CLOSED 0xffffffffu

struct ferry_pool {
  _Atomic uint64_t word;
  _Atomic(ferry_task) task;
  _Atomic(void *) context;
  _Atomic long count;
  _Atomic long done;
  atomic_int sleepers;
  atomic_int stopping;
  atomic_flag busy;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  pthread_t threads[MOST_THREADS];
  int started;
  atomic_int wanted;
  // True if the caller leaves the first index of each job to another thread.
  int insists;
  // Indices that other threads than the caller ran.
  _Atomic long helped;
};

static ferry_pool shared = {.word = CLOSED,
                            .busy = ATOMIC_FLAG_INIT,
                            .lock = PTHREAD_MUTEX_INITIALIZER,
                            .wake = PTHREAD_COND_INITIALIZER};
static _Thread_local ferry_pool *own;

static ferry_pool *current(void) { return own ? own : &shared; }

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Claims and runs indices of the job in `pool->word` until none is left; returns how many it ran.
static long drain(ferry_pool *pool) {
  long ran = 0;
  for (;;) {
    uint64_t word = atomic_load(&pool->word);
    uint32_t index = (uint32_t)word;
    if (index == CLOSED) return ran;
    long count = atomic_load(&pool->count);
    ferry_task task = atomic_load(&pool->task);
    void *context = atomic_load(&pool->context);
    if ((long)index >= count) return ran;
    if (!atomic_compare_exchange_weak(&pool->word, &word, word + 1)) continue;
    task(context, index);
    ran++;
    atomic_fetch_add(&pool->done, 1);
  }
}

static void *work(void *context) {
  ferry_pool *pool = context;
  // Work inside this thread's work stays on this thread.
  own = pool;
  uint32_t seen = 0;
  while (!atomic_load(&pool->stopping)) {
    uint32_t generation = (uint32_t)(atomic_load(&pool->word) >> 32);
    for (int i = 0; generation == seen && i < SPINS; i++) {
      relax();
      generation = (uint32_t)(atomic_load_explicit(&pool->word, memory_order_relaxed) >> 32);
    }
    if (generation == seen) {
      pthread_mutex_lock(&pool->lock);
      atomic_fetch_add(&pool->sleepers, 1);
      while ((uint32_t)(atomic_load(&pool->word) >> 32) == seen && !atomic_load(&pool->stopping))
        pthread_cond_wait(&pool->wake, &pool->lock);
      atomic_fetch_sub(&pool->sleepers, 1);
      pthread_mutex_unlock(&pool->lock);
      generation = (uint32_t)(atomic_load(&pool->word) >> 32);
    }
    seen = generation;
    atomic_fetch_add(&pool->helped, drain(pool));
  }
  return NULL;
}

static void wake_all(ferry_pool *pool) {
  if (atomic_load(&pool->sleepers) == 0) return;
  pthread_mutex_lock(&pool->lock);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->lock);
}

static void stop_threads(ferry_pool *pool) {
  atomic_store(&pool->stopping, 1);
  pthread_mutex_lock(&pool->lock);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->lock);
  for (int i = 0; i < pool->started; i++) pthread_join(pool->threads[i], NULL);
  pool->started = 0;
  atomic_store(&pool->stopping, 0);
}

// Starts missing threads; signals stay with the program's own threads.
static void start_threads(ferry_pool *pool, int wanted) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (pool->started < wanted - 1 &&
         pthread_create(&pool->threads[pool->started], NULL, work, pool) == 0)
    pool->started++;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int ferry_threads(void) {
  ferry_pool *pool = current();
  int wanted = atomic_load(&pool->wanted);
  if (wanted == 0) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    wanted = (int)long_max(1, long_min(processors, MOST_THREADS));
    atomic_store(&pool->wanted, wanted);
  }
  return wanted;
}

void ferry_set_threads(int threads) {
  atomic_store(&current()->wanted, (int)long_max(1, long_min(threads, MOST_THREADS)));
}

static void run(ferry_pool *pool, long count, ferry_task task, void *context) {
  uint64_t generation = (atomic_load(&pool->word) >> 32) + 1;
  if ((uint32_t)generation == 0) generation++;
  atomic_store(&pool->word, generation << 32 | CLOSED);
  atomic_store(&pool->count, count);
  atomic_store(&pool->task, task);
  atomic_store(&pool->context, context);
  atomic_store(&pool->done, 0);
  generation = (uint32_t)(generation + 1) == 0 ? 1 : generation + 1;
  atomic_store(&pool->word, generation << 32);
  wake_all(pool);
  while (pool->insists && (uint32_t)atomic_load(&pool->word) == 0) sched_yield();
  drain(pool);
  for (int i = 0; atomic_load(&pool->done) < count; i++) {
    if (i < SPINS) relax();
    else sched_yield();
  }
}

void ferry_parallel(long count, ferry_task task, void *context) {
  ferry_pool *pool = current();
  int threads = ferry_threads();
  if (count > 1 && threads > 1 && count < CLOSED && !atomic_flag_test_and_set(&pool->busy)) {
    if (pool->started != threads - 1) {
      if (pool->started > threads - 1) stop_threads(pool);
      start_threads(pool, threads);
    }
    if (pool->started > 0) {
      run(pool, count, task, context);
      atomic_flag_clear(&pool->busy);
      return;
    }
    atomic_flag_clear(&pool->busy);
  }
  for (long i = 0; i < count; i++) task(context, i);
}

ferry_pool *ferry_pool_create(int threads) {
  ferry_pool *pool = calloc(1, sizeof *pool);
  if (!pool) abort();
  atomic_store(&pool->word, CLOSED);
  atomic_flag_clear(&pool->busy);
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->wake, NULL);
  atomic_store(&pool->wanted, (int)long_max(1, long_min(threads, MOST_THREADS)));
  pool->insists = 1;
  return pool;
}

long ferry_pool_destroy(ferry_pool *pool) {
  stop_threads(pool);
  long helped = atomic_load(&pool->helped);
  pthread_mutex_destroy(&pool->lock);
  pthread_cond_destroy(&pool->wake);
  free(pool);
  return helped;
}

ferry_pool *ferry_pool_use(ferry_pool *pool) {
  ferry_pool *before = own;
  own = pool;
  return before;
}
