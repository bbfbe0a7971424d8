// The first convolution of a network: few input channels, plain images in, blocked activations out.
//
// Sixteen-channel blocks would multiply zeros here, so a panel [pixels][C * R * S] of unrolled
// patches stands in: its columns are ordered (r, c, s), packed weights are [K/16][r][c][s][16].
#ifndef FERRY_BODY
#include "targets.h"

enum { FORWARD_PIXELS = 28, BAND_PIXELS = 96, MOST_GROUPS = 8 };

typedef struct {
  const ferry_conv *conv;
  const float *x, *packed, *dy;
  const ferry_epilogue *epilogue;
  float *y, *partial;
  long groups;
} stem_job;

long ferry_stem_packed_count(const ferry_conv *c) {
  return blocks_of(c->k) * c->c * c->r * c->s * LANES;
}

void ferry_stem_pack(const ferry_conv *c, const float *weights, const float *scale,
                     float *packed) {
  long depth = c->c * c->r * c->s;
  for (long k = 0; k < blocks_of(c->k) * LANES; k++)
    for (long r = 0; r < c->r; r++)
      for (long ch = 0; ch < c->c; ch++)
        for (long s = 0; s < c->s; s++) {
          long at = (k / LANES * depth + (r * c->c + ch) * c->s + s) * LANES + k % LANES;
          float value = k < c->k ? weights[((k * c->c + ch) * c->r + r) * c->s + s] : 0;
          packed[at] = k < c->k && scale ? value * scale[k] : value;
        }
}

// Unrolls the patches of `count` output pixels from `first` on.
static void unroll(const ferry_conv *c, const float *x, long first, long count, float *panel) {
  for (long i = first; i < first + count; i++) {
    long ox = i % c->ow, oy = i / c->ow % c->oh, n = i / (c->oh * c->ow);
    long left = ox * c->stride - c->padding, right = left + c->s;
    for (long r = 0; r < c->r; r++)
      for (long ch = 0; ch < c->c; ch++, panel += c->s) {
        long y = oy * c->stride - c->padding + r;
        const float *row = x + ((n * c->c + ch) * c->h + y) * c->w;
        if (y < 0 || y >= c->h) {
          memset(panel, 0, sizeof(float) * (size_t)c->s);
        } else if (left >= 0 && right <= c->w) {
          for (long s = 0; s < c->s; s++) panel[s] = row[left + s];
        } else {
          for (long s = 0; s < c->s; s++)
            panel[s] = left + s >= 0 && left + s < c->w ? row[left + s] : 0;
        }
      }
  }
}

#define FERRY_SOURCE "stem.c"
#include "each_target.h"

void ferry_stem_forward(const ferry_conv *conv, const float *x, const float *packed,
                        const ferry_epilogue *epilogue, float *y) {
  stem_job job = {.conv = conv, .x = x, .packed = packed, .epilogue = epilogue, .y = y};
  FERRY_CALL(stem_run, (&job));
}

void ferry_stem_backward_weights(const ferry_conv *c, const float *x, const float *dy,
                                 int accumulate, float *dw) {
  long depth = c->c * c->r * c->s, size = blocks_of(c->k) * depth * LANES;
  long groups = long_min(c->n, MOST_GROUPS);
  float *partial = ferry_scratch(3, groups * size * (long)sizeof(float));
  memset(partial, 0, sizeof(float) * (size_t)(groups * size));
  stem_job job = {.conv = c, .x = x, .dy = dy, .partial = partial, .groups = groups};
  FERRY_CALL(stem_weights_run, (&job));
  for (long k = 0; k < c->k; k++)
    for (long j = 0; j < depth; j++) {
      float sum = 0;
      for (long g = 0; g < groups; g++)
        sum += partial[g * size + (k / LANES * depth + j) * LANES + k % LANES];
      long s = j % c->s, ch = j / c->s % c->c, r = j / c->s / c->c;
      float *to = dw + ((k * c->c + ch) * c->r + r) * c->s + s;
      *to = accumulate ? *to + sum : sum;
    }
}
#else
#include "products.h"

