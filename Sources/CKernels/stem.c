// The first convolution of a network: few input channels, plain images in, blocked activations out.
//
// Sixteen-channel blocks would multiply zeros here. A task copies the rows that a band of output
// rows needs into a bordered buffer [C][rows][width]; there the values that neighbouring output
// pixels need lie `stride` floats apart, so the register tile reads them by broadcast as they are.
// Packed weights are [K/16][C][R][S][16].
#ifndef FERRY_BODY
#include "targets.h"

enum { BAND_ROWS = 4, MOST_GROUPS = 8, MOST_DEPTH = 8 * 128 };

typedef struct {
  const ferry_conv *conv;
  const float *x, *packed, *dy;
  const ferry_epilogue *epilogue;
  float *y, *partial;
  long groups, width, bands;
} stem_job;

long ferry_stem_packed_count(const ferry_conv *c) {
  return blocks_of(c->k) * c->c * c->r * c->s * LANES;
}

void ferry_stem_pack(const ferry_conv *c, const float *weights, const float *scale,
                     float *packed) {
  long depth = c->c * c->r * c->s;
  for (long k = 0; k < blocks_of(c->k) * LANES; k++)
    for (long j = 0; j < depth; j++) {
      float value = k < c->k ? weights[k * depth + j] : 0;
      packed[(k / LANES * depth + j) * LANES + k % LANES] =
          k < c->k && scale ? value * scale[k] : value;
    }
}

static stem_job stem_of(const ferry_conv *c, const float *x) {
  return (stem_job){.conv = c, .x = x, .width = (c->ow - 1) * c->stride + c->s,
                    .bands = divide_up(c->oh, BAND_ROWS)};
}

static long band_height(const ferry_conv *c) { return (BAND_ROWS - 1) * c->stride + c->r; }

// The rows of sample n under output rows from `top` on, zeros outside the image.
static float *bordered(const stem_job *job, long n, long top) {
  const ferry_conv *c = job->conv;
  long height = band_height(c), width = job->width;
  float *band = ferry_scratch(0, c->c * height * width * (long)sizeof(float) + 64);
  long left = long_min(width, c->padding), right = long_max(left, long_min(width, c->w + left));
  for (long ch = 0; ch < c->c; ch++)
    for (long i = 0; i < height; i++) {
      float *row = band + (ch * height + i) * width;
      long y = top * c->stride - c->padding + i;
      if (y < 0 || y >= c->h) {
        memset(row, 0, sizeof(float) * (size_t)width);
        continue;
      }
      memset(row, 0, sizeof(float) * (size_t)left);
      memcpy(row + left, job->x + ((n * c->c + ch) * c->h + y) * c->w,
             sizeof(float) * (size_t)(right - left));
      memset(row + right, 0, sizeof(float) * (size_t)(width - right));
    }
  return band;
}

#define FERRY_SOURCE "stem.c"
#include "each_target.h"

void ferry_stem_forward(const ferry_conv *conv, const float *x, const float *packed,
                        const ferry_epilogue *epilogue, float *y) {
  stem_job job = stem_of(conv, x);
  job.packed = packed;
  job.epilogue = epilogue;
  job.y = y;
  FERRY_CALL(stem_run, (&job));
}

void ferry_stem_backward_weights(const ferry_conv *c, const float *x, const float *dy,
                                 int accumulate, float *dw) {
  long depth = c->c * c->r * c->s, size = blocks_of(c->k) * depth * LANES;
  stem_job job = stem_of(c, x);
  job.dy = dy;
  job.groups = long_min(c->n, MOST_GROUPS);
  job.partial = ferry_scratch(3, job.groups * size * (long)sizeof(float));
  memset(job.partial, 0, sizeof(float) * (size_t)(job.groups * size));
  FERRY_CALL(stem_weights_run, (&job));
  for (long k = 0; k < c->k; k++)
    for (long j = 0; j < depth; j++) {
      float sum = accumulate ? dw[k * depth + j] : 0;
      for (long g = 0; g < job.groups; g++)
        sum += job.partial[g * size + (k / LANES * depth + j) * LANES + k % LANES];
      dw[k * depth + j] = sum;
    }
}
#else
#include "products.h"

