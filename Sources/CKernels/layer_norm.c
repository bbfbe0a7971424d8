// Layer normalisation over rows, and sums over rows that its gradients and biases need.
#ifndef FERRY_BODY
#include "targets.h"

enum { TASK_FLOATS = 1 << 14, GRADIENT_PARTS = 32 };

typedef struct {
  const float *x, *dy, *gamma, *beta, *bias, *residual;
  float *y, *mean, *inverse, *partial, *out;
  float epsilon;
  int accumulate;
  long rows, width, parts;
} norm_job;

static long rows_a_task(const norm_job *job) {
  return long_max(1, TASK_FLOATS / long_max(1, job->width));
}

// Adds the parts' rows in their order: out (+)= sum_p partial[p].
static void add_parts(const float *partial, long parts, long stride, long width, int accumulate,
                      float *out) {
  for (long i = 0; i < width; i++) {
    double sum = accumulate ? (double)out[i] : 0;
    for (long p = 0; p < parts; p++) sum += (double)partial[p * stride + i];
    out[i] = (float)sum;
  }
}

#define FERRY_SOURCE "layer_norm.c"
#include "each_target.h"

void ferry_layer_norm(const float *x, const float *gamma, const float *beta, float epsilon,
                      long rows, long width, float *y, float *mean, float *inverse) {
  norm_job job = {.x = x, .gamma = gamma, .beta = beta, .epsilon = epsilon, .rows = rows,
                  .width = width, .y = y, .mean = mean, .inverse = inverse};
  FERRY_CALL(norm_run, (&job));
}

void ferry_layer_norm_backward(const float *x, const float *dy, const float *gamma,
                               const float *mean, const float *inverse, long rows, long width,
                               int accumulate, float *dx) {
  norm_job job = {.x = x, .dy = dy, .gamma = gamma, .mean = (float *)mean,
                  .inverse = (float *)inverse, .rows = rows, .width = width, .y = dx,
                  .accumulate = accumulate};
  FERRY_CALL(norm_backward_run, (&job));
}

void ferry_layer_norm_gradients(const float *x, const float *dy, const float *mean,
                                const float *inverse, long rows, long width, int accumulate_gamma,
                                float *dgamma, int accumulate_beta, float *dbeta) {
  norm_job job = {.x = x, .dy = dy, .mean = (float *)mean, .inverse = (float *)inverse,
                  .rows = rows, .width = width};
  job.parts = long_min(GRADIENT_PARTS, long_max(1, rows / 16));
  job.partial = ferry_scratch(3, job.parts * 2 * width * (long)sizeof(float) + 64);
  FERRY_CALL(gradients_run, (&job));
  if (dgamma) add_parts(job.partial, job.parts, 2 * width, width, accumulate_gamma, dgamma);
  if (dbeta) add_parts(job.partial + width, job.parts, 2 * width, width, accumulate_beta, dbeta);
}

void ferry_column_sums(const float *x, long rows, long width, int accumulate, float *sums) {
  ferry_layer_norm_gradients(NULL, x, NULL, NULL, rows, width, 0, NULL, accumulate, sums);
}

void ferry_add_bias(const float *x, const float *bias, const float *residual, long rows, long width,
                    float *y) {
  norm_job job = {.x = x, .bias = bias, .residual = residual, .rows = rows, .width = width, .y = y};
  FERRY_CALL(add_bias_run, (&job));
}
#else

// The sum of a vector's lanes, pairwise.
ALWAYS float TARGETED(total)(f16 v) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) v[i] += v[i + half];
  return v[0];
}

static void TARGETED(norm_task)(void *context, long index) {
  const norm_job *job = context;
  long step = rows_a_task(job), end = long_min(job->rows, (index + 1) * step), w = job->width;
  for (long row = index * step; row < end; row++) {
    const float *x = job->x + row * w;
    float *y = job->y + row * w;
    f16 sums = (f16){};
    long i = 0;
    for (; i + LANES <= w; i += LANES) sums += LOAD(x + i);
    float sum = TARGETED(total)(sums);
    for (; i < w; i++) sum += x[i];
    float mean = sum / (float)w;
    f16 squares = (f16){};
    for (i = 0; i + LANES <= w; i += LANES) {
      f16 d = LOAD(x + i) - mean;
      squares += d * d;
    }
    float square = TARGETED(total)(squares);
    for (; i < w; i++) square += (x[i] - mean) * (x[i] - mean);
    float inverse = 1.0f / sqrtf(square / (float)w + job->epsilon);
    for (i = 0; i < w; i++) y[i] = (x[i] - mean) * inverse * job->gamma[i] + job->beta[i];
    if (job->mean) {
      job->mean[row] = mean;
      job->inverse[row] = inverse;
    }
  }
}

