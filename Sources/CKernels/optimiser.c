// One optimiser step over one parameter, with PyTorch's order of operations.
#ifndef FERRY_BODY
#include "targets.h"

enum { TASK_FLOATS = 1 << 14 };

typedef struct {
  const ferry_sgd_options *sgd;
  const ferry_adamw_options *adamw;
  const float *gradient;
  float *value, *first, *second;
  long count;
} step_job;

#define FERRY_SOURCE "optimiser.c"
#include "each_target.h"

void ferry_sgd(const ferry_sgd_options *options, const float *gradient, long count, float *value,
               float *buffer) {
  step_job job = {.sgd = options, .gradient = gradient, .value = value, .first = buffer,
                  .count = count};
  FERRY_CALL(sgd_run, (&job));
}

void ferry_adamw(const ferry_adamw_options *options, const float *gradient, long count,
                 float *value, float *first, float *second) {
  step_job job = {.adamw = options, .gradient = gradient, .value = value, .first = first,
                  .second = second, .count = count};
  FERRY_CALL(adamw_run, (&job));
}
#else

static void TARGETED(sgd_task)(void *context, long index) {
  const step_job *job = context;
  const ferry_sgd_options o = *job->sgd;
  float *restrict value = job->value, *restrict buffer = job->first;
  const float *restrict gradient = job->gradient;
  float kept = o.first ? 0 : o.momentum;
  long end = long_min(job->count, (index + 1) * TASK_FLOATS);
  for (long i = index * TASK_FLOATS; i < end; i++) {
    float g = gradient[i] + o.decay * value[i];
    if (o.momentum != 0) {
      float b = (o.first ? 0 : kept * buffer[i]) + g;
      buffer[i] = b;
      g = o.nesterov ? g + o.momentum * b : b;
    }
    value[i] -= o.rate * g;
  }
}

static void TARGETED(sgd_run)(step_job *job) {
  ferry_parallel(divide_up(job->count, TASK_FLOATS), TARGETED(sgd_task), job);
}

static void TARGETED(adamw_task)(void *context, long index) {
  const step_job *job = context;
  const ferry_adamw_options o = *job->adamw;
  float *restrict value = job->value, *restrict first = job->first, *restrict second = job->second;
  const float *restrict gradient = job->gradient;
  float rate = o.rate / o.correction1, root = 1 / sqrtf(o.correction2);
  long end = long_min(job->count, (index + 1) * TASK_FLOATS);
  for (long i = index * TASK_FLOATS; i < end; i++) {
    float g = gradient[i], kept = value[i] * (1 - o.rate * o.decay);
    float m = o.beta1 * first[i] + o.share1 * g;
    float v = o.beta2 * second[i] + o.share2 * g * g;
    first[i] = m;
    second[i] = v;
    value[i] = kept - rate * m / (sqrtf(v) * root + o.epsilon);
  }
}

static void TARGETED(adamw_run)(step_job *job) {
  ferry_parallel(divide_up(job->count, TASK_FLOATS), TARGETED(adamw_task), job);
}
#endif
