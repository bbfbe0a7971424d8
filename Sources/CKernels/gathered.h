// A convolution as a product over gathered pixels: what the forward pass and the gradient of the
// input have in common.
//
// Destination pixels form a grid of grid_h x grid_w a sample. Grid point (gy, gx) is destination
// pixel (gy * out_step + out_y, gx * out_step + out_x), and its tap t reads source pixel
// (gy * step + y + tap_y[t], gx * step + x + tap_x[t]); a source pixel outside the image is zero.
#ifndef FERRY_GATHERED_H
#define FERRY_GATHERED_H

#include "targets.h"

enum { MOST_TAPS = 128 };

typedef struct {
  const float *source;
  long n, source_blocks, source_h, source_w;
  long grid_h, grid_w, step, y, x;
  long taps, tap_y[MOST_TAPS], tap_x[MOST_TAPS];
  float *destination;
  long blocks, out_h, out_w, out_step, out_y, out_x;
  const float *weights;  // [blocks][taps][source_blocks][16][16]
  long block_stride;     // between the weights of neighbouring blocks
  ferry_epilogue epilogue;
} ferry_gathered;

// Runs the product on the pool.
void ferry_gathered_product(const ferry_gathered *product);

#endif
