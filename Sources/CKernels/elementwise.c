// Elementwise operations and layout changes over runs of floats.
#ifndef FERRY_BODY
#include "targets.h"

enum { TASK_FLOATS = 1 << 14 };

typedef struct {
  const float *x, *dy;
  float *y;
  double *sums;
  float factor;
  long count, n, c, pixels;
} element_job;

static long tasks_of(long count) { return divide_up(count, TASK_FLOATS); }

static void sum_squares_task(void *context, long index) {
  const element_job *job = context;
  double sums[4] = {0, 0, 0, 0};
  long end = long_min(job->count, (index + 1) * TASK_FLOATS), i = index * TASK_FLOATS;
  for (; i + 4 <= end; i += 4)
    for (int j = 0; j < 4; j++) sums[j] += (double)job->x[i + j] * (double)job->x[i + j];
  for (; i < end; i++) sums[0] += (double)job->x[i] * (double)job->x[i];
  job->sums[index] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

double ferry_sum_squares(const float *x, long count) {
  long tasks = tasks_of(count);
  double *sums = ferry_scratch(3, tasks * (long)sizeof(double)), total = 0;
  element_job job = {.x = x, .count = count, .sums = sums};
  ferry_parallel(tasks, sum_squares_task, &job);
  for (long i = 0; i < tasks; i++) total += sums[i];
  return total;
}

#define FERRY_SOURCE "elementwise.c"
#include "each_target.h"

void ferry_relu(const float *x, long count, float *y) {
  element_job job = {.x = x, .y = y, .count = count};
  FERRY_CALL(relu_run, (&job));
}

void ferry_relu_backward(const float *y, const float *dy, long count, float *dx) {
  element_job job = {.x = y, .dy = dy, .y = dx, .count = count};
  FERRY_CALL(relu_backward_run, (&job));
}

void ferry_add(const float *x, long count, float *y) {
  element_job job = {.x = x, .y = y, .count = count};
  FERRY_CALL(add_run, (&job));
}

void ferry_multiply(float factor, long count, float *y) {
  element_job job = {.y = y, .factor = factor, .count = count};
  FERRY_CALL(multiply_run, (&job));
}

void ferry_to_blocks(const float *plain, float *blocked, long n, long c, long pixels) {
  element_job job = {.x = plain, .y = blocked, .n = n, .c = c, .pixels = pixels};
  FERRY_CALL(to_blocks_run, (&job));
}

void ferry_from_blocks(const float *blocked, float *plain, long n, long c, long pixels) {
  element_job job = {.x = blocked, .y = plain, .n = n, .c = c, .pixels = pixels};
  FERRY_CALL(from_blocks_run, (&job));
}
#else

#define EACH(name, expression)                                               \
  static void TARGETED(name##_task)(void *context, long index) {             \
    const element_job *job = context;                                        \
    const float *x = job->x, *dy = job->dy;                                  \
    float *y = job->y;                                                       \
    (void)x, (void)dy;                                                       \
    long end = long_min(job->count, (index + 1) * TASK_FLOATS);              \
    for (long i = index * TASK_FLOATS; i < end; i++) y[i] = (expression);    \
  }                                                                          \
  static void TARGETED(name##_run)(element_job *job) {                       \
    ferry_parallel(tasks_of(job->count), TARGETED(name##_task), job);        \
  }

EACH(relu, x[i] > 0 ? x[i] : 0)
EACH(relu_backward, x[i] > 0 ? dy[i] : 0)
EACH(add, y[i] + x[i])
EACH(multiply, y[i] * job->factor)
#undef EACH

static void TARGETED(to_blocks_task)(void *context, long index) {
  const element_job *job = context;
  long all = blocks_of(job->c), n = index / all, block = index % all, pixels = job->pixels;
  float *out = job->y + index * pixels * LANES;
  for (long lane = 0; lane < LANES; lane++) {
    long c = block * LANES + lane;
    const float *plane = job->x + (n * job->c + c) * pixels;
    for (long i = 0; i < pixels; i++) out[i * LANES + lane] = c < job->c ? plane[i] : 0;
  }
}

static void TARGETED(to_blocks_run)(element_job *job) {
  ferry_parallel(job->n * blocks_of(job->c), TARGETED(to_blocks_task), job);
}

static void TARGETED(from_blocks_task)(void *context, long index) {
  const element_job *job = context;
  long all = blocks_of(job->c), n = index / all, block = index % all, pixels = job->pixels;
  const float *from = job->x + index * pixels * LANES;
  for (long c = block * LANES; c < long_min(job->c, (block + 1) * LANES); c++)
    for (long i = 0; i < pixels; i++)
      job->y[(n * job->c + c) * pixels + i] = from[i * LANES + c % LANES];
}

static void TARGETED(from_blocks_run)(element_job *job) {
  ferry_parallel(job->n * blocks_of(job->c), TARGETED(from_blocks_task), job);
}
#endif
