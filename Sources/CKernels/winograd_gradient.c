// Gradient of the weights by F(4x4, 3x3): dU = V^T dM with dM = A dy A^T, then dw = G^T dU G.
//
// V and dM of a run of tiles come first. Few channels: a task owns one of the 36 positions and adds
// its products to a dU that lives until the last run; then dU becomes dw. Many channels (dU larger
// than the caches): a task owns GROUP_C x GROUP_K blocks at all positions and turns its products
// into dw at once. Every sum runs over the tiles in order.
#ifndef FERRY_BODY
#include "winograd.h"

enum { GROUP_C = 4, GROUP_K = 2, CHUNK = 32, RUN_FLOATS = 2 << 20, SMALL_U = 3 << 18 };

typedef struct {
  ferry_tiling tiling;
  const ferry_conv *conv;
  const float *x, *dy;
  float *v, *m, *u, *dw;  // v [36][C/16][run][16], m [36][K/16][run][16]
  long c_blocks, k_blocks, first, run, v_stride, m_stride, u_stride;
  int accumulate;
} gradient_job;

#define FERRY_SOURCE "winograd_gradient.c"
#include "each_target.h"

void ferry_winograd_backward_weights(const ferry_conv *conv, const float *x, const float *dy,
                                     int accumulate, float *dw) {
  gradient_job job = {
      .tiling = tiling_of(conv->n, conv->h, conv->w, conv->oh, conv->ow, conv->padding),
      .conv = conv, .x = x, .dy = dy, .dw = dw, .c_blocks = blocks_of(conv->c),
      .k_blocks = blocks_of(conv->k), .accumulate = accumulate};
  FERRY_CALL(gradient_run, (&job));
}
#else
#include "filters.h"
#include "winograd_transforms.h"

// A dy: the transpose of the output transform.
ALWAYS void TARGETED(gradient_1d)(const VECTOR y[TILE], VECTOR m[PATCH]) {
  const float a = POINT_A, b = POINT_B;
  VECTOR even = y[0] + a * a * y[2], odd = y[1] + a * a * y[3];
  m[0] = y[0];
  m[1] = even + a * odd;
  m[2] = even - a * odd;
  even = y[0] + b * b * y[2];
  odd = y[1] + b * b * y[3];
  m[3] = even + b * odd;
  m[4] = even - b * odd;
  m[5] = y[3];
}

// The gradient's dM = A dy A^T of one tile and sixteen channels; dy outside the image is zero.
static void TARGETED(gradient_tile)(const float *dy, long w, long rows, long columns, float *m,
                                    long stride) {
  for (long part = 0; part < LANES; part += NATIVE) {
    VECTOR half[PATCH][TILE], y[TILE], t[PATCH];
#pragma clang loop unroll(full)
    for (long x = 0; x < TILE; x++) {
      for (long i = 0; i < TILE; i++)
        y[i] = i < rows && x < columns ? AT(dy + (i * w + x) * LANES + part) : (VECTOR){};
      TARGETED(gradient_1d)(y, t);
      for (long i = 0; i < PATCH; i++) half[i][x] = t[i];
    }
#pragma clang loop unroll(full)
    for (long i = 0; i < PATCH; i++) {
      TARGETED(gradient_1d)(half[i], t);
      for (long j = 0; j < PATCH; j++)
        *(VECTOR *)(m + (i * PATCH + j) * stride + part) = t[j];
    }
  }
}

