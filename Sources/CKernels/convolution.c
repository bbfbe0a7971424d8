// Convolution of blocked tensors, forward and gradient of the input, as gathered products.
//
// An input pixel (ih, iw) receives the taps with kh = (ih + padding) mod stride and so on, so each of
// the stride x stride classes of input pixels is one gathered product over its own run of the packed
// taps.
#include "gathered.h"

static long taps_of(long size, long stride, long residue) {
  return residue < size ? divide_up(size - residue, stride) : 0;
}

void ferry_conv_forward(const ferry_conv *conv, const float *x, const float *packed,
                        const ferry_epilogue *epilogue, float *y) {
  ferry_gathered g = {
      .source = x, .n = conv->n, .source_blocks = blocks_of(conv->c), .source_h = conv->h,
      .source_w = conv->w, .grid_h = conv->oh, .grid_w = conv->ow, .step = conv->stride,
      .y = -conv->padding, .x = -conv->padding, .taps = conv->r * conv->s, .destination = y,
      .blocks = blocks_of(conv->k), .out_h = conv->oh, .out_w = conv->ow, .out_step = 1,
      .weights = packed, .epilogue = *epilogue};
  g.block_stride = g.taps * g.source_blocks * LANES * LANES;
  for (long tap = 0; tap < g.taps; tap++) {
    g.tap_y[tap] = tap / conv->s;
    g.tap_x[tap] = tap % conv->s;
  }
  ferry_gathered_product(&g);
}

// The product of one residue class of input pixels; `done` taps of other classes come before.
static void backward_class(const ferry_conv *conv, ferry_gathered *g, long ry, long rx,
                           const float *packed, long done) {
  long stride = conv->stride, padding = conv->padding;
  g->out_y = (ry - padding % stride + stride) % stride;
  g->out_x = (rx - padding % stride + stride) % stride;
  g->grid_h = g->out_y < conv->h ? divide_up(conv->h - g->out_y, stride) : 0;
  g->grid_w = g->out_x < conv->w ? divide_up(conv->w - g->out_x, stride) : 0;
  g->y = (g->out_y + padding - ry) / stride;
  g->x = (g->out_x + padding - rx) / stride;
  long rows = taps_of(conv->r, stride, ry), columns = taps_of(conv->s, stride, rx);
  g->taps = rows * columns;
  for (long tap = 0; tap < g->taps; tap++) {
    g->tap_y[tap] = -(tap / columns);
    g->tap_x[tap] = -(tap % columns);
  }
  g->weights = packed + done * g->source_blocks * LANES * LANES;
  ferry_gathered_product(g);
}

void ferry_conv_backward_data(const ferry_conv *conv, const float *dy, const float *packed,
                              int accumulate, float *dx) {
  ferry_gathered g = {
      .source = dy, .n = conv->n, .source_blocks = blocks_of(conv->k), .source_h = conv->oh,
      .source_w = conv->ow, .step = 1, .destination = dx, .blocks = blocks_of(conv->c),
      .out_h = conv->h, .out_w = conv->w, .out_step = conv->stride};
  g.block_stride = conv->r * conv->s * g.source_blocks * LANES * LANES;
  g.epilogue.residual = accumulate ? dx : NULL;
  long done = 0;
  for (long ry = 0; ry < conv->stride; ry++)
    for (long rx = 0; rx < conv->stride; rx++) {
      long taps = taps_of(conv->r, conv->stride, ry) * taps_of(conv->s, conv->stride, rx);
      if (taps > 0 || !accumulate) backward_class(conv, &g, ry, rx, packed, done);
      done += taps;
    }
}

typedef struct {
  const float *dy;
  float *db;
  long n, k, pixels;
  int accumulate;
} bias_job;

static void bias_task(void *context, long block) {
  const bias_job *job = context;
  double sums[LANES] = {0};
  for (long n = 0; n < job->n; n++) {
    const float *plane = job->dy + (n * blocks_of(job->k) + block) * job->pixels * LANES;
    for (long i = 0; i < job->pixels * LANES; i++) sums[i % LANES] += plane[i];
  }
  for (long k = block * LANES; k < long_min(job->k, (block + 1) * LANES); k++)
    job->db[k] = (float)sums[k % LANES] + (job->accumulate ? job->db[k] : 0);
}

void ferry_conv_backward_bias(const float *dy, long n, long k, long pixels, int accumulate,
                              float *db) {
  bias_job job = {dy, db, n, k, pixels, accumulate};
  ferry_parallel(blocks_of(k), bias_task, &job);
}
