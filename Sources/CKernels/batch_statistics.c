// Sums over samples and pixels for batch normalisation, each channel on its own.
//
// Runs of RUN pixels are summed in float, everything above that in double, always in the same
// order: run, plane, samples. Each run's squares are taken about its own mean (Chan, Golub and
// LeVeque 1983), so a mean that is large beside the deviation costs no digits.
#ifndef FERRY_BODY
#include "targets.h"

enum { RUN = 256, TASK_PIXELS = 2048 };

typedef struct {
  const float *x, *dy, *mean, *inverse;
  ferry_mask mask;
  long n, c, pixels, planes_each;
  double *first, *second;  // [plane][16]
} statistics_job;

static long planes_each(long pixels) { return long_max(1, TASK_PIXELS / long_max(1, pixels)); }

#define FERRY_SOURCE "batch_statistics.c"
#include "each_target.h"

void ferry_batch_statistics(const float *x, long n, long c, long pixels, float *mean,
                            float *variance) {
  long all = blocks_of(c), planes = n * all;
  double *first = ferry_scratch(3, 2 * planes * LANES * (long)sizeof(double));
  statistics_job job = {.x = x, .n = n, .c = c, .pixels = pixels, .first = first,
                        .second = first + planes * LANES, .planes_each = planes_each(pixels)};
  FERRY_CALL(statistics_run, (&job));
  for (long ch = 0; ch < all * LANES; ch++) {
    double count = 0, centre = 0, squares = 0;
    for (long s = 0; s < n; s++) {
      long at = (s * all + ch / LANES) * LANES + ch % LANES;
      double delta = job.first[at] - centre, total = count + (double)pixels;
      centre += delta * (double)pixels / total;
      squares += job.second[at] + delta * delta * count * (double)pixels / total;
      count = total;
    }
    mean[ch] = (float)centre;
    variance[ch] = (float)(squares / count);
  }
}

void ferry_batch_norm_reduce(const float *x, const ferry_mask *mask, const float *dy,
                             const float *mean, const float *inverse, long n, long c, long pixels,
                             float *dgamma, float *dbeta) {
  long all = blocks_of(c), planes = n * all;
  double *first = ferry_scratch(3, 2 * planes * LANES * (long)sizeof(double));
  statistics_job job = {.x = x, .dy = dy, .mask = *mask, .mean = mean, .inverse = inverse, .n = n,
                        .c = c, .pixels = pixels, .first = first,
                        .second = first + planes * LANES, .planes_each = planes_each(pixels)};
  FERRY_CALL(reduce_run, (&job));
  for (long ch = 0; ch < all * LANES; ch++) {
    double gamma = 0, beta = 0;
    for (long s = 0; s < n; s++) {
      long at = (s * all + ch / LANES) * LANES + ch % LANES;
      gamma += job.first[at];
      beta += job.second[at];
    }
    dgamma[ch] = (float)gamma;
    dbeta[ch] = (float)beta;
  }
}
#else

