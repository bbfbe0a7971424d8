// Products of plain matrices with any transposition, on our own register tile.
//
// op(b) is packed once into [n/16][k][16]; a task takes a run of rows of c, packs op(a) where it is
// transposed, and multiplies. The depth is never split, so each sum has one order.
#ifndef FERRY_BODY
#include "targets.h"

enum { TASK_ROWS = 28 };

typedef struct {
  int transpose_a, transpose_b, accumulate;
  long m, n, k, lda, ldb, ldc;
  const float *a, *b;
  float *packed, *c;
} matrix_job;

static void pack_b_task(void *context, long block) {
  const matrix_job *job = context;
  float *out = job->packed + block * job->k * LANES;
  long width = long_min(LANES, job->n - block * LANES);
  for (long p = 0; p < job->k; p++, out += LANES)
    for (long j = 0; j < LANES; j++) {
      long column = block * LANES + j;
      long at = job->transpose_b ? column * job->ldb + p : p * job->ldb + column;
      out[j] = j < width ? job->b[at] : 0;
    }
}

static __attribute__((noinline)) void store_row(const float *from, long width, int accumulate,
                                                float *to) {
  if (accumulate)
    for (long j = 0; j < width; j++) to[j] += from[j];
  else
    memcpy(to, from, sizeof(float) * (size_t)width);
}

#define FERRY_SOURCE "matrix.c"
#include "each_target.h"

void ferry_matrix_product(int transpose_a, int transpose_b, long m, long n, long k, const float *a,
                          long lda, const float *b, long ldb, int accumulate, float *c,
                          long ldc) {
  matrix_job job = {transpose_a, transpose_b, accumulate, m, n, k, lda, ldb, ldc, a, b, NULL, c};
  job.packed = ferry_scratch(3, blocks_of(n) * k * LANES * (long)sizeof(float) + 64);
  ferry_parallel(blocks_of(n), pack_b_task, &job);
  FERRY_CALL(matrix_run, (&job));
}
#else
#include "products.h"

ALWAYS void TARGETED(matrix_tile)(const int rows, const int blocks, const matrix_job *job,
                                  const float *a, long stride, long first, long block) {
  f16 acc[ROWS][BLOCKS];
  TARGETED(products)(rows, blocks, a, stride, 0, 1, job->k, job->packed + block * job->k * LANES,
                     job->k * LANES, acc);
  float tile[ROWS][BLOCKS * LANES] __attribute__((aligned(64)));
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
    for (int b = 0; b < blocks; b++)
      *(f16 *)(tile[r] + b * LANES) = acc[r][b];
  long width = long_min(blocks * LANES, job->n - block * LANES);
  for (int r = 0; r < rows; r++)
    store_row(tile[r], width, job->accumulate, job->c + (first + r) * job->ldc + block * LANES);
}

#define TILE(rows, blocks) \
  TARGETED(matrix_tile)(rows, blocks, job, a + (from - first) * stride, stride, from, block)

static void TARGETED(matrix_task)(void *context, long index) {
  const matrix_job *job = context;
  long first = index * TASK_ROWS, count = long_min(TASK_ROWS, job->m - first);
  const float *a = job->a + first * job->lda;
  long stride = job->lda, tiles = divide_up(count, ROWS), all = blocks_of(job->n);
  if (job->transpose_a) {
    float *rows = ferry_scratch(0, TASK_ROWS * job->k * (long)sizeof(float) + 64);
    for (long p = 0; p < job->k; p++)
      for (long r = 0; r < count; r++) rows[r * job->k + p] = job->a[p * job->lda + first + r];
    a = rows;
    stride = job->k;
  }
  for (long block = 0; block < all; block += BLOCKS)
    for (long tile = 0; tile < tiles; tile++) {
      long from = first + tile * count / tiles;
      long rows = first + (tile + 1) * count / tiles - from;
      if (BLOCKS > 1 && block + BLOCKS <= all) {
        FOR_ROWS(rows, TILE, BLOCKS)
      } else {
        FOR_ROWS(rows, TILE, 1)
      }
    }
}
#undef TILE

static void TARGETED(matrix_run)(matrix_job *job) {
  ferry_parallel(divide_up(job->m, TASK_ROWS), TARGETED(matrix_task), job);
}
#endif
