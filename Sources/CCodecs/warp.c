#include <math.h>
#include <stddef.h>
#include <string.h>

#include "pixels.h"

typedef struct {
  const uint8_t *pixels;
  int32_t width;
  int32_t height;
} source_picture;

// More pixels than a kernel can span in one row: its reach is at most 32 each way.
enum { WIDEST = 68 };

static inline float triangle(float x) {
  x = 1 - fabsf(x);
  return x > 0 ? x : 0;
}

// Keys (1981), a = -1/2. Both pieces are evaluated, so that the loop has no branches.
static inline float catmull_rom(float x) {
  x = fabsf(x);
  float near = (1.5f * x - 2.5f) * x * x + 1;
  float far = ((-0.5f * x + 2.5f) * x - 4) * x + 2;
  return x < 1 ? near : x < 2 ? far : 0;
}

// Where a coordinate beyond 0 ..< size reads: -1 stands for the fill value.
static inline int32_t within(int32_t i, int32_t size, int32_t border) {
  if (i >= 0 && i < size) return i;
  if (border == 1) return -1;
  if (border == 0 || size == 1) return i < 0 ? 0 : size - 1;
  int32_t period = 2 * (size - 1);
  i %= period;
  if (i < 0) i += period;
  return i < size ? i : period - i;
}

// What is not a number becomes 0.
static inline uint8_t rounded(float value) {
  return (uint8_t)(value >= 255 ? 255 : value > 0 ? (int)(value + 0.5f) : 0);
}

static inline double bounded(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}

typedef struct {
  int32_t left, right, top, bottom;  // pixels under the kernel, last included
  float dx, dy;                      // from the kernel's centre to its first pixel
} window;

// The kernel's weights along one row of the window.
static inline __attribute__((always_inline)) void weigh(int cubic, const float *axes, float dx,
                                                        float dy, int32_t count, float *weights) {
  for (int32_t i = 0; i < count; i++) {
    float x = dx + (float)i;
    float p = axes[0] * x + axes[1] * dy, q = axes[2] * x + axes[3] * dy;
    weights[i] = cubic ? catmull_rom(p) * catmull_rom(q) : triangle(p) * triangle(q);
  }
}

// The weighted mean of the pixels under a kernel along the plan's axes.
static inline __attribute__((always_inline)) void sample(source_picture s, int channels, int cubic,
                                                         const ferry_warp_plan *plan,
                                                         const float *axes, window w,
                                                         uint8_t *out) {
  float weights[WIDEST], sums[3] = {0, 0, 0}, total = 0;
  int inside = w.left >= 0 && w.top >= 0 && w.right < s.width && w.bottom < s.height;
  int32_t count = w.right - w.left + 1;
  for (int32_t j = w.top; j <= w.bottom; j++) {
    weigh(cubic, axes, w.dx, w.dy + (float)(j - w.top), count, weights);
    int32_t y = inside ? j : within(j, s.height, plan->border);
    for (int32_t i = 0; i < count; i++) {
      float weight = weights[i];
      total += weight;
      int32_t x = inside ? w.left + i : within(w.left + i, s.width, plan->border);
      if (!inside && (x < 0 || y < 0)) {
        for (int c = 0; c < channels; c++) sums[c] += weight * (float)plan->fill;
        continue;
      }
      const uint8_t *pixel = s.pixels + ((size_t)y * s.width + x) * channels;
      for (int c = 0; c < channels; c++) sums[c] += weight * pixel[c];
    }
  }
  for (int c = 0; c < channels; c++) out[c] = rounded(sums[c] / total);
}

typedef float f4 __attribute__((vector_size(16)));
typedef int32_t i4 __attribute__((vector_size(16)));
typedef uint8_t b4 __attribute__((vector_size(4)));

