// Convolution with 3x3 kernels and stride 1 by F(4x4, 3x3) (Lavin and Gray 2016; Winograd 1980).
//
// A tile of 4x4 outputs needs 6x6 inputs; both become 36 numbers a channel, and the convolution
// becomes one matrix product for each of the 36 positions, with a quarter of the multiplications.
//
// Layouts, a position's stride padded to an odd number of cache lines (a multiple of 4096 bytes
// would put all 36 into the same few cache sets):
//   V   [36][C/16][tiles][16]   transformed inputs: read by broadcast, no packing
//   U   [K/16][36][C][16]       transformed weights
//   M   [36][blocks][tiles][16] products, before the output transform
#ifndef FERRY_WINOGRAD_H
#define FERRY_WINOGRAD_H

#include "targets.h"

enum { POSITIONS = 36, TILE = 4, PATCH = 6 };

// Interpolation points 0, +-3/4, +-3/2 and infinity: half the rounding error of 0, +-1, +-2.
#define POINT_A 0.75f
#define POINT_B 1.5f

// Where a tile lies; its patch starts at (y, x), outside the image where negative.
typedef struct {
  long sample, y, x;
} ferry_tile;

// Tiles over the [n][out_h][out_w] outputs whose inputs are `padding` pixels up and left.
typedef struct {
  long n, h, w, out_h, out_w, padding, across, down;
} ferry_tiling;

static inline ferry_tiling tiling_of(long n, long h, long w, long out_h, long out_w,
                                     long padding) {
  return (ferry_tiling){n,       h, w, out_h, out_w, padding, divide_up(out_w, TILE),
                        divide_up(out_h, TILE)};
}

static inline long tiles_of(const ferry_tiling *t) { return t->n * t->across * t->down; }

static inline ferry_tile tile_at(const ferry_tiling *t, long index) {
  long rest = index % (t->across * t->down);
  return (ferry_tile){index / (t->across * t->down), rest / t->across * TILE,
                      rest % t->across * TILE};
}

// Floats from one position to the next where each takes `vectors` vectors.
static inline long position_stride(long vectors) { return (vectors | 1) * LANES; }

#endif
