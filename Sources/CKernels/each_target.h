// Includes FERRY_SOURCE once a target. No guard: each kernel's file includes this once.
//
// ROWS and BLOCKS are the register tile of the products: ROWS x BLOCKS vectors of sixteen floats
// are held, and WEIGHT_ROWS x 1 for the gradient of weights; NATIVE floats are one register. Portable
// code keeps products and sums apart, so that it gives the same bits on every machine; the others
// fuse them.
#define FERRY_BODY

#pragma clang fp contract(off)
#define TARGETED(name) name##_portable
#define ROWS 3
#define BLOCKS 1
#define WEIGHT_ROWS 3
#define NATIVE 4
#include FERRY_SOURCE
#undef TARGETED
#undef ROWS
#undef BLOCKS
#undef WEIGHT_ROWS
#undef NATIVE
#pragma clang fp contract(on)

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define TARGETED(name) name##_avx2
#define ROWS 6
#define BLOCKS 1
#define WEIGHT_ROWS 6
#define NATIVE 8
#include FERRY_SOURCE
#undef TARGETED
#undef ROWS
#undef BLOCKS
#undef WEIGHT_ROWS
#undef NATIVE
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))), apply_to = function)
#define TARGETED(name) name##_avx512
#define ROWS 14
#define BLOCKS 2
#define WEIGHT_ROWS 16
#define NATIVE 16
#include FERRY_SOURCE
#undef TARGETED
#undef ROWS
#undef BLOCKS
#undef WEIGHT_ROWS
#undef NATIVE
#pragma clang attribute pop
#endif

#undef FERRY_BODY
