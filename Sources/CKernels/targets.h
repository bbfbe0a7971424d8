// What every kernel's source shares: vectors of sixteen floats and the three targets.
//
// A kernel's file holds its body once and includes itself once a target through each_target.h;
// inside the body, TARGETED(name) is the target's own name. The vectors are the compiler's: sixteen
// floats are one register under AVX-512, two under AVX2 and four otherwise.
#ifndef FERRY_TARGETS_H
#define FERRY_TARGETS_H

#include <math.h>
#include <string.h>

#include "kernels.h"

#ifndef __AVX512F__
#pragma clang diagnostic ignored "-Wpsabi"
#endif

typedef float f16 __attribute__((vector_size(64), aligned(64)));
typedef float f16_memory __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t i16 __attribute__((vector_size(64), aligned(64)));
typedef double d16 __attribute__((vector_size(128), aligned(64)));
typedef uint8_t b16 __attribute__((vector_size(16), aligned(16)));

#define ALWAYS static inline __attribute__((always_inline, unused))
#define LANES 16

#define LOAD(p) ((f16)(*(const f16_memory *)(p)))
#define STORE(p, v) (*(f16_memory *)(p) = (v))
// Spelled out lane by lane, which compiles to one broadcast; a sum with zero would stay a sum.
#define SPLAT(x)                                                                          \
  ({                                                                                      \
    float lane_ = (x);                                                                    \
    (f16){lane_, lane_, lane_, lane_, lane_, lane_, lane_, lane_,                         \
          lane_, lane_, lane_, lane_, lane_, lane_, lane_, lane_};                        \
  })
// Lane by lane a > b ? x : y, and the larger one.
#define SELECT(mask, x, y) ((f16)(((i16)(x) & (mask)) | ((i16)(y) & ~(mask))))
#define MAXIMUM(a, b) __builtin_elementwise_max(a, b)

static inline long blocks_of(long channels) { return (channels + LANES - 1) / LANES; }
static inline long long_min(long a, long b) { return a < b ? a : b; }
static inline long long_max(long a, long b) { return a > b ? a : b; }
static inline long divide_up(long a, long b) { return (a + b - 1) / b; }

// Calls the chosen target's version of a kernel.
#if defined(__x86_64__)
#define FERRY_CALL(name, arguments)              \
  do {                                           \
    switch (ferry_target()) {                    \
      case FERRY_AVX512: name##_avx512 arguments; break; \
      case FERRY_AVX2: name##_avx2 arguments; break;     \
      default: name##_portable arguments; break; \
    }                                            \
  } while (0)
#else
#define FERRY_CALL(name, arguments) name##_portable arguments
#endif

#endif
