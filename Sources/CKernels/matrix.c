// Products of plain matrices with any transposition, on our own register tile.
//
// op(b) is packed as panels [depth][16] and op(a) as tiles [depth][ROWS]. The depth is cut into chunks,
// so that a panel of b stays in the first cache and a block of a in the second. Bias, activation and
// residual are done to each block before it leaves the cache. All cuts follow from the sizes alone, so
// each sum has one order on any number of threads.
#ifndef FERRY_BODY
#include "matrix.h"

// A run of rows of c (+)= the parts' results, in their order.
static void add_parts_task(void *context, long row) {
  const matrix_job *job = context;
  const ferry_product *p = job->p;
  float *restrict c = p->c + row * p->ldc;
  const float *restrict part = job->partial + row * p->n;
  if (!p->accumulate) memset(c, 0, (size_t)p->n * sizeof(float));
  for (long q = 0; q < job->parts; q++, part += p->m * p->n)
    for (long i = 0; i < p->n; i++) c[i] += part[i];
}

#define FERRY_SOURCE "matrix.c"
#include "each_target.h"

static void cut(matrix_job *job, long height) {
  const ferry_product *p = job->p;
  job->row_blocks = divide_up(p->m, height);
  job->columns = COLUMNS;
  while (job->columns > LEAST_COLUMNS && job->row_blocks * divide_up(p->n, job->columns) < TASKS)
    job->columns /= 2;
  job->column_blocks = divide_up(p->n, job->columns);
}

void ferry_matrix_product(const ferry_product *p) {
  matrix_job job = {.p = p, .parts = 1};
  if (p->m == 0 || p->n == 0) return;
  if (p->transpose_a) {
    cut(&job, TURNED_ROWS);
    job.parts = long_min(TASKS / (job.row_blocks * job.column_blocks), p->k / PART_DEPTH);
    if (job.parts > 1)
      job.partial = ferry_scratch(3, job.parts * p->m * p->n * (long)sizeof(float));
    FERRY_CALL(matrix_turned_run, (&job));
    if (job.parts > 1) ferry_parallel(p->m, add_parts_task, &job);
  } else {
    cut(&job, BLOCK_ROWS);
    job.b_stride = panel_stride(p->k * LANES);
    job.packed = ferry_scratch(3, blocks_of(p->n) * job.b_stride * (long)sizeof(float));
    FERRY_CALL(matrix_run, (&job));
  }
}

void ferry_matrix_end(const ferry_product *p) {
  matrix_job job = {.p = p};
  FERRY_CALL(end_run, (&job));
}
#else
#include "matrix_end.h"
#include "matrix_pack.h"
#include "products.h"

// c (or c +) = a tile's sums; rows and columns beyond the result are left out.
ALWAYS void TARGETED(matrix_store)(const int blocks, f16 acc[ROWS][BLOCKS], int add, long rows,
                                   long width, float *c, long ldc) {
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++) {
    if (r >= rows) return;
    float *to = c + r * ldc;
    for (int b = 0; b < blocks; b++, to += LANES) {
      long n = width - b * LANES;
      if (n >= LANES) {
        STORE(to, add ? LOAD(to) + acc[r][b] : acc[r][b]);
      } else {
        float tile[LANES] __attribute__((aligned(64)));
        *(f16 *)tile = acc[r][b];
        for (long j = 0; j < n; j++) to[j] = add ? to[j] + tile[j] : tile[j];
      }
    }
  }
}

ALWAYS void TARGETED(matrix_tile)(const int blocks, const matrix_chunk *chunk, long row,
                                  long block) {
  f16 acc[ROWS][BLOCKS];
  float *c = chunk->c + row * chunk->ldc + block * LANES;
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++) __builtin_prefetch(c + r * chunk->ldc, 1);
  // Each tile fetches a share of the panel that follows.
  const float *next = chunk->b + (block + blocks) * chunk->b_stride;
  long share = divide_up(chunk->depth * ROWS, chunk->rows), first = row / ROWS * share;
  for (long i = first; i < long_min(chunk->depth, first + share); i++)
    __builtin_prefetch(next + i * LANES, 0, 2);
  TARGETED(products)(ROWS, blocks, chunk->a + row / ROWS * chunk->a_stride, 1, ROWS, chunk->depth,
                     1, chunk->b + block * chunk->b_stride, chunk->b_stride, acc);
  TARGETED(matrix_store)(blocks, acc, chunk->add, chunk->rows - row,
                         chunk->columns - block * LANES, c, chunk->ldc);
}