// V or dM of CHUNK tiles of one block.
static void TARGETED(operands_task)(void *context, long index) {
  const gradient_job *job = context;
  const ferry_tiling *t = &job->tiling;
  long all = job->c_blocks + job->k_blocks, block = index % all, from = index / all * CHUNK;
  for (long i = from; i < long_min(job->run, from + CHUNK); i++) {
    ferry_tile tile = tile_at(t, job->first + i);
    if (block < job->c_blocks) {
      const float *plane = job->x + (tile.sample * job->c_blocks + block) * t->h * t->w * LANES;
      TARGETED(patch) patch = TARGETED(patch_at)(plane, t->h, t->w, tile.y - t->padding,
                                                 tile.x - t->padding);
      TARGETED(input_tile)(&patch, job->v + (block * job->run + i) * LANES, job->v_stride);
    } else {
      long k = block - job->c_blocks;
      long at = ((tile.sample * job->k_blocks + k) * t->out_h + tile.y) * t->out_w + tile.x;
      TARGETED(gradient_tile)(job->dy + at * LANES, t->out_w, t->out_h - tile.y,
                              t->out_w - tile.x, job->m + (k * job->run + i) * LANES,
                              job->m_stride);
    }
  }
}

ALWAYS void TARGETED(add_products)(const int rows, const float *v, const float *m, long tiles,
                                   int fresh, float *u) {
  f16 acc[WEIGHT_ROWS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) acc[r] = fresh ? (f16){} : LOAD(u + r * LANES);
  for (long i = 0; i < tiles; i++, v += LANES, m += LANES) {
    f16 gradient = LOAD(m);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) acc[r] += gradient * SPLAT(v[r]);
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) STORE(u + r * LANES, acc[r]);
}

// u [16 c][16 k] (+)= the products of all the run's tiles at one position.
static void TARGETED(block_products)(const gradient_job *job, long position, long cb, long kb,
                                     int fresh, float *u) {
  const float *v = job->v + position * job->v_stride + cb * job->run * LANES;
  const float *m = job->m + position * job->m_stride + kb * job->run * LANES;
  long c = 0;
  for (; c + WEIGHT_ROWS <= LANES; c += WEIGHT_ROWS)
    TARGETED(add_products)(WEIGHT_ROWS, v + c, m, job->run, fresh, u + c * LANES);
  const int rest = LANES % WEIGHT_ROWS;
  if (rest) TARGETED(add_products)(rest, v + c, m, job->run, fresh, u + c * LANES);
}

// G^T u of six values.
ALWAYS void TARGETED(filter_1d)(const VECTOR u[PATCH], VECTOR g[3]) {
  const float a = POINT_A, b = POINT_B, aa = a * a, bb = b * b;
  const float at_zero = 1 / (aa * bb), at_a = 1 / (2 * aa * (aa - bb));
  const float at_b = 1 / (2 * bb * (bb - aa));
  VECTOR s = at_a * (u[1] + u[2]), d = at_a * a * (u[1] - u[2]);
  VECTOR t = at_b * (u[3] + u[4]), e = at_b * b * (u[3] - u[4]);
  g[0] = at_zero * u[0] + (s + t);
  g[1] = d + e;
  g[2] = aa * s + (bb * t + u[5]);
}

// The nine taps [9][16] of one channel and sixteen filters from dU.
static void TARGETED(filter_tile)(const float *u, long stride, float *taps) {
  for (long part = 0; part < LANES; part += NATIVE) {
    VECTOR half[3][PATCH], t[PATCH], g[3];
#pragma clang loop unroll(full)
    for (long x = 0; x < PATCH; x++) {
      for (long y = 0; y < PATCH; y++) t[y] = AT(u + (y * PATCH + x) * stride + part);
      TARGETED(filter_1d)(t, g);
      for (long i = 0; i < 3; i++) half[i][x] = g[i];
    }
#pragma clang loop unroll(full)
    for (long i = 0; i < 3; i++) {
      TARGETED(filter_1d)(half[i], g);
      for (long j = 0; j < 3; j++) *(VECTOR *)(taps + (i * 3 + j) * LANES + part) = g[j];
    }
  }
}

