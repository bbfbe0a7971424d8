// What follows a matrix product: included in a kernel's body, once a target.
#include "activation.h"

ALWAYS f16 TARGETED(activated)(const ferry_product_end *end, f16 v) {
  return end->activation == FERRY_QUICK_GELU ? TARGETED(activation)(FERRY_QUICK_GELU, v)
                                             : TARGETED(activation)(FERRY_GELU, v);
}

ALWAYS f16 TARGETED(slope)(const ferry_product_end *end, f16 v) {
  return end->activation == FERRY_QUICK_GELU ? TARGETED(activation_slope)(FERRY_QUICK_GELU, v)
                                             : TARGETED(activation_slope)(FERRY_GELU, v);
}

// A part of one row, from `at` floats behind the start of c.
ALWAYS void TARGETED(end_row)(const ferry_product *p, long at, long column, long columns) {
  const ferry_product_end *end = &p->end;
  for (long i = 0; i < columns; i += LANES) {
    long n = long_min(LANES, columns - i);
    f16 v = TARGETED(load_some)(p->c + at + i, n);
    if (end->bias) v += TARGETED(load_some)(end->bias + column + i, n);
    if (end->step == FERRY_ACTIVATE) {
      if (end->sum) TARGETED(store_some)(end->sum + at + i, v, n);
      v = TARGETED(activated)(end, v);
    } else if (end->step == FERRY_SLOPE) {
      v *= TARGETED(slope)(end, TARGETED(load_some)(end->sum + at + i, n));
    }
    if (end->residual) v += TARGETED(load_some)(end->residual + at + i, n);
    TARGETED(store_some)(p->c + at + i, v, n);
  }
}

static void TARGETED(end_block)(const ferry_product *p, long row, long rows, long column,
                                long columns) {
  const ferry_product_end *end = &p->end;
  if (!end->bias && !end->residual && end->step == FERRY_KEEP) return;
  for (long i = row; i < row + rows; i++)
    TARGETED(end_row)(p, i * p->ldc + column, column, columns);
}

static void TARGETED(end_task)(void *context, long index) {
  const matrix_job *job = context;
  long row = index * BLOCK_ROWS;
  TARGETED(end_block)(job->p, row, long_min(BLOCK_ROWS, job->p->m - row), 0, job->p->n);
}

static void TARGETED(end_run)(matrix_job *job) {
  ferry_parallel(divide_up(job->p->m, BLOCK_ROWS), TARGETED(end_task), job);
}
