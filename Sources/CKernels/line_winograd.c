// Convolutions with kernels of r x 3, a row of outputs at a time, in half the multiplications: Winograd's
// F(4, 3) along the row (Lavin and Gray 2016, with the points 0, 1, -1, 2, -2).
//
// A row of pixels is transformed once and serves r rows of outputs.
#ifndef FERRY_BODY
#include "targets.h"

enum { POSITIONS = 6, OUTPUTS = 4 };

typedef struct {
  const ferry_line *line;
  const float *const *rows;
  const float *x;
  long pixel, width, tiles, count, y_step;
  float *y;
} wide_job;

#define FERRY_SOURCE "line_winograd.c"
#include "each_target.h"

static long wide_tiles(long count) { return divide_up(count, OUTPUTS); }

long ferry_wide_row_count(long count, long pixel) {
  return POSITIONS * wide_tiles(count) * pixel;
}

long ferry_wide_packed_count(long k, long c, long r) {
  return blocks_of(k) * POSITIONS * r * c * LANES;
}

void ferry_wide_pack(const float *weights, long k, long c, long r, float *packed) {
  memset(packed, 0, sizeof(float) * (size_t)ferry_wide_packed_count(k, c, r));
  for (long i = 0; i < k; i++)
    for (long j = 0; j < c; j++)
      for (long row = 0; row < r; row++) {
        const float *g = weights + ((i * c + j) * r + row) * 3;
        double a = g[0], b = g[1], d = g[2];
        double u[POSITIONS] = {a / 4, -(a + b + d) / 6, -(a - b + d) / 6, (a + 2 * b + 4 * d) / 24,
                               (a - 2 * b + 4 * d) / 24, d};
        for (long p = 0; p < POSITIONS; p++)
          packed[(((i / LANES * POSITIONS + p) * r + row) * c + j) * LANES + i % LANES] =
              (float)u[p];
      }
}

void ferry_wide_transform(const float *x, long width, long pixel, long count, float *y) {
  wide_job job = {.x = x, .width = width, .pixel = pixel, .tiles = wide_tiles(count), .y = y};
  FERRY_CALL(wide_transform, (&job));
}

void ferry_wide_forward(const ferry_line *line, const float *const *rows, long pixel, long count,
                        float *y, long y_step) {
  wide_job job = {.line = line, .rows = rows, .pixel = pixel, .tiles = wide_tiles(count),
                  .count = count, .y_step = y_step, .y = y};
  FERRY_CALL(wide_run, (&job));
}
#else
#include "products.h"

static void TARGETED(wide_transform)(wide_job *job) {
  long plane = job->tiles * job->pixel;
  for (long tile = 0; tile < job->tiles; tile++)
    for (long c = 0; c < job->pixel; c += LANES) {
      f16 d[POSITIONS];
      for (long p = 0; p < POSITIONS; p++) {
        long x = tile * OUTPUTS + p;
        d[p] = x < job->width ? LOAD(job->x + x * job->pixel + c) : (f16){};
      }
      float *to = job->y + tile * job->pixel + c;
      f16 even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1];
      f16 near = d[4] - d[2], far = 2 * (d[3] - d[1]);
      STORE(to, 4 * d[0] - 5 * d[2] + d[4]);
      STORE(to + plane, even + odd);
      STORE(to + 2 * plane, even - odd);
      STORE(to + 3 * plane, near + far);
      STORE(to + 4 * plane, near - far);
      STORE(to + 5 * plane, 4 * d[1] - 5 * d[3] + d[5]);
    }
}

ALWAYS void TARGETED(wide_store)(const wide_job *job, long tile, long block, const f16 *m,
                                 const long stride) {
  f16 sum = m[stride] + m[2 * stride], difference = m[stride] - m[2 * stride];
  f16 sum2 = m[3 * stride] + m[4 * stride], difference2 = m[3 * stride] - m[4 * stride];
  f16 out[OUTPUTS] = {m[0] + sum + sum2, difference + 2 * difference2, sum + 4 * sum2,
                      difference + 8 * difference2 + m[5 * stride]};
  f16 bias = LOAD(job->line->bias + block * LANES), slope = LOAD(job->line->slope + block * LANES);
  long left = long_min(OUTPUTS, job->count - tile * OUTPUTS);
  float *y = job->y + tile * OUTPUTS * job->y_step + block * LANES;
  for (long i = 0; i < left; i++, y += job->y_step) {
    f16 value = out[i] + bias;
    STORE(y, MAXIMUM(value, (f16){}) + slope * __builtin_elementwise_min(value, (f16){}));
  }
}

ALWAYS void TARGETED(wide_tile)(const int rows, const int blocks, const wide_job *job, long first,
                                long block) {
  const ferry_line *line = job->line;
  long row_weights = line->c * LANES, block_stride = POSITIONS * line->r * row_weights;
  const float *weights = line->weights + block * block_stride;
  f16 products[POSITIONS][ROWS][BLOCKS];
  for (long p = 0; p < POSITIONS; p++) {
    f16 acc[ROWS][BLOCKS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
      for (int b = 0; b < blocks; b++) acc[r][b] = (f16){};
    for (long j = 0; j < line->r; j++, weights += row_weights)
      TARGETED(products_add)(rows, blocks, job->rows[j] + (p * job->tiles + first) * job->pixel,
                             job->pixel, 0, 1, line->c, weights, block_stride, acc);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
      for (int b = 0; b < blocks; b++) products[p][r][b] = acc[r][b];
  }
  for (int r = 0; r < rows; r++)
    for (int b = 0; b < blocks; b++)
      TARGETED(wide_store)(job, first + r, block + b, &products[0][r][b], ROWS * BLOCKS);
}

#define TILE(rows, blocks) TARGETED(wide_tile)(rows, blocks, job, first, block)

static void TARGETED(wide_run)(wide_job *job) {
  long runs = divide_up(job->tiles, ROWS);
  for (long block = 0; block < job->line->blocks; block += BLOCKS) {
    long blocks = long_min(BLOCKS, job->line->blocks - block);
    for (long run = 0; run < runs; run++) {
      long first = run * job->tiles / runs, rows = (run + 1) * job->tiles / runs - first;
      if (BLOCKS > 1 && blocks == BLOCKS) {
        FOR_ROWS(rows, TILE, BLOCKS)
      } else {
        FOR_ROWS(rows, TILE, 1)
      }
    }
  }
}
#undef TILE
#endif
