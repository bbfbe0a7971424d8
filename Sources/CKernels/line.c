// Layers of small detectors, a line of outputs at a time: few channels, channels last, no padding.
// A layer reads its rows where they lie, so that nothing is gathered first.
#ifndef FERRY_BODY
#include "targets.h"

typedef struct {
  const ferry_line *line;
  const float *const *rows;
  long pixel, step, count, y_step;
  float *y;
} line_job;

typedef struct {
  const float *const *rows;
  long row_count, width, size, channels, count;
  float *y;
} line_pool_job;

#define FERRY_SOURCE "line.c"
#include "each_target.h"

long ferry_line_packed_count(long k, long c, long r, long s) {
  return blocks_of(k) * r * s * c * LANES;
}

void ferry_line_pack(const float *weights, long k, long c, long r, long s, float *packed) {
  memset(packed, 0, sizeof(float) * (size_t)ferry_line_packed_count(k, c, r, s));
  long area = r * s;
  for (long i = 0; i < k; i++) {
    float *block = packed + i / LANES * area * c * LANES + i % LANES;
    for (long j = 0; j < c; j++)
      for (long tap = 0; tap < area; tap++)
        block[(tap * c + j) * LANES] = weights[(i * c + j) * area + tap];
  }
}

void ferry_line_forward(const ferry_line *line, const float *const *rows, long pixel, long step,
                        long count, float *y, long y_step) {
  line_job job = {line, rows, pixel, step, count, y_step, y};
  FERRY_CALL(line_run, (&job));
}

void ferry_line_max_pool(const float *const *rows, long row_count, long width, long size,
                         long channels, long count, float *y) {
  line_pool_job job = {rows, row_count, width, size, channels, count, y};
  FERRY_CALL(line_pool_run, (&job));
}
#else
#include "products.h"

ALWAYS void TARGETED(line_tile)(const int rows, const int blocks, const line_job *job, long first,
                                long block) {
  const ferry_line *line = job->line;
  f16 acc[ROWS][BLOCKS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
    for (int b = 0; b < blocks; b++) acc[r][b] = (f16){};
  // Pixels without padding channels make one run of a kernel's row; that of the first layers has nine
  // floats, which the compiler unrolls.
  int dense = job->pixel == line->c;
  long chunks = dense ? 1 : line->s, length = dense ? line->s * line->c : line->c;
  long row_weights = line->s * line->c * LANES, block_stride = line->r * row_weights;
  const float *weights = line->weights + block * block_stride;
  for (long j = 0; j < line->r; j++) {
    const float *from = job->rows[j] + first * job->step;
    if (dense && length == 9 && job->step == 3)
      TARGETED(products_add)(rows, blocks, from, 3, 0, 1, 9, weights + j * row_weights,
                             block_stride, acc);
    else
      TARGETED(products_add)(rows, blocks, from, job->step, job->pixel, chunks, length,
                             weights + j * row_weights, block_stride, acc);
  }
  for (int b = 0; b < blocks; b++) {
    f16 bias = LOAD(line->bias + (block + b) * LANES);
    f16 slope = line->slope ? LOAD(line->slope + (block + b) * LANES) : SPLAT(1.0f);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      f16 value = acc[r][b] + bias;
      f16 below = __builtin_elementwise_min(value, (f16){});
      STORE(job->y + (first + r) * job->y_step + (block + b) * LANES,
            MAXIMUM(value, (f16){}) + slope * below);
    }
  }
}

#define TILE(rows, blocks) TARGETED(line_tile)(rows, blocks, job, first, block)

static void TARGETED(line_run)(line_job *job) {
  long tiles = divide_up(job->count, ROWS);
  for (long block = 0; block < job->line->blocks; block += BLOCKS) {
    long blocks = long_min(BLOCKS, job->line->blocks - block);
    for (long tile = 0; tile < tiles; tile++) {
      long first = tile * job->count / tiles;
      long rows = (tile + 1) * job->count / tiles - first;
      if (BLOCKS > 1 && blocks == BLOCKS) {
        FOR_ROWS(rows, TILE, BLOCKS)
      } else {
        FOR_ROWS(rows, TILE, 1)
      }
    }
  }
}
#undef TILE

static void TARGETED(line_pool_run)(line_pool_job *job) {
  for (long i = 0; i < job->count; i++) {
    long end = long_min(2 * i + job->size, job->width);
    for (long c = 0; c < job->channels; c += LANES) {
      f16 most = LOAD(job->rows[0] + 2 * i * job->channels + c);
      for (long row = 0; row < job->row_count; row++)
        for (long x = 2 * i; x < end; x++)
          most = MAXIMUM(most, LOAD(job->rows[row] + x * job->channels + c));
      STORE(job->y + i * job->channels + c, most);
    }
  }
}
#endif