// A block of c from one chunk of the depth: each panel of b meets all rows of a.
static void TARGETED(matrix_block)(const matrix_chunk *chunk) {
  long all = blocks_of(chunk->columns), blocks;
  for (long block = 0; block < all; block += blocks) {
    blocks = block + BLOCKS <= all ? BLOCKS : 1;
    for (long row = 0; row < chunk->rows; row += ROWS) {
      if (BLOCKS > 1 && blocks > 1)
        TARGETED(matrix_tile)(BLOCKS, chunk, row, block);
      else
        TARGETED(matrix_tile)(1, chunk, row, block);
    }
  }
}

static void TARGETED(matrix_task)(void *context, long index) {
  const matrix_job *job = context;
  const ferry_product *p = job->p;
  long row = index / job->column_blocks * BLOCK_ROWS;
  long column = index % job->column_blocks * job->columns;
  long rows = long_min(BLOCK_ROWS, p->m - row);
  long chunks = long_max(1, divide_up(p->k, DEPTH));
  long stride = panel_stride(divide_up(p->k, chunks) * ROWS);
  float *a = ferry_scratch(0, divide_up(rows, ROWS) * stride * (long)sizeof(float));
  for (long i = 0; i < chunks; i++) {
    long from = i * p->k / chunks, depth = (i + 1) * p->k / chunks - from;
    TARGETED(pack_a)(p->a + row * p->lda + from, p->lda, rows, depth, stride, a);
    matrix_chunk chunk = {.a = a, .b = job->packed + column / LANES * job->b_stride + from * LANES,
                          .a_stride = stride, .b_stride = job->b_stride, .depth = depth,
                          .rows = rows, .columns = long_min(job->columns, p->n - column),
                          .add = i > 0 || p->accumulate, .c = p->c + row * p->ldc + column,
                          .ldc = p->ldc};
    TARGETED(matrix_block)(&chunk);
  }
  TARGETED(end_block)(p, row, rows, column, long_min(job->columns, p->n - column));
}

static void TARGETED(matrix_run)(matrix_job *job) {
  ferry_parallel(divide_up(job->p->n, PACKED_COLUMNS), TARGETED(pack_b_task), job);
  ferry_parallel(job->row_blocks * job->column_blocks, TARGETED(matrix_task), job);
}

// A part of the depth of one block of c; a is stored [k][m].
static void TARGETED(matrix_turned_task)(void *context, long index) {
  const matrix_job *job = context;
  const ferry_product *p = job->p;
  long parts = long_max(1, job->parts), part = index % parts, block = index / parts;
  long row = block / job->column_blocks * TURNED_ROWS;
  long column = block % job->column_blocks * job->columns;
  long rows = long_min(TURNED_ROWS, p->m - row), columns = long_min(job->columns, p->n - column);
  long first = part * p->k / parts, length = (part + 1) * p->k / parts - first;
  long chunks = long_max(1, divide_up(length, DEPTH)), longest = divide_up(length, chunks);
  long a_stride = panel_stride(longest * ROWS), b_stride = panel_stride(longest * LANES);
  long a_floats = divide_up(rows, ROWS) * a_stride;
  float *a = ferry_scratch(0, (a_floats + blocks_of(columns) * b_stride) * (long)sizeof(float));
  int apart = parts > 1;
  float *c = apart ? job->partial + (part * p->m + row) * p->n + column
                   : p->c + row * p->ldc + column;
  for (long i = 0; i < chunks; i++) {
    long from = first + i * length / chunks, depth = first + (i + 1) * length / chunks - from;
    TARGETED(pack_turned)(p->a + from * p->lda + row, p->lda, rows, depth, a_stride, a);
    TARGETED(pack_b)(p, from, depth, column, columns, b_stride, a + a_floats);
    matrix_chunk chunk = {.a = a, .b = a + a_floats, .a_stride = a_stride, .b_stride = b_stride,
                          .depth = depth, .rows = rows, .columns = columns,
                          .add = i > 0 || (!apart && p->accumulate), .c = c,
                          .ldc = apart ? p->n : p->ldc};
    TARGETED(matrix_block)(&chunk);
  }
}

static void TARGETED(matrix_turned_run)(matrix_job *job) {
  ferry_parallel(job->row_blocks * job->column_blocks * long_max(1, job->parts),
                 TARGETED(matrix_turned_task), job);
}
#endif
