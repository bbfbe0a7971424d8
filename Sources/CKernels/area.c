// Averages of a picture's pixels over the cells of a grid, a row at a time.
//
// Sums of columns come first, over whole rows, then sums along the row: both in integers, so their
// order decides nothing.
#ifndef FERRY_BODY
#include "targets.h"

typedef struct {
  const ferry_area *area;
  long row;
  float *y;
} area_job;

typedef int32_t i4 __attribute__((vector_size(16)));
typedef int32_t i4_memory __attribute__((vector_size(16), aligned(4), may_alias));
typedef float f4 __attribute__((vector_size(16)));

#define FERRY_SOURCE "area.c"
#include "each_target.h"

void ferry_area_row(const ferry_area *area, long row, float *y) {
  area_job job = {area, row, y};
  if (area->exact) FERRY_CALL(area_exact, (&job));
  else FERRY_CALL(area_adaptive, (&job));
}
#else

// out[x] = the sum over cells' whole pixels: cell x spans floor(x w / n) ..< ceil((x + 1) w / n).
static void TARGETED(area_adaptive)(area_job *job) {
  const ferry_area *a = job->area;
  long first = job->row * a->height / a->rows;
  long last = divide_up((job->row + 1) * a->height, a->rows);
  long length = 3 * a->width;
  // One more, so that the last pixel can be read as four values.
  int32_t *sums = ferry_scratch(3, (length + 1) * (long)sizeof *sums);
  const uint8_t *line = a->pixels + (a->top + first) * a->stride + 3 * a->left;
  for (long i = 0; i < length; i++) sums[i] = line[i];
  for (long y = first + 1; y < last; y++) {
    line += a->stride;
    for (long i = 0; i < length; i++) sums[i] += line[i];
  }
  sums[length] = 0;
  float *out = job->y;
  float rows = (float)(last - first);
  long whole = a->width / a->columns, part = a->width % a->columns, start = 0, rest = 0;
  for (long x = 0; x < a->columns; x++, out += 3) {
    const int32_t *s = sums + 3 * start;
    start += whole;
    rest += part;
    if (rest >= a->columns) start++, rest -= a->columns;
    const int32_t *end = sums + 3 * (start + (rest > 0));
    float share = 1 / (rows * (float)((end - s) / 3));
    // At most 255 x 2^26 pixels, and a cell is a twelfth of a side at most: 32 bits suffice.
    i4 total = *(const i4_memory *)s;
    for (s += 3; s < end; s += 3) total += *(const i4_memory *)s;
    f4 mean = __builtin_convertvector(total, f4) * share;
    mean = (mean - 127.5f) * 0.0078125f;
    out[0] = mean[0];
    out[1] = mean[1];
    out[2] = mean[2];
  }
}

// Cells cut pixels: a pixel counts by its share of the cell.
static void TARGETED(area_exact)(area_job *job) {
  const ferry_area *a = job->area;
  long length = 3 * a->width;
  float *sums = ferry_scratch(3, length * (long)sizeof *sums);
  double scale = (double)a->height / (double)a->rows;
  double top = (double)job->row * scale, bottom = (double)(job->row + 1) * scale;
  long first = (long)top, last = long_min(a->height, (long)ceil(bottom - 1e-9));
  const uint8_t *line = a->pixels + (a->top + first) * a->stride + 3 * a->left;
  for (long y = first; y < last; y++, line += a->stride) {
    double share = fmin(bottom, (double)(y + 1)) - fmax(top, (double)y);
    float weight = (float)(share / scale);
    if (y == first)
      for (long i = 0; i < length; i++) sums[i] = weight * line[i];
    else
      for (long i = 0; i < length; i++) sums[i] += weight * line[i];
  }
  float *out = job->y;
  double across = (double)a->width / (double)a->columns;
  for (long x = 0; x < a->columns; x++, out += 3) {
    double left = (double)x * across, right = (double)(x + 1) * across;
    long from = (long)left, to = long_min(a->width, (long)ceil(right - 1e-9));
    float total[3] = {0, 0, 0};
    for (long i = from; i < to; i++) {
      double share = fmin(right, (double)(i + 1)) - fmax(left, (double)i);
      float weight = (float)(share / across);
      for (int c = 0; c < 3; c++) total[c] += weight * sums[3 * i + c];
    }
    for (int c = 0; c < 3; c++) out[c] = (total[c] - 127.5f) * 0.0078125f;
  }
}
#endif