static void TARGETED(norm_run)(norm_job *job) {
  ferry_parallel(divide_up(job->rows, rows_a_task(job)), TARGETED(norm_task), job);
}

// dx = inverse (g - mean(g) - xhat mean(g xhat)) with g = dy gamma.
static void TARGETED(norm_backward_task)(void *context, long index) {
  const norm_job *job = context;
  long step = rows_a_task(job), end = long_min(job->rows, (index + 1) * step), w = job->width;
  for (long row = index * step; row < end; row++) {
    const float *x = job->x + row * w, *dy = job->dy + row * w, *gamma = job->gamma;
    float *dx = job->y + row * w, mean = job->mean[row], inverse = job->inverse[row];
    f16 plain = (f16){}, scaled = (f16){};
    long i = 0;
    for (; i + LANES <= w; i += LANES) {
      f16 g = LOAD(dy + i) * LOAD(gamma + i);
      plain += g;
      scaled += g * (LOAD(x + i) - mean);
    }
    float a = TARGETED(total)(plain), b = TARGETED(total)(scaled);
    for (; i < w; i++) {
      a += dy[i] * gamma[i];
      b += dy[i] * gamma[i] * (x[i] - mean);
    }
    a /= (float)w;
    b *= inverse * inverse / (float)w;
    if (job->accumulate)
      for (i = 0; i < w; i++) dx[i] += inverse * (dy[i] * gamma[i] - a - (x[i] - mean) * b);
    else
      for (i = 0; i < w; i++) dx[i] = inverse * (dy[i] * gamma[i] - a - (x[i] - mean) * b);
  }
}

static void TARGETED(norm_backward_run)(norm_job *job) {
  ferry_parallel(divide_up(job->rows, rows_a_task(job)), TARGETED(norm_backward_task), job);
}

// Sums of dy xhat and of dy over a run of rows; without x only the second.
static void TARGETED(gradients_task)(void *context, long part) {
  const norm_job *job = context;
  long w = job->width, first = part * job->rows / job->parts;
  long end = (part + 1) * job->rows / job->parts;
  float *gamma = job->partial + part * 2 * w, *beta = gamma + w;
  memset(gamma, 0, sizeof(float) * 2 * (size_t)w);
  for (long row = first; row < end; row++) {
    const float *dy = job->dy + row * w;
    for (long i = 0; i < w; i++) beta[i] += dy[i];
    if (!job->x) continue;
    const float *x = job->x + row * w;
    float mean = job->mean[row], inverse = job->inverse[row];
    for (long i = 0; i < w; i++) gamma[i] += dy[i] * (x[i] - mean) * inverse;
  }
}

static void TARGETED(gradients_run)(norm_job *job) {
  ferry_parallel(job->parts, TARGETED(gradients_task), job);
}

static void TARGETED(add_bias_task)(void *context, long index) {
  const norm_job *job = context;
  long step = rows_a_task(job), end = long_min(job->rows, (index + 1) * step), w = job->width;
  for (long row = index * step; row < end; row++) {
    const float *x = job->x + row * w, *bias = job->bias;
    float *y = job->y + row * w;
    if (job->residual) {
      const float *residual = job->residual + row * w;
      for (long i = 0; i < w; i++) y[i] = x[i] + (bias ? bias[i] : 0) + residual[i];
    } else {
      for (long i = 0; i < w; i++) y[i] = x[i] + (bias ? bias[i] : 0);
    }
  }
}

static void TARGETED(add_bias_run)(norm_job *job) {
  ferry_parallel(divide_up(job->rows, rows_a_task(job)), TARGETED(add_bias_task), job);
}
#endif
