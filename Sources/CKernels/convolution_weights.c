// The gradient of a convolution's weights, blocked tensors, any stride and padding.
//
// A task owns sixteen filters, sixteen channels and one row of taps, and runs over all samples, so
// no partial sums are ever combined. For a band of output pixels that fits the first-level cache
// it holds WEIGHT_ROWS channels x 16 filters in registers and adds x (by broadcast) times dy.
#ifndef FERRY_BODY
#include "targets.h"

enum { BAND_PIXELS = 128, MOST_WIDTH = 16 };

typedef struct {
  const ferry_conv *conv;
  const float *x, *dy;
  float *dw;
  int accumulate;
} weights_job;

// The output positions whose tap lies inside the image: low ..< high.
static void inside(long tap, long size, long out, long stride, long padding, long *low,
                   long *high) {
  long least = padding - tap;
  *low = least > 0 ? divide_up(least, stride) : 0;
  long most = size - 1 + padding - tap;
  *high = most < 0 ? 0 : long_min(out, most / stride + 1);
}

#define FERRY_SOURCE "convolution_weights.c"
#include "each_target.h"

void ferry_conv_backward_weights(const ferry_conv *conv, const float *x, const float *dy,
                                 int accumulate, float *dw) {
  weights_job job = {conv, x, dy, dw, accumulate};
  FERRY_CALL(conv_weights_run, (&job));
}
#else

// A band of pixels: samples x rows x columns, with the strides of both tensors.
typedef struct {
  long samples, rows, columns;
  const float *x, *dy;
  long x_sample, x_row, x_column, dy_sample, dy_row;
} TARGETED(band);

ALWAYS void TARGETED(band_products)(const int rows, const TARGETED(band) *band, long channel,
                                    float *sums) {
  f16 acc[WEIGHT_ROWS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) acc[r] = LOAD(sums + (channel + r) * LANES);
  for (long n = 0; n < band->samples; n++)
    for (long row = 0; row < band->rows; row++) {
      const float *x = band->x + n * band->x_sample + row * band->x_row + channel;
      const float *dy = band->dy + n * band->dy_sample + row * band->dy_row;
      for (long i = 0; i < band->columns; i++, x += band->x_column, dy += LANES) {
        f16 gradient = LOAD(dy);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) acc[r] += gradient * SPLAT(x[r]);
      }
    }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) STORE(sums + (channel + r) * LANES, acc[r]);
}

static void TARGETED(band_add)(const TARGETED(band) *band, float *sums) {
  long channel = 0;
  for (; channel + WEIGHT_ROWS <= LANES; channel += WEIGHT_ROWS)
    TARGETED(band_products)(WEIGHT_ROWS, band, channel, sums);
  const int rest = LANES % WEIGHT_ROWS;
  if (rest) TARGETED(band_products)(rest, band, channel, sums);
}

// Adds the pixels of samples first ..< first + samples and output rows top ..< bottom.
static void TARGETED(band_taps)(const weights_job *job, long kb, long cb, long kh, long first,
                                long samples, long top, long bottom, float *sums) {
  const ferry_conv *c = job->conv;
  long x_plane = c->h * c->w * LANES, dy_plane = c->oh * c->ow * LANES;
  TARGETED(band) band = {.samples = samples, .rows = bottom - top};
  band.x_sample = blocks_of(c->c) * x_plane;
  band.dy_sample = blocks_of(c->k) * dy_plane;
  band.x_row = c->stride * c->w * LANES;
  band.x_column = c->stride * LANES;
  band.dy_row = c->ow * LANES;
  for (long kw = 0; kw < c->s; kw++) {
    long left, right;
    inside(kw, c->w, c->ow, c->stride, c->padding, &left, &right);
    if (left >= right) continue;
    band.columns = right - left;
    long y = top * c->stride + kh - c->padding, x = left * c->stride + kw - c->padding;
    band.x = job->x + first * band.x_sample + cb * x_plane + (y * c->w + x) * LANES;
    band.dy = job->dy + first * band.dy_sample + kb * dy_plane + (top * c->ow + left) * LANES;
    TARGETED(band_add)(&band, sums + kw * LANES * LANES);
  }
}

static void TARGETED(weights_write)(const weights_job *job, long kb, long cb, long kh,
                                    const float *sums) {
  const ferry_conv *c = job->conv;
  for (long k = kb * LANES; k < long_min(c->k, (kb + 1) * LANES); k++)
    for (long ch = cb * LANES; ch < long_min(c->c, (cb + 1) * LANES); ch++)
      for (long kw = 0; kw < c->s; kw++) {
        float *to = job->dw + ((k * c->c + ch) * c->r + kh) * c->s + kw;
        float sum = sums[(kw * LANES + ch % LANES) * LANES + k % LANES];
        *to = job->accumulate ? *to + sum : sum;
      }
}

static void TARGETED(weights_task)(void *context, long index) {
  const weights_job *job = context;
  const ferry_conv *c = job->conv;
  long kh = index % c->r, cb = index / c->r % blocks_of(c->c), kb = index / c->r / blocks_of(c->c);
  float sums[MOST_WIDTH * LANES * LANES] __attribute__((aligned(64)));
  memset(sums, 0, sizeof(float) * (size_t)(c->s * LANES * LANES));
  long top, bottom;
  inside(kh, c->h, c->oh, c->stride, c->padding, &top, &bottom);
  long rows = long_max(1, BAND_PIXELS / c->ow);
  long samples = long_max(1, BAND_PIXELS / (c->oh * c->ow));
  for (long n = 0; n < c->n; n += samples)
    for (long row = top; row < bottom; row += rows)
      TARGETED(band_taps)(job, kb, cb, kh, n, long_min(samples, c->n - n), row,
                          long_min(bottom, row + rows), sums);
  TARGETED(weights_write)(job, kb, cb, kh, sums);
}

static void TARGETED(conv_weights_run)(weights_job *job) {
  const ferry_conv *c = job->conv;
  ferry_parallel(blocks_of(c->k) * blocks_of(c->c) * c->r, TARGETED(weights_task), job);
}
#endif
