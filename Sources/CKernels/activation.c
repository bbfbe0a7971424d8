// Activations of transformers with the bias before them, forward and backward.
#ifndef FERRY_BODY
#include "targets.h"

enum { TASK_FLOATS = 1 << 14 };

typedef struct {
  int kind;
  const float *x, *bias, *dy;
  float *sum, *y;
  long rows, width;
} activation_job;

static long rows_a_task(const activation_job *job) {
  return long_max(1, TASK_FLOATS / long_max(1, job->width));
}

#define FERRY_SOURCE "activation.c"
#include "each_target.h"

void ferry_activate(int kind, const float *x, const float *bias, long rows, long width, float *sum,
                    float *y) {
  activation_job job = {kind, x, bias, NULL, sum, y, rows, width};
  FERRY_CALL(activate_run, (&job));
}

void ferry_activate_backward(int kind, const float *sum, const float *dy, long rows, long width,
                             float *dx) {
  activation_job job = {kind, sum, NULL, dy, NULL, dx, rows, width};
  FERRY_CALL(activate_backward_run, (&job));
}
#else
#include "activation.h"

// Calls `step` on whole vectors and on a zero-filled copy of the row's rest.
#define EACH_VECTOR(width, step)                                 \
  for (long i = 0; i < (width); i += LANES) {                    \
    long n = long_min(LANES, (width) - i);                       \
    step                                                         \
  }

ALWAYS void TARGETED(activate_row)(const int kind, const activation_job *job, long row) {
  const float *x = job->x + row * job->width;
  float *y = job->y + row * job->width;
  float *sum = job->sum ? job->sum + row * job->width : NULL;
  EACH_VECTOR(job->width, {
    f16 v = TARGETED(load_some)(x + i, n);
    if (job->bias) v += TARGETED(load_some)(job->bias + i, n);
    if (sum) TARGETED(store_some)(sum + i, v, n);
    TARGETED(store_some)(y + i, TARGETED(activation)(kind, v), n);
  })
}

static void TARGETED(activate_task)(void *context, long index) {
  const activation_job *job = context;
  long step = rows_a_task(job), end = long_min(job->rows, (index + 1) * step);
  for (long row = index * step; row < end; row++) {
    if (job->kind == FERRY_QUICK_GELU)
      TARGETED(activate_row)(FERRY_QUICK_GELU, job, row);
    else
      TARGETED(activate_row)(FERRY_GELU, job, row);
  }
}

static void TARGETED(activate_run)(activation_job *job) {
  ferry_parallel(divide_up(job->rows, rows_a_task(job)), TARGETED(activate_task), job);
}

static void TARGETED(activate_backward_task)(void *context, long index) {
  const activation_job *job = context;
  long step = rows_a_task(job), end = long_min(job->rows, (index + 1) * step);
  for (long row = index * step; row < end; row++) {
    const float *x = job->x + row * job->width, *dy = job->dy + row * job->width;
    float *dx = job->y + row * job->width;
    EACH_VECTOR(job->width, {
      f16 v = TARGETED(load_some)(x + i, n);
      f16 slope = job->kind == FERRY_QUICK_GELU
                      ? TARGETED(activation_slope)(FERRY_QUICK_GELU, v)
                      : TARGETED(activation_slope)(FERRY_GELU, v);
      TARGETED(store_some)(dx + i, TARGETED(load_some)(dy + i, n) * slope, n);
    })
  }
}

static void TARGETED(activate_backward_run)(activation_job *job) {
  ferry_parallel(divide_up(job->rows, rows_a_task(job)), TARGETED(activate_backward_task), job);
}
#undef EACH_VECTOR
#endif
