// The product of gathered.h. A task takes a run of grid points; for every PIXELS of them it copies
// the pixels each tap reads into a panel [tap][source block][PIXELS][16], zeros for those outside,
// and multiplies the panel with all the weights, ROWS pixels by BLOCKS x 16 channels at a time.
// The copy costs a few per cent of the products and makes every stride and border alike.
//
// On tiny grids most taps lie outside. There a run takes one grid point of many samples, which have
// the same taps inside, and leaves the others out.
#ifndef FERRY_BODY
#include "gathered.h"

enum { MOST_PIXELS = 28, TASK_PRODUCTS = 1 << 18, TINY_GRID = 9 };

typedef struct {
  const ferry_gathered *product;
  long chunks, chunks_each;
} gathered_job;

#define FERRY_SOURCE "gathered.c"
#include "each_target.h"

void ferry_gathered_product(const ferry_gathered *product) {
  gathered_job job = {product, 0, 0};
  if (product->n * product->grid_h * product->grid_w > 0) FERRY_CALL(gathered_run, (&job));
}
#else
#include "products.h"

// Whole register tiles.
#define PIXELS (MOST_PIXELS / ROWS * ROWS)

// One run of grid points: where each reads and writes, and the taps inside for any of them.
typedef struct {
  long count, sample[MOST_PIXELS], y[MOST_PIXELS], x[MOST_PIXELS], out[MOST_PIXELS];
  long taps, tap[MOST_TAPS];
} TARGETED(points);

static void TARGETED(locate_one)(const ferry_gathered *g, long sample, long pixel, long i,
                                 TARGETED(points) *points) {
  long gy = pixel / g->grid_w, gx = pixel % g->grid_w;
  points->sample[i] = sample * g->source_blocks * g->source_h * g->source_w * LANES;
  points->y[i] = gy * g->step + g->y;
  points->x[i] = gx * g->step + g->x;
  long row = gy * g->out_step + g->out_y, column = gx * g->out_step + g->out_x;
  points->out[i] = (sample * g->blocks * g->out_h * g->out_w + row * g->out_w + column) * LANES;
}

static void TARGETED(locate)(const ferry_gathered *g, long chunk, TARGETED(points) *points) {
  long plane = g->grid_h * g->grid_w;
  if (plane <= TINY_GRID) {
    long each = divide_up(g->n, PIXELS), first = chunk % each * PIXELS;
    points->count = long_min(PIXELS, g->n - first);
    for (long i = 0; i < points->count; i++)
      TARGETED(locate_one)(g, first + i, chunk / each, i, points);
  } else {
    long first = chunk * PIXELS;
    points->count = long_min(PIXELS, g->n * plane - first);
    for (long i = 0; i < points->count; i++)
      TARGETED(locate_one)(g, (first + i) / plane, (first + i) % plane, i, points);
  }
}

ALWAYS int TARGETED(is_inside)(const ferry_gathered *g, const TARGETED(points) *points, long tap,
                               long i) {
  long y = points->y[i] + g->tap_y[tap], x = points->x[i] + g->tap_x[tap];
  return y >= 0 && y < g->source_h && x >= 0 && x < g->source_w;
}

static void TARGETED(gather)(const ferry_gathered *g, TARGETED(points) *points, float *panel) {
  long plane = g->source_h * g->source_w * LANES;
  points->taps = 0;
  for (long tap = 0; tap < g->taps; tap++) {
    int any = 0;
    for (long i = 0; i < points->count; i++) any |= TARGETED(is_inside)(g, points, tap, i);
    if (!any) continue;
    points->tap[points->taps++] = tap;
    for (long i = 0; i < points->count; i++) {
      int inside = TARGETED(is_inside)(g, points, tap, i);
      long y = points->y[i] + g->tap_y[tap], x = points->x[i] + g->tap_x[tap];
      const float *from = g->source + points->sample[i] + (y * g->source_w + x) * LANES;
      float *to = panel + i * LANES;
      for (long block = 0; block < g->source_blocks; block++, to += points->count * LANES)
        *(f16 *)to = inside ? LOAD(from + block * plane) : (f16){};
    }
    panel += g->source_blocks * points->count * LANES;
  }
}

ALWAYS void TARGETED(gathered_tile)(const int rows, const int blocks, const ferry_gathered *g,
                                    const TARGETED(points) *points, long first, const float *panel,
                                    long block) {
  f16 acc[ROWS][BLOCKS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
    for (int b = 0; b < blocks; b++) acc[r][b] = (f16){};
  const float *weights = g->weights + block * g->block_stride;
  long row_count = points->count, chunks = g->source_blocks;
  for (long tap = 0; tap < points->taps; tap++)
    TARGETED(products_add)(rows, blocks, panel + (tap * chunks * row_count + first) * LANES, LANES,
                           row_count * LANES, chunks, LANES,
                           weights + points->tap[tap] * chunks * LANES * LANES, g->block_stride,
                           acc);
  long plane = g->out_h * g->out_w * LANES;
  for (int b = 0; b < blocks; b++) {
    f16 bias = g->epilogue.bias ? LOAD(g->epilogue.bias + (block + b) * LANES) : (f16){};
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      long at = points->out[first + r] + (block + b) * plane;
      f16 value = acc[r][b] + bias;
      if (g->epilogue.residual) value += LOAD(g->epilogue.residual + at);
      if (g->epilogue.relu) value = MAXIMUM(value, (f16){});
      STORE(g->destination + at, value);
    }
  }
}

#define TILE(rows, blocks) TARGETED(gathered_tile)(rows, blocks, g, points, first, panel, block)

static void TARGETED(gathered_chunk)(const ferry_gathered *g, const TARGETED(points) *points,
                                     const float *panel) {
  long tiles = divide_up(points->count, ROWS);
  for (long block = 0; block < g->blocks; block += BLOCKS) {
    long blocks = long_min(BLOCKS, g->blocks - block);
    for (long tile = 0; tile < tiles; tile++) {
      long first = tile * points->count / tiles;
      long rows = (tile + 1) * points->count / tiles - first;
      if (BLOCKS > 1 && blocks == BLOCKS) {
        FOR_ROWS(rows, TILE, BLOCKS)
      } else {
        FOR_ROWS(rows, TILE, 1)
      }
    }
  }
}
#undef TILE

static void TARGETED(gathered_task)(void *context, long index) {
  const gathered_job *job = context;
  const ferry_gathered *g = job->product;
  float *panel = ferry_scratch(
      0, MOST_PIXELS * LANES * long_max(1, g->taps) * g->source_blocks * (long)sizeof(float));
  TARGETED(points) points;
  long end = long_min(job->chunks, (index + 1) * job->chunks_each);
  for (long chunk = index * job->chunks_each; chunk < end; chunk++) {
    TARGETED(locate)(g, chunk, &points);
    TARGETED(gather)(g, &points, panel);
    TARGETED(gathered_chunk)(g, &points, panel);
  }
}

static void TARGETED(gathered_run)(gathered_job *job) {
  const ferry_gathered *g = job->product;
  long plane = g->grid_h * g->grid_w;
  job->chunks =
      plane <= TINY_GRID ? plane * divide_up(g->n, PIXELS) : divide_up(plane * g->n, PIXELS);
  long work = PIXELS * LANES * LANES * g->blocks * g->source_blocks * long_max(1, g->taps);
  job->chunks_each = long_max(1, TASK_PRODUCTS / work);
  ferry_parallel(divide_up(job->chunks, job->chunks_each), TARGETED(gathered_task), job);
}
#undef PIXELS
#endif
