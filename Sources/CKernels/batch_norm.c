// The elementwise halves of batch normalisation: scale and shift (+ residual, ReLU), and backward.
#ifndef FERRY_BODY
#include "targets.h"

enum { TASK_PIXELS = 2048 };

typedef struct {
  const float *x, *y, *dy, *residual, *mean, *scale, *shift, *constant;
  float *out, *dz;
  long planes, blocks, pixels, planes_each;
  int relu;
} norm_job;

static norm_job norm_of(long n, long c, long pixels) {
  return (norm_job){.planes = n * blocks_of(c), .blocks = blocks_of(c), .pixels = pixels,
                    .planes_each = long_max(1, TASK_PIXELS / long_max(1, pixels))};
}

#define FERRY_SOURCE "batch_norm.c"
#include "each_target.h"

void ferry_scale_shift(const float *x, const float *scale, const float *shift,
                       const float *residual, int relu, long n, long c, long pixels, float *y) {
  norm_job job = norm_of(n, c, pixels);
  job.x = x;
  job.scale = scale;
  job.shift = shift;
  job.residual = residual;
  job.relu = relu;
  job.out = y;
  FERRY_CALL(scale_shift_run, (&job));
}

void ferry_batch_norm_backward(const float *x, const float *y, const float *dy, const float *mean,
                               const float *a, const float *b, const float *d, long n, long c,
                               long pixels, float *dx, float *dz) {
  norm_job job = norm_of(n, c, pixels);
  job.x = x;
  job.y = y;
  job.mean = mean;
  job.dy = dy;
  job.scale = a;
  job.shift = b;
  job.constant = d;
  job.out = dx;
  job.dz = dz;
  FERRY_CALL(norm_backward_run, (&job));
}
#else

ALWAYS void TARGETED(scale_shift_plane)(const int residual, const int relu, const norm_job *job,
                                        long plane) {
  long block = plane % job->blocks, at = plane * job->pixels * LANES;
  f16 scale = LOAD(job->scale + block * LANES), shift = LOAD(job->shift + block * LANES);
  for (long i = 0; i < job->pixels; i++, at += LANES) {
    f16 value = LOAD(job->x + at) * scale + shift;
    if (residual) value += LOAD(job->residual + at);
    if (relu) value = MAXIMUM(value, (f16){});
    STORE(job->out + at, value);
  }
}

static void TARGETED(scale_shift_task)(void *context, long index) {
  const norm_job *job = context;
  long end = long_min((index + 1) * job->planes_each, job->planes);
  for (long plane = index * job->planes_each; plane < end; plane++) {
    if (job->residual && job->relu) TARGETED(scale_shift_plane)(1, 1, job, plane);
    else if (job->residual) TARGETED(scale_shift_plane)(1, 0, job, plane);
    else if (job->relu) TARGETED(scale_shift_plane)(0, 1, job, plane);
    else TARGETED(scale_shift_plane)(0, 0, job, plane);
  }
}

static void TARGETED(scale_shift_run)(norm_job *job) {
  ferry_parallel(divide_up(job->planes, job->planes_each), TARGETED(scale_shift_task), job);
}

ALWAYS void TARGETED(norm_backward_plane)(const int masked, const int keep, const norm_job *job,
                                          long plane) {
  long block = plane % job->blocks, at = plane * job->pixels * LANES;
  f16 a = LOAD(job->scale + block * LANES), b = LOAD(job->shift + block * LANES);
  f16 d = LOAD(job->constant + block * LANES), mean = LOAD(job->mean + block * LANES);
  for (long i = 0; i < job->pixels; i++, at += LANES) {
    f16 dz = LOAD(job->dy + at);
    if (masked) dz = SELECT(LOAD(job->y + at) > (f16){}, dz, (f16){});
    f16 dx = a * dz + (b * (LOAD(job->x + at) - mean) + d);
    if (keep) STORE(job->dz + at, dz);
    STORE(job->out + at, dx);
  }
}

static void TARGETED(norm_backward_task)(void *context, long index) {
  const norm_job *job = context;
  long end = long_min((index + 1) * job->planes_each, job->planes);
  for (long plane = index * job->planes_each; plane < end; plane++) {
    if (job->y && job->dz) TARGETED(norm_backward_plane)(1, 1, job, plane);
    else if (job->y) TARGETED(norm_backward_plane)(1, 0, job, plane);
    else if (job->dz) TARGETED(norm_backward_plane)(0, 1, job, plane);
    else TARGETED(norm_backward_plane)(0, 0, job, plane);
  }
}

static void TARGETED(norm_backward_run)(norm_job *job) {
  ferry_parallel(divide_up(job->planes, job->planes_each), TARGETED(norm_backward_task), job);
}
#endif