ALWAYS void TARGETED(stem_tile)(const int rows, const int blocks, const stem_job *job, long first,
                                const float *panel, long block) {
  const ferry_conv *c = job->conv;
  const ferry_epilogue *epilogue = job->epilogue;
  long depth = c->c * c->r * c->s, plane = c->oh * c->ow;
  f16 acc[ROWS][BLOCKS];
  TARGETED(products)(rows, blocks, panel, depth, 0, 1, depth, job->packed + block * depth * LANES,
                     depth * LANES, acc);
  for (int b = 0; b < blocks; b++) {
    f16 bias = epilogue->bias ? LOAD(epilogue->bias + (block + b) * LANES) : (f16){};
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      long n = (first + r) / plane, pixel = (first + r) % plane;
      long at = ((n * blocks_of(c->k) + block + b) * plane + pixel) * LANES;
      f16 value = acc[r][b] + bias;
      if (epilogue->residual) value += LOAD(epilogue->residual + at);
      if (epilogue->relu) value = MAXIMUM(value, (f16){});
      STORE(job->y + at, value);
    }
  }
}

#define TILE(rows, blocks) \
  TARGETED(stem_tile)(rows, blocks, job, first + from, panel + from * depth, block)

static void TARGETED(stem_task)(void *context, long index) {
  const stem_job *job = context;
  const ferry_conv *c = job->conv;
  long depth = c->c * c->r * c->s, first = index * FORWARD_PIXELS;
  long count = long_min(FORWARD_PIXELS, c->n * c->oh * c->ow - first);
  float *panel = ferry_scratch(0, FORWARD_PIXELS * depth * (long)sizeof(float));
  unroll(c, job->x, first, count, panel);
  long tiles = divide_up(count, ROWS), all = blocks_of(c->k);
  for (long block = 0; block < all; block += BLOCKS)
    for (long tile = 0; tile < tiles; tile++) {
      long from = tile * count / tiles, rows = (tile + 1) * count / tiles - from;
      if (BLOCKS > 1 && block + BLOCKS <= all) {
        FOR_ROWS(rows, TILE, BLOCKS)
      } else {
        FOR_ROWS(rows, TILE, 1)
      }
    }
}
#undef TILE

static void TARGETED(stem_run)(stem_job *job) {
  const ferry_conv *c = job->conv;
  ferry_parallel(divide_up(c->n * c->oh * c->ow, FORWARD_PIXELS), TARGETED(stem_task), job);
}

ALWAYS void TARGETED(stem_products)(const int rows, const float *panel, long depth,
                                    const float *dy, long count, float *sums) {
  f16 acc[WEIGHT_ROWS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) acc[r] = LOAD(sums + r * LANES);
  for (long i = 0; i < count; i++, panel += depth, dy += LANES) {
    f16 gradient = LOAD(dy);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) acc[r] += gradient * SPLAT(panel[r]);
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) STORE(sums + r * LANES, acc[r]);
}

static void TARGETED(stem_weights_task)(void *context, long group) {
  const stem_job *job = context;
  const ferry_conv *c = job->conv;
  long depth = c->c * c->r * c->s, plane = c->oh * c->ow, all = blocks_of(c->k);
  float *sums = job->partial + group * all * depth * LANES;
  float *panel = ferry_scratch(0, BAND_PIXELS * depth * (long)sizeof(float));
  for (long n = group * c->n / job->groups; n < (group + 1) * c->n / job->groups; n++)
    for (long first = 0; first < plane; first += BAND_PIXELS) {
      long count = long_min(BAND_PIXELS, plane - first);
      unroll(c, job->x, n * plane + first, count, panel);
      for (long j = 0; j < depth; j += WEIGHT_ROWS)
        for (long block = 0; block < all; block++) {
          const float *dy = job->dy + ((n * all + block) * plane + first) * LANES;
          float *to = sums + (block * depth + j) * LANES;
          if (j + WEIGHT_ROWS <= depth) {
            TARGETED(stem_products)(WEIGHT_ROWS, panel + j, depth, dy, count, to);
          } else {
            for (long one = 0; j + one < depth; one++)
              TARGETED(stem_products)(1, panel + j + one, depth, dy, count, to + one * LANES);
          }
        }
    }
}

static void TARGETED(stem_weights_run)(stem_job *job) {
  ferry_parallel(job->groups, TARGETED(stem_weights_task), job);
}
#endif
