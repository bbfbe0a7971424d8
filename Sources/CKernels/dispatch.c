// The choice of target: asked of the processor once, or named by FERRY_KERNELS.
#include <stdatomic.h>
#include <stdlib.h>

#include "targets.h"

static atomic_int chosen = -1;
static _Thread_local int forced = -1;

static int best(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
    return FERRY_AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return FERRY_AVX2;
#endif
  return FERRY_PORTABLE;
}

int ferry_force_target(int target) {
  int most = best();
  forced = target < 0 ? -1 : (target < most ? target : most);
  return forced;
}

static int wanted(void) {
  const char *name = getenv("FERRY_KERNELS");
  if (name && strcmp(name, "portable") == 0) return FERRY_PORTABLE;
  if (name && strcmp(name, "avx2") == 0) return FERRY_AVX2;
  return FERRY_AVX512;
}

int ferry_target(void) {
  if (forced >= 0) return forced;
  int now = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (now < 0) {
    int most = best();
    now = wanted() < most ? wanted() : most;
    atomic_store(&chosen, now);
  }
  return now;
}
