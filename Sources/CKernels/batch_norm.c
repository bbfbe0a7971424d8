// The elementwise halves of batch normalisation: scale and shift (+ residual, ReLU), and backward.
#ifndef FERRY_BODY
#include "targets.h"

enum { TASK_PIXELS = 2048 };

typedef struct {
  const float *x, *dy, *residual, *scale, *shift;
  ferry_mask mask;
  ferry_norm_gradient gradient;
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

void ferry_batch_norm_backward(const float *x, const ferry_mask *mask, const float *dy,
                               const ferry_norm_gradient *gradient, long n, long c, long pixels,
                               float *dx, float *dz) {
  norm_job job = norm_of(n, c, pixels);
  job.x = x;
  job.dy = dy;
  job.mask = *mask;
  job.gradient = *gradient;
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

// masked: 0 no ReLU, 1 by its output, 2 by x.
ALWAYS void TARGETED(norm_backward_plane)(const int masked, const int keep, const norm_job *job,
                                          long plane) {
  long from = plane % job->blocks * LANES, at = plane * job->pixels * LANES;
  f16 a = LOAD(job->gradient.a + from), b = LOAD(job->gradient.b + from);
  f16 d = LOAD(job->gradient.d + from), mean = LOAD(job->gradient.mean + from);
  f16 scale = masked == 2 ? LOAD(job->mask.scale + from) : (f16){};
  f16 shift = masked == 2 ? LOAD(job->mask.shift + from) : (f16){};
  for (long i = 0; i < job->pixels; i++, at += LANES) {
    f16 x = LOAD(job->x + at), dz = LOAD(job->dy + at);
    if (masked == 1) dz = SELECT(LOAD(job->mask.y + at) > (f16){}, dz, (f16){});
    if (masked == 2) dz = SELECT(x * scale + shift > (f16){}, dz, (f16){});
    if (keep) STORE(job->dz + at, dz);
    STORE(job->out + at, a * dz + (b * (x - mean) + d));
  }
}

static void TARGETED(norm_backward_task)(void *context, long index) {
  const norm_job *job = context;
  long end = long_min((index + 1) * job->planes_each, job->planes);
  for (long plane = index * job->planes_each; plane < end; plane++) {
    if (job->mask.y && job->dz) TARGETED(norm_backward_plane)(1, 1, job, plane);
    else if (job->mask.y) TARGETED(norm_backward_plane)(1, 0, job, plane);
    else if (job->mask.scale && job->dz) TARGETED(norm_backward_plane)(2, 1, job, plane);
    else if (job->mask.scale) TARGETED(norm_backward_plane)(2, 0, job, plane);
    else if (job->dz) TARGETED(norm_backward_plane)(0, 1, job, plane);
    else TARGETED(norm_backward_plane)(0, 0, job, plane);
  }
}

static void TARGETED(norm_backward_run)(norm_job *job) {
  ferry_parallel(divide_up(job->planes, job->planes_each), TARGETED(norm_backward_task), job);
}
#endif