// The same where the kernel lies along the source's axes, so that a pixel's weight is a product of two,
// and the window lies inside: three channels at a time. Sums run in the same order, to the same bits.
static inline __attribute__((always_inline)) void sample_upright(source_picture s, int cubic,
                                                                 window w, uint8_t *out) {
  float across[WIDEST], total = 0;
  f4 sums = {0, 0, 0, 0};
  int32_t count = w.right - w.left + 1;
  for (int32_t i = 0; i < count; i++) {
    float x = w.dx + (float)i;
    across[i] = cubic ? catmull_rom(x) : triangle(x);
  }
  for (int32_t j = w.top; j <= w.bottom; j++) {
    float y = w.dy + (float)(j - w.top);
    float down = cubic ? catmull_rom(y) : triangle(y);
    const uint8_t *pixel = s.pixels + 3 * ((size_t)j * s.width + w.left);
    for (int32_t i = 0; i < count; i++, pixel += 3) {
      float weight = across[i] * down;
      b4 bytes;
      memcpy(&bytes, pixel, sizeof bytes);
      total += weight;
      sums += weight * __builtin_convertvector(__builtin_convertvector(bytes, i4), f4);
    }
  }
  for (int c = 0; c < 3; c++) out[c] = rounded(sums[c] / total);
}

// Whether every pixel of the window can be read as four bytes.
static inline int has_room(source_picture s, window w) {
  return w.left >= 0 && w.top >= 0 && w.right < s.width && w.bottom < s.height &&
         (w.right + 1 < s.width || w.bottom + 1 < s.height);
}

static inline __attribute__((always_inline)) void warp(source_picture s, int channels, int cubic,
                                                       const ferry_warp_plan *plan,
                                                       uint8_t *target, int32_t new_width,
                                                       int32_t new_height) {
  const double *m = plan->inverse;
  const float axes[4] = {(float)plan->footprint[0], (float)plan->footprint[1],
                         (float)plan->footprint[2], (float)plan->footprint[3]};
  int upright = channels == 3 && axes[0] == 1 && axes[1] == 0 && axes[2] == 0 && axes[3] == 1;
  // Far outside every position reads alike; the bound keeps indices within 32 bits.
  double far = 1 << 24;
  for (int32_t y = 0; y < new_height; y++) {
    for (int32_t x = 0; x < new_width; x++) {
      double u = m[0] * (x + 0.5) + m[1] * (y + 0.5) + m[2] - 0.5;
      double v = m[3] * (x + 0.5) + m[4] * (y + 0.5) + m[5] - 0.5;
      u = bounded(u, -far, s.width + far);
      v = bounded(v, -far, s.height + far);
      int32_t left = (int32_t)ceil(u - plan->reach[0]);
      int32_t top = (int32_t)ceil(v - plan->reach[1]);
      window w = {left,
                  (int32_t)floor(u + plan->reach[0]),
                  top,
                  (int32_t)floor(v + plan->reach[1]),
                  (float)(left - u),
                  (float)(top - v)};
      if (upright && has_room(s, w)) sample_upright(s, cubic, w, target);
      else sample(s, channels, cubic, plan, axes, w, target);
      target += channels;
    }
  }
}

// Twice as wide where the processor can, without fused products: the same bits. The choice is made
// while the program is loaded, before ThreadSanitizer can watch it.
#if defined(__x86_64__) && defined(__GLIBC__) && !__has_feature(thread_sanitizer)
__attribute__((target_clones("avx2", "default")))
#endif
void ferry_warp(const uint8_t *source, int32_t width, int32_t height, int32_t channels,
                const ferry_warp_plan *plan, uint8_t *target, int32_t new_width,
                int32_t new_height) {
  source_picture s = {source, width, height};
  if (channels == 1 && plan->cubic) {
    warp(s, 1, 1, plan, target, new_width, new_height);
  } else if (channels == 1) {
    warp(s, 1, 0, plan, target, new_width, new_height);
  } else if (plan->cubic) {
    warp(s, 3, 1, plan, target, new_width, new_height);
  } else {
    warp(s, 3, 0, plan, target, new_width, new_height);
  }
}