// One output row's tile: `rows` neighbouring pixels from column `first` on.
ALWAYS void TARGETED(stem_tile)(const int rows, const int blocks, const stem_job *job,
                                const float *band, long n, long oy, long first, long block) {
  const ferry_conv *c = job->conv;
  long depth = c->c * c->r * c->s, plane = c->oh * c->ow, height = band_height(c);
  f16 acc[ROWS][BLOCKS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
    for (int b = 0; b < blocks; b++) acc[r][b] = (f16){};
  const float *w = job->packed + block * depth * LANES;
  const float *from = band + (oy % BAND_ROWS * job->width + first) * c->stride;
  for (long ch = 0; ch < c->c; ch++)
    TARGETED(products_add)(rows, blocks, from + ch * height * job->width, c->stride, job->width,
                           c->r, c->s, w + ch * c->r * c->s * LANES, depth * LANES, acc);
  const ferry_epilogue *epilogue = job->epilogue;
  for (int b = 0; b < blocks; b++) {
    f16 bias = epilogue->bias ? LOAD(epilogue->bias + (block + b) * LANES) : (f16){};
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      long at =
          ((n * blocks_of(c->k) + block + b) * plane + oy * c->ow + first + r) * LANES;
      f16 value = acc[r][b] + bias;
      if (epilogue->residual) value += LOAD(epilogue->residual + at);
      if (epilogue->relu) value = MAXIMUM(value, (f16){});
      STORE(job->y + at, value);
    }
  }
}

#define STEM_TILE(rows, blocks) TARGETED(stem_tile)(rows, blocks, job, band, n, oy, first, block)

static void TARGETED(stem_task)(void *context, long index) {
  const stem_job *job = context;
  const ferry_conv *c = job->conv;
  long n = index / job->bands, top = index % job->bands * BAND_ROWS;
  const float *band = bordered(job, n, top);
  long tiles = divide_up(c->ow, ROWS), all = blocks_of(c->k);
  for (long block = 0; block < all; block += BLOCKS)
    for (long oy = top; oy < long_min(c->oh, top + BAND_ROWS); oy++)
      for (long tile = 0; tile < tiles; tile++) {
        long first = tile * c->ow / tiles, rows = (tile + 1) * c->ow / tiles - first;
        if (BLOCKS > 1 && block + BLOCKS <= all) {
          FOR_ROWS(rows, STEM_TILE, BLOCKS)
        } else {
          FOR_ROWS(rows, STEM_TILE, 1)
        }
      }
}
#undef STEM_TILE

static void TARGETED(stem_run)(stem_job *job) {
  ferry_parallel(job->conv->n * job->bands, TARGETED(stem_task), job);
}

// sums[r] += x[offsets[r] + pixel] dy[pixel] over one band.
ALWAYS void TARGETED(stem_products)(const int rows, const stem_job *job, const float *band,
                                    const long *offsets, const float *dy, long count,
                                    float *sums) {
  const ferry_conv *c = job->conv;
  f16 acc[WEIGHT_ROWS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) acc[r] = LOAD(sums + r * LANES);
  for (long oy = 0; oy < count; oy++) {
    const float *from[WEIGHT_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) from[r] = band + oy * c->stride * job->width + offsets[r];
    for (long i = 0; i < c->ow; i++, dy += LANES) {
      f16 gradient = LOAD(dy);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) acc[r] += gradient * SPLAT(from[r][i * c->stride]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) STORE(sums + r * LANES, acc[r]);
}

static void TARGETED(stem_band)(const stem_job *job, long n, long top, const long *offsets,
                                float *sums) {
  const ferry_conv *c = job->conv;
  long depth = c->c * c->r * c->s, all = blocks_of(c->k);
  long count = long_min(BAND_ROWS, c->oh - top);
  const float *band = bordered(job, n, top);
  for (long block = 0; block < all; block++) {
    const float *dy = job->dy + ((n * all + block) * c->oh + top) * c->ow * LANES;
    float *to = sums + block * depth * LANES;
    long j = 0;
    for (; j + WEIGHT_ROWS <= depth; j += WEIGHT_ROWS)
      TARGETED(stem_products)(WEIGHT_ROWS, job, band, offsets + j, dy, count, to + j * LANES);
    for (; j < depth; j++)
      TARGETED(stem_products)(1, job, band, offsets + j, dy, count, to + j * LANES);
  }
}

static void TARGETED(stem_weights_task)(void *context, long group) {
  const stem_job *job = context;
  const ferry_conv *c = job->conv;
  long depth = c->c * c->r * c->s, offsets[MOST_DEPTH];
  for (long j = 0; j < depth; j++) {
    long s = j % c->s, r = j / c->s % c->r, ch = j / c->s / c->r;
    offsets[j] = (ch * band_height(c) + r) * job->width + s;
  }
  float *sums = job->partial + group * blocks_of(c->k) * depth * LANES;
  for (long n = group * c->n / job->groups; n < (group + 1) * c->n / job->groups; n++)
    for (long top = 0; top < c->oh; top += BAND_ROWS)
      TARGETED(stem_band)(job, n, top, offsets, sums);
}

static void TARGETED(stem_weights_run)(stem_job *job) {
  ferry_parallel(job->groups, TARGETED(stem_weights_task), job);
}
#endif
