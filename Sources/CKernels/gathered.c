// The product of gathered.h. A task takes a run of grid points; for every PIXELS of them it copies
// the pixels each tap reads into a panel [tap][source block][PIXELS][16], zeros for those outside,
// and multiplies the panel with all the weights, ROWS pixels by BLOCKS x 16 channels at a time.
// The copy costs a few per cent of the products and makes every stride and border alike.
#ifndef FERRY_BODY
#include "gathered.h"

enum { MOST_PIXELS = 28, TASK_PRODUCTS = 1 << 18 };

typedef struct {
  const ferry_gathered *product;
  long chunks_each, points;
} gathered_job;

#define FERRY_SOURCE "gathered.c"
#include "each_target.h"

void ferry_gathered_product(const ferry_gathered *product) {
  gathered_job job = {product, 0, product->n * product->grid_h * product->grid_w};
  if (job.points > 0) FERRY_CALL(gathered_run, (&job));
}
#else
#include "products.h"

// Whole register tiles.
#define PIXELS (MOST_PIXELS / ROWS * ROWS)

// One run of neighbouring grid points: where each reads and where it writes.
typedef struct {
  long count, sample[MOST_PIXELS], y[MOST_PIXELS], x[MOST_PIXELS], out[MOST_PIXELS];
} TARGETED(points);

static void TARGETED(locate)(const ferry_gathered *g, long first, long count,
                             TARGETED(points) *points) {
  points->count = count;
  long plane = g->grid_h * g->grid_w;
  for (long i = 0; i < count; i++) {
    long sample = (first + i) / plane, rest = (first + i) % plane;
    long gy = rest / g->grid_w, gx = rest % g->grid_w;
    points->sample[i] = sample * g->source_blocks * g->source_h * g->source_w * LANES;
    points->y[i] = gy * g->step + g->y;
    points->x[i] = gx * g->step + g->x;
    long row = gy * g->out_step + g->out_y, column = gx * g->out_step + g->out_x;
    points->out[i] =
        (sample * g->blocks * g->out_h * g->out_w + row * g->out_w + column) * LANES;
  }
}

static void TARGETED(gather)(const ferry_gathered *g, const TARGETED(points) *points,
                             float *panel) {
  long plane = g->source_h * g->source_w * LANES, tap_size = g->source_blocks * points->count * LANES;
  for (long tap = 0; tap < g->taps; tap++) {
    for (long i = 0; i < points->count; i++) {
      long y = points->y[i] + g->tap_y[tap], x = points->x[i] + g->tap_x[tap];
      float *to = panel + tap * tap_size + i * LANES;
      int inside = y >= 0 && y < g->source_h && x >= 0 && x < g->source_w;
      const float *from = g->source + points->sample[i] + (y * g->source_w + x) * LANES;
      for (long block = 0; block < g->source_blocks; block++, to += points->count * LANES)
        *(f16 *)to = inside ? LOAD(from + block * plane) : (f16){};
    }
  }
}

ALWAYS void TARGETED(gathered_tile)(const int rows, const int blocks, const ferry_gathered *g,
                                    const TARGETED(points) *points, long first, const float *panel,
                                    long block) {
  f16 acc[ROWS][BLOCKS];
  long row_count = points->count;
  TARGETED(products)(rows, blocks, panel + first * LANES, LANES, row_count * LANES,
                     g->taps * g->source_blocks, LANES, g->weights + block * g->block_stride,
                     g->block_stride, acc);
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
  for (long chunk = index * job->chunks_each; chunk < (index + 1) * job->chunks_each; chunk++) {
    long first = chunk * PIXELS, count = long_min(PIXELS, job->points - first);
    if (count <= 0) return;
    TARGETED(locate)(g, first, count, &points);
    TARGETED(gather)(g, &points, panel);
    TARGETED(gathered_chunk)(g, &points, panel);
  }
}

static void TARGETED(gathered_run)(gathered_job *job) {
  const ferry_gathered *g = job->product;
  long work =
      PIXELS * LANES * LANES * g->blocks * g->source_blocks * long_max(1, g->taps);
  job->chunks_each = long_max(1, TASK_PRODUCTS / work);
  ferry_parallel(divide_up(divide_up(job->points, PIXELS), job->chunks_each),
                 TARGETED(gathered_task), job);
}
#undef PIXELS
#endif