// dw of sixteen channels and filters from dU, whose positions lie `stride` floats apart.
static void TARGETED(filters)(const gradient_job *job, long cb, long kb, const float *u,
                              long stride, int accumulate) {
  float rows[8 * 9 * LANES] __attribute__((aligned(64)));
  for (long c = cb * LANES; c < long_min(job->conv->c, (cb + 1) * LANES); c += 8, u += 8 * LANES) {
    for (long i = 0; i < 8; i++)
      TARGETED(filter_tile)(u + i * LANES, stride, rows + i * 9 * LANES);
    TARGETED(store_filters)(job->conv, rows, accumulate, kb * LANES, c, job->dw);
  }
}

static void TARGETED(position_task)(void *context, long position) {
  const gradient_job *job = context;
  for (long kb = 0; kb < job->k_blocks; kb++)
    for (long cb = 0; cb < job->c_blocks; cb++)
      TARGETED(block_products)(job, position, cb, kb, job->first == 0,
                               job->u + position * job->u_stride +
                                   (kb * job->c_blocks + cb) * LANES * LANES);
}

static void TARGETED(filters_task)(void *context, long index) {
  const gradient_job *job = context;
  TARGETED(filters)(job, index % job->c_blocks, index / job->c_blocks,
                    job->u + index * LANES * LANES, job->u_stride, job->accumulate);
}

static void TARGETED(group_task)(void *context, long index) {
  const gradient_job *job = context;
  long across = divide_up(job->c_blocks, GROUP_C);
  long c0 = index % across * GROUP_C, k0 = index / across * GROUP_K;
  long c1 = long_min(job->c_blocks, c0 + GROUP_C), k1 = long_min(job->k_blocks, k0 + GROUP_K);
  const long size = LANES * LANES, stride = GROUP_C * GROUP_K * size + LANES;
  float *u = ferry_scratch(1, POSITIONS * stride * (long)sizeof(float));
  for (long position = 0; position < POSITIONS; position++)
    for (long kb = k0; kb < k1; kb++)
      for (long cb = c0; cb < c1; cb++)
        TARGETED(block_products)(job, position, cb, kb, 1,
                                 u + position * stride + ((kb - k0) * GROUP_C + cb - c0) * size);
  for (long kb = k0; kb < k1; kb++)
    for (long cb = c0; cb < c1; cb++)
      TARGETED(filters)(job, cb, kb, u + ((kb - k0) * GROUP_C + cb - c0) * size, stride,
                        job->accumulate || job->first > 0);
}

static void TARGETED(gradient_run)(gradient_job *job) {
  long tiles = tiles_of(&job->tiling), all = job->c_blocks + job->k_blocks;
  long u_size = job->c_blocks * job->k_blocks * LANES * LANES;
  int small = POSITIONS * u_size <= SMALL_U;
  long most = long_max(CHUNK, (small ? RUN_FLOATS : 3 * RUN_FLOATS) / (POSITIONS * all * LANES));
  long runs = divide_up(tiles, most), each = divide_up(tiles, long_max(1, runs));
  job->u_stride = position_stride(u_size / LANES);
  if (small) job->u = ferry_scratch(2, POSITIONS * job->u_stride * (long)sizeof(float));
  long v_size = POSITIONS * position_stride(job->c_blocks * each);
  job->v = ferry_scratch(
      3, (v_size + POSITIONS * position_stride(job->k_blocks * each)) * (long)sizeof(float));
  job->m = job->v + v_size;
  for (job->first = 0; job->first < tiles; job->first += each) {
    job->run = long_min(each, tiles - job->first);
    job->v_stride = position_stride(job->c_blocks * job->run);
    job->m_stride = position_stride(job->k_blocks * job->run);
    ferry_parallel(all * divide_up(job->run, CHUNK), TARGETED(operands_task), job);
    if (small)
      ferry_parallel(POSITIONS, TARGETED(position_task), job);
    else
      ferry_parallel(divide_up(job->c_blocks, GROUP_C) * divide_up(job->k_blocks, GROUP_K),
                     TARGETED(group_task), job);
  }
  if (small) ferry_parallel(job->c_blocks * job->k_blocks, TARGETED(filters_task), job);
}
#endif
