#ifndef FERRY_PIXELS_H
#define FERRY_PIXELS_H

#include <stdint.h>

// Loops over 8-bit interleaved pixels that are too hot for a general path. `channels` is 1 or 3.

/// The weights of a one-dimensional resampling: output i is the sum over t < counts[i] of
/// weights[i * taps + t] * input[starts[i] + t], in fixed point with 22 fractional bits.
typedef struct {
  const int32_t *starts;
  const int32_t *counts;
  const int32_t *weights;
  int32_t taps;
} ferry_taps;

/// Resamples each of `rows` rows from `width` to `new_width` pixels.
void ferry_resample_rows(const uint8_t *source, int32_t width, int32_t rows, int32_t channels,
                         ferry_taps taps, int32_t new_width, uint8_t *target);

/// Resamples columns to `new_rows` rows of `row` samples each; `scratch` has `row` elements.
void ferry_resample_columns(const uint8_t *source, int32_t row, ferry_taps taps, int32_t new_rows,
                            int32_t *scratch, uint8_t *target);

/// Averages blocks of factor x factor pixels; blocks at the right and bottom may be partial.
/// The target has ceil(width / factor) x ceil(height / factor) pixels.
void ferry_reduce(const uint8_t *source, int32_t width, int32_t height, int32_t channels,
                  int32_t factor, uint8_t *target);

/// How an affine warp samples its source.
typedef struct {
  double inverse[6];    // target to source, both with pixel centres at +0.5: u = i0 x + i1 y + i2
  double footprint[4];  // source offset to the kernel's axes: identity unless minifying
  double reach[2];      // half the extent of the kernel in source pixels, across and down
  int32_t cubic;        // kernel: 0 triangle of radius 1, 1 Catmull-Rom of radius 2
  int32_t border;       // beyond the source: 0 nearest pixel, 1 `fill`, 2 mirrored at edge pixels
  int32_t fill;
} ferry_warp_plan;

void ferry_warp(const uint8_t *source, int32_t width, int32_t height, int32_t channels,
                const ferry_warp_plan *plan, uint8_t *target, int32_t new_width,
                int32_t new_height);

/// Writes target[c][y][x] = table[c][source pixel] for the window of size x size pixels whose
/// top-left corner lies at (left, top) of the source, mirrored left to right where `mirrored`.
/// Beyond the source a pixel counts as 0. A grey source fills all three planes.
void ferry_normalise_window(const uint8_t *source, int32_t width, int32_t height, int32_t channels,
                            int32_t left, int32_t top, int32_t mirrored, const float *table,
                            float *target, int32_t size);

#endif
