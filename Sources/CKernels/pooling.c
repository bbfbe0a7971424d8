// Maximum and global average pooling of blocked tensors. A task is one plane of sixteen channels.
#ifndef FERRY_BODY
#include "targets.h"

typedef struct {
  const float *x, *dy;
  float *y, *dx;
  uint8_t *code;
  const uint8_t *codes;
  long n, c, h, w, oh, ow, size, stride, padding;
} pool_job;

#define FERRY_SOURCE "pooling.c"
#include "each_target.h"

void ferry_max_pool(const float *x, long n, long c, long h, long w, long oh, long ow, long size,
                    long stride, long padding, float *y, uint8_t *code) {
  pool_job job = {.x = x, .y = y, .code = code, .n = n, .c = c, .h = h, .w = w, .oh = oh,
                  .ow = ow, .size = size, .stride = stride, .padding = padding};
  FERRY_CALL(max_pool_run, (&job));
}

void ferry_max_pool_backward(const float *dy, const uint8_t *code, long n, long c, long h, long w,
                             long oh, long ow, long size, long stride, long padding, float *dx) {
  pool_job job = {.dy = dy, .dx = dx, .codes = code, .n = n, .c = c, .h = h, .w = w, .oh = oh,
                  .ow = ow, .size = size, .stride = stride, .padding = padding};
  FERRY_CALL(max_pool_backward_run, (&job));
}

void ferry_global_average(const float *x, long n, long c, long pixels, float *y) {
  pool_job job = {.x = x, .y = y, .n = n, .c = c, .h = 1, .w = pixels};
  FERRY_CALL(average_run, (&job));
}

void ferry_global_average_backward(const float *dy, long n, long c, long pixels, float *dx) {
  pool_job job = {.dy = dy, .dx = dx, .n = n, .c = c, .h = 1, .w = pixels};
  FERRY_CALL(average_backward_run, (&job));
}
#else

// One output pixel: the greatest of the taps inside the image, the first one where several are.
ALWAYS void TARGETED(max_window)(const pool_job *job, const float *plane, long oy, long ox,
                                 f16 *best, i16 *tap) {
  *best = SPLAT(-INFINITY);
  *tap = (i16){};
  for (long r = 0; r < job->size; r++) {
    long y = oy * job->stride - job->padding + r;
    if (y < 0 || y >= job->h) continue;
    for (long s = 0; s < job->size; s++) {
      long x = ox * job->stride - job->padding + s;
      if (x < 0 || x >= job->w) continue;
      f16 value = LOAD(plane + (y * job->w + x) * LANES);
      i16 greater = value > *best;
      i16 here = (i16){} + (int32_t)(r * job->size + s);
      *tap = (here & greater) | (*tap & ~greater);
      *best = SELECT(greater, value, *best);
    }
  }
}

static void TARGETED(max_pool_task)(void *context, long index) {
  const pool_job *job = context;
  const float *plane = job->x + index * job->h * job->w * LANES;
  long at = index * job->oh * job->ow * LANES;
  for (long oy = 0; oy < job->oh; oy++)
    for (long ox = 0; ox < job->ow; ox++, at += LANES) {
      f16 best;
      i16 tap;
      TARGETED(max_window)(job, plane, oy, ox, &best, &tap);
      STORE(job->y + at, best);
      if (job->code) {
        b16 code = __builtin_convertvector(tap, b16);
        memcpy(job->code + at, &code, sizeof code);
      }
    }
}

static void TARGETED(max_pool_run)(pool_job *job) {
  ferry_parallel(job->n * blocks_of(job->c), TARGETED(max_pool_task), job);
}

ALWAYS void TARGETED(max_scatter)(const pool_job *job, float *plane, long oy, long ox, f16 dy,
                                  i16 code) {
  for (long r = 0; r < job->size; r++) {
    long y = oy * job->stride - job->padding + r;
    if (y < 0 || y >= job->h) continue;
    for (long s = 0; s < job->size; s++) {
      long x = ox * job->stride - job->padding + s;
      if (x < 0 || x >= job->w) continue;
      float *to = plane + (y * job->w + x) * LANES;
      i16 won = code == (i16){} + (int32_t)(r * job->size + s);
      STORE(to, LOAD(to) + SELECT(won, dy, (f16){}));
    }
  }
}

static void TARGETED(max_pool_backward_task)(void *context, long index) {
  const pool_job *job = context;
  float *plane = job->dx + index * job->h * job->w * LANES;
  memset(plane, 0, sizeof(float) * (size_t)(job->h * job->w * LANES));
  long at = index * job->oh * job->ow * LANES;
  for (long oy = 0; oy < job->oh; oy++)
    for (long ox = 0; ox < job->ow; ox++, at += LANES) {
      b16 code;
      memcpy(&code, job->codes + at, sizeof code);
      TARGETED(max_scatter)(job, plane, oy, ox, LOAD(job->dy + at),
                            __builtin_convertvector(code, i16));
    }
}

static void TARGETED(max_pool_backward_run)(pool_job *job) {
  ferry_parallel(job->n * blocks_of(job->c), TARGETED(max_pool_backward_task), job);
}

static void TARGETED(average_task)(void *context, long index) {
  const pool_job *job = context;
  long n = index / blocks_of(job->c), block = index % blocks_of(job->c);
  const float *plane = job->x + index * job->w * LANES;
  d16 sum = {};
  for (long i = 0; i < job->w; i++) sum += __builtin_convertvector(LOAD(plane + i * LANES), d16);
  sum /= (double)job->w;
  for (long c = block * LANES; c < long_min(job->c, (block + 1) * LANES); c++)
    job->y[n * job->c + c] = (float)sum[c % LANES];
}

static void TARGETED(average_run)(pool_job *job) {
  ferry_parallel(job->n * blocks_of(job->c), TARGETED(average_task), job);
}

static void TARGETED(average_backward_task)(void *context, long index) {
  const pool_job *job = context;
  long n = index / blocks_of(job->c), block = index % blocks_of(job->c);
  float *plane = job->dx + index * job->w * LANES;
  f16 value = {};
  for (long c = block * LANES; c < long_min(job->c, (block + 1) * LANES); c++)
    value[c % LANES] = job->dy[n * job->c + c] / (float)job->w;
  for (long i = 0; i < job->w; i++) STORE(plane + i * LANES, value);
}

static void TARGETED(average_backward_run)(pool_job *job) {
  ferry_parallel(job->n * blocks_of(job->c), TARGETED(average_backward_task), job);
}
#endif
