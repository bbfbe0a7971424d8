#include <string.h>

#include "pixels.h"

enum { FRACTION = 22, HALF = 1 << (FRACTION - 1) };

static inline uint8_t clipped(int32_t sum) {
  int32_t value = sum >> FRACTION;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

void ferry_resample_rows(const uint8_t *source, int32_t width, int32_t rows, int32_t channels,
                         ferry_taps taps, int32_t new_width, uint8_t *target) {
  for (int32_t y = 0; y < rows; y++) {
    const uint8_t *line = source + (size_t)y * width * channels;
    uint8_t *out = target + (size_t)y * new_width * channels;
    for (int32_t x = 0; x < new_width; x++) {
      const int32_t *weights = taps.weights + (size_t)x * taps.taps;
      const uint8_t *in = line + (size_t)taps.starts[x] * channels;
      int32_t count = taps.counts[x];
      if (channels == 1) {
        int32_t sum = HALF;
        for (int32_t t = 0; t < count; t++) sum += in[t] * weights[t];
        out[x] = clipped(sum);
      } else {
        int32_t red = HALF, green = HALF, blue = HALF;
        for (int32_t t = 0; t < count; t++) {
          red += in[3 * t] * weights[t];
          green += in[3 * t + 1] * weights[t];
          blue += in[3 * t + 2] * weights[t];
        }
        out[3 * x] = clipped(red);
        out[3 * x + 1] = clipped(green);
        out[3 * x + 2] = clipped(blue);
      }
    }
  }
}

void ferry_resample_columns(const uint8_t *source, int32_t row, ferry_taps taps, int32_t new_rows,
                            int32_t *restrict scratch, uint8_t *target) {
  for (int32_t y = 0; y < new_rows; y++) {
    for (int32_t i = 0; i < row; i++) scratch[i] = HALF;
    for (int32_t t = 0; t < taps.counts[y]; t++) {
      const uint8_t *restrict in = source + (size_t)(taps.starts[y] + t) * row;
      int32_t weight = taps.weights[(size_t)y * taps.taps + t];
      for (int32_t i = 0; i < row; i++) scratch[i] += in[i] * weight;
    }
    uint8_t *restrict out = target + (size_t)y * row;
    for (int32_t i = 0; i < row; i++) out[i] = clipped(scratch[i]);
  }
}

void ferry_reduce(const uint8_t *source, int32_t width, int32_t height, int32_t channels,
                  int32_t factor, uint8_t *target) {
  for (int32_t top = 0; top < height; top += factor) {
    int32_t rows = height - top < factor ? height - top : factor;
    for (int32_t left = 0; left < width; left += factor) {
      int32_t columns = width - left < factor ? width - left : factor;
      uint64_t count = (uint64_t)rows * columns;
      for (int32_t c = 0; c < channels; c++) {
        uint64_t sum = count / 2;
        for (int32_t y = top; y < top + rows; y++) {
          const uint8_t *in = source + ((size_t)y * width + left) * channels + c;
          for (int32_t x = 0; x < columns; x++) sum += in[(size_t)x * channels];
        }
        *target++ = (uint8_t)(sum / count);
      }
    }
  }
}

void ferry_normalise_window(const uint8_t *source, int32_t width, int32_t height, int32_t channels,
                            int32_t left, int32_t top, int32_t mirrored, const float *table,
                            float *target, int32_t size) {
  size_t plane = (size_t)size * size;
  int32_t first = left < 0 ? -left : 0;
  int32_t last = width - left < size ? width - left : size;
  if (first > size) first = size;
  if (last < first) last = first;
  for (int32_t c = 0; c < 3; c++) {
    const float *row_table = table + 256 * c;
    for (int32_t y = 0; y < size; y++) {
      float *out = target + plane * c + (size_t)y * size;
      int32_t v = y + top;
      int32_t from = v < 0 || v >= height ? size : first;
      int32_t to = v < 0 || v >= height ? size : last;
      const uint8_t *in = source + (channels == 3 ? c : 0);
      if (from < to) in += ((size_t)v * width + (left + from)) * channels;
      float *put = mirrored ? out + size - 1 : out;
      int32_t step = mirrored ? -1 : 1;
      int32_t x = 0;
      for (; x < from; x++, put += step) *put = row_table[0];
      for (; x < to; x++, put += step, in += channels) *put = row_table[*in];
      for (; x < size; x++, put += step) *put = row_table[0];
    }
  }
}