ALWAYS f16 TARGETED(run_sum)(const float *x, long count) {
  f16 sums[4] = {{0}, {0}, {0}, {0}};
  long i = 0;
  for (; i + 4 <= count; i += 4, x += 4 * LANES)
    for (int j = 0; j < 4; j++) sums[j] += LOAD(x + j * LANES);
  for (; i < count; i++, x += LANES) sums[0] += LOAD(x);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

ALWAYS f16 TARGETED(run_squares)(const float *x, long count, f16 centre) {
  f16 sums[4] = {{0}, {0}, {0}, {0}};
  long i = 0;
  for (; i + 4 <= count; i += 4, x += 4 * LANES)
    for (int j = 0; j < 4; j++) {
      f16 delta = LOAD(x + j * LANES) - centre;
      sums[j] += delta * delta;
    }
  for (; i < count; i++, x += LANES) {
    f16 delta = LOAD(x) - centre;
    sums[0] += delta * delta;
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void TARGETED(plane_statistics)(const float *x, long pixels, double *mean,
                                       double *squares) {
  d16 centre = {}, total = {};
  double count = 0;
  for (long from = 0; from < pixels; from += RUN, x += RUN * LANES) {
    long run = long_min(RUN, pixels - from);
    f16 own = TARGETED(run_sum)(x, run) * (1.0f / (float)run);
    d16 spread = __builtin_convertvector(TARGETED(run_squares)(x, run, own), d16);
    d16 delta = __builtin_convertvector(own, d16) - centre;
    double all = count + (double)run;
    centre += delta * ((double)run / all);
    total += spread + delta * delta * (count * (double)run / all);
    count = all;
  }
  memcpy(mean, &centre, sizeof centre);
  memcpy(squares, &total, sizeof total);
}

static void TARGETED(statistics_task)(void *context, long index) {
  const statistics_job *job = context;
  long end = long_min((index + 1) * job->planes_each, job->n * blocks_of(job->c));
  for (long plane = index * job->planes_each; plane < end; plane++)
    TARGETED(plane_statistics)(job->x + plane * job->pixels * LANES, job->pixels,
                               job->first + plane * LANES, job->second + plane * LANES);
}

static void TARGETED(statistics_run)(statistics_job *job) {
  long planes = job->n * blocks_of(job->c);
  ferry_parallel(divide_up(planes, job->planes_each), TARGETED(statistics_task), job);
}

// Sums of dz (x - mean) and dz over a run. masked: 0 no ReLU, 1 by its output, 2 by x.
ALWAYS void TARGETED(run_reduce)(const int masked, const statistics_job *job, long block, long at,
                                 long count, d16 *gamma, d16 *beta) {
  f16 mean = LOAD(job->mean + block * LANES), scale = {}, shift = {};
  if (masked == 2) {
    scale = LOAD(job->mask.scale + block * LANES);
    shift = LOAD(job->mask.shift + block * LANES);
  }
  f16 gammas[2] = {{0}, {0}}, betas[2] = {{0}, {0}};
  for (long i = 0; i < count; i++, at += LANES) {
    f16 x = LOAD(job->x + at), dz = LOAD(job->dy + at);
    if (masked == 1) dz = SELECT(LOAD(job->mask.y + at) > (f16){}, dz, (f16){});
    if (masked == 2) dz = SELECT(x * scale + shift > (f16){}, dz, (f16){});
    gammas[i % 2] += dz * (x - mean);
    betas[i % 2] += dz;
  }
  *gamma += __builtin_convertvector(gammas[0] + gammas[1], d16);
  *beta += __builtin_convertvector(betas[0] + betas[1], d16);
}

static void TARGETED(plane_reduce)(const statistics_job *job, long plane) {
  long block = plane % blocks_of(job->c), at = plane * job->pixels * LANES;
  d16 gammas = {}, betas = {};
  for (long from = 0; from < job->pixels; from += RUN, at += RUN * LANES) {
    long run = long_min(RUN, job->pixels - from);
    if (job->mask.y) TARGETED(run_reduce)(1, job, block, at, run, &gammas, &betas);
    else if (job->mask.scale) TARGETED(run_reduce)(2, job, block, at, run, &gammas, &betas);
    else TARGETED(run_reduce)(0, job, block, at, run, &gammas, &betas);
  }
  gammas *= __builtin_convertvector(LOAD(job->inverse + block * LANES), d16);
  memcpy(job->first + plane * LANES, &gammas, sizeof gammas);
  memcpy(job->second + plane * LANES, &betas, sizeof betas);
}

static void TARGETED(reduce_task)(void *context, long index) {
  const statistics_job *job = context;
  long end = long_min((index + 1) * job->planes_each, job->n * blocks_of(job->c));
  for (long plane = index * job->planes_each; plane < end; plane++)
    TARGETED(plane_reduce)(job, plane);
}

static void TARGETED(reduce_run)(statistics_job *job) {
  long planes = job->n * blocks_of(job->c);
  ferry_parallel(divide_up(planes, job->planes_each), TARGETED(reduce_task), job);
}
#endif
