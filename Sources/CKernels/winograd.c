// Forward pass and gradient of the input by F(4x4, 3x3).
//
// Many tiles: a task transforms a run of BLOCK_TILES tiles into its own V, multiplies them with all
// of U, GROUP blocks of filters at a time, and transforms the products back while they are in cache.
// Few tiles (deep layers, where U is larger than the caches): V of all tiles comes first, then a
// task transforms GROUP blocks of weights and uses them at once for all tiles.
#ifndef FERRY_BODY
#include "winograd.h"

enum { BLOCK_TILES = 48, FEW_TILES = 144, GROUP = 2 };

typedef struct {
  ferry_tiling tiling;
  const ferry_conv *conv;
  const float *source, *weights, *scale;
  int transposed, epilogue_relu;
  const float *bias, *residual;
  float *destination, *u, *v;
  long source_blocks, blocks, tiles, block_tiles;
} winograd_job;

static long u_size(const winograd_job *job) {
  return POSITIONS * job->source_blocks * LANES * LANES;
}

#define FERRY_SOURCE "winograd.c"
#include "each_target.h"

void ferry_winograd_forward(const ferry_conv *conv, const float *x, const float *weights,
                            const float *scale, const ferry_epilogue *epilogue, float *y) {
  winograd_job job = {
      .tiling = tiling_of(conv->n, conv->h, conv->w, conv->oh, conv->ow, conv->padding),
      .conv = conv, .source = x, .weights = weights, .scale = scale, .bias = epilogue->bias,
      .residual = epilogue->residual, .epilogue_relu = epilogue->relu, .destination = y,
      .source_blocks = blocks_of(conv->c), .blocks = blocks_of(conv->k)};
  FERRY_CALL(winograd_run, (&job));
}

void ferry_winograd_backward_data(const ferry_conv *conv, const float *dy, const float *weights,
                                  int accumulate, float *dx) {
  winograd_job job = {
      .tiling = tiling_of(conv->n, conv->oh, conv->ow, conv->h, conv->w, 2 - conv->padding),
      .conv = conv, .source = dy, .weights = weights, .transposed = 1,
      .residual = accumulate ? dx : NULL, .destination = dx,
      .source_blocks = blocks_of(conv->k), .blocks = blocks_of(conv->c)};
  FERRY_CALL(winograd_run, (&job));
}
#else
#include "filters.h"
#include "products.h"
#include "winograd_transforms.h"
#include "winograd_weights.h"

// V of tiles first ..< first + count of one block of channels; v points at the first tile's vector.
static void TARGETED(input_tiles)(const winograd_job *job, long block, long first, long count,
                                  float *v, long stride) {
  const ferry_tiling *t = &job->tiling;
  for (long i = 0; i < count; i++) {
    ferry_tile tile = tile_at(t, first + i);
    const float *plane =
        job->source + (tile.sample * job->source_blocks + block) * t->h * t->w * LANES;
    TARGETED(patch) patch = TARGETED(patch_at)(plane, t->h, t->w, tile.y - t->padding,
                                               tile.x - t->padding);
    TARGETED(input_tile)(&patch, v + i * LANES, stride);
  }
}

// A^T m: the values' powers, summed.
ALWAYS void TARGETED(output_1d)(const VECTOR m[PATCH], VECTOR y[TILE]) {
  const float a = POINT_A, b = POINT_B;
  VECTOR s = m[1] + m[2], d = m[1] - m[2], t = m[3] + m[4], e = m[3] - m[4];
  y[0] = m[0] + (s + t);
  y[1] = a * d + b * e;
  y[2] = a * a * s + b * b * t;
  y[3] = a * a * a * d + (b * b * b * e + m[5]);
}

// Transforms one tile's products back, finishes and stores what lies inside the image.
static void TARGETED(output_tile)(const winograd_job *job, const float *m, long stride, long block,
                                  ferry_tile tile) {
  const ferry_tiling *t = &job->tiling;
  long rows = long_min(TILE, t->out_h - tile.y), columns = long_min(TILE, t->out_w - tile.x);
  long at = ((tile.sample * job->blocks + block) * t->out_h + tile.y) * t->out_w + tile.x;
  for (long part = 0; part < LANES; part += NATIVE) {
    VECTOR half[TILE][PATCH], t6[PATCH], y[TILE];
    VECTOR bias = job->bias ? AT(job->bias + block * LANES + part) : (VECTOR){};
#pragma clang loop unroll(full)
    for (long j = 0; j < PATCH; j++) {
      for (long i = 0; i < PATCH; i++) t6[i] = AT(m + (i * PATCH + j) * stride + part);
      TARGETED(output_1d)(t6, y);
      for (long i = 0; i < TILE; i++) half[i][j] = y[i];
    }
    for (long i = 0; i < rows; i++) {
      TARGETED(output_1d)(half[i], y);
      long row = (at + i * t->out_w) * LANES + part;
#pragma clang loop unroll(full)
      for (long j = 0; j < TILE; j++) {
        if (j >= columns) break;
        VECTOR value = y[j] + bias;
        if (job->residual) value += AT(job->residual + row + j * LANES);
        if (job->epilogue_relu) value = MAXIMUM(value, (VECTOR){});
        *(VECTOR *)(job->destination + row + j * LANES) = value;
      }
    }
  }
}

// The operands of one position's product: `count` tiles by up to BLOCKS blocks of filters.
typedef struct {
  const float *v, *u;
  float *m;
  long chunk_stride, chunks, u_stride, m_stride;
} TARGETED(position);

ALWAYS void TARGETED(position_tile)(const int rows, const int blocks,
                                    const TARGETED(position) *p, long first) {
  f16 acc[ROWS][BLOCKS];
  TARGETED(products)(rows, blocks, p->v + first * LANES, LANES, p->chunk_stride, p->chunks, LANES,
                     p->u, p->u_stride, acc);
  for (int b = 0; b < blocks; b++)
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) STORE(p->m + b * p->m_stride + (first + r) * LANES, acc[r][b]);
}

#define POSITION_TILE(rows, blocks) TARGETED(position_tile)(rows, blocks, p, first)

static void TARGETED(position_products)(const TARGETED(position) *p, long count, long blocks) {
  long tiles = divide_up(count, ROWS);
  for (long tile = 0; tile < tiles; tile++) {
    long first = tile * count / tiles, rows = (tile + 1) * count / tiles - first;
    if (BLOCKS > 1 && blocks == BLOCKS) {
      FOR_ROWS(rows, POSITION_TILE, BLOCKS)
    } else {
      FOR_ROWS(rows, POSITION_TILE, 1)
    }
  }
}
#undef POSITION_TILE

// Blocks first ..< end of filters for `count` tiles from `tile` on: products and output transform.
// v is [36][source block][count], u starts at block `first`.
static void TARGETED(group)(const winograd_job *job, long first, long end, long tile, long count,
                            const float *v, const float *u) {
  long v_stride = position_stride(job->source_blocks * count);
  long m_stride = position_stride((end - first) * count);
  float *m = ferry_scratch(1, POSITIONS * m_stride * (long)sizeof(float));
  TARGETED(position) p = {.chunk_stride = count * LANES, .chunks = job->source_blocks,
                          .u_stride = u_size(job), .m_stride = count * LANES};
  for (long position = 0; position < POSITIONS; position++)
    for (long block = first; block < end; block += BLOCKS) {
      p.v = v + position * v_stride;
      p.u = u + (block - first) * u_size(job) + position * job->source_blocks * LANES * LANES;
      p.m = m + position * m_stride + (block - first) * count * LANES;
      TARGETED(position_products)(&p, count, long_min(BLOCKS, end - block));
    }
  for (long block = first; block < end; block++)
    for (long i = 0; i < count; i++)
      TARGETED(output_tile)(job, m + ((block - first) * count + i) * LANES, m_stride, block,
                            tile_at(&job->tiling, tile + i));
}

static void TARGETED(u_task)(void *context, long block) {
  const winograd_job *job = context;
  TARGETED(winograd_weights)(job->conv, job->weights, job->scale, job->transposed, block,
                             job->u + block * u_size(job));
}

static void TARGETED(tiles_task)(void *context, long index) {
  const winograd_job *job = context;
  long first = index * job->block_tiles, count = long_min(job->block_tiles, job->tiles - first);
  long stride = position_stride(job->source_blocks * count);
  float *v = ferry_scratch(0, POSITIONS * stride * (long)sizeof(float));
  for (long block = 0; block < job->source_blocks; block++)
    TARGETED(input_tiles)(job, block, first, count, v + block * count * LANES, stride);
  for (long block = 0; block < job->blocks; block += GROUP)
    TARGETED(group)(job, block, long_min(job->blocks, block + GROUP), first, count, v,
                    job->u + block * u_size(job));
}

static void TARGETED(v_task)(void *context, long block) {
  const winograd_job *job = context;
  TARGETED(input_tiles)(job, block, 0, job->tiles, job->v + block * job->tiles * LANES,
                        position_stride(job->source_blocks * job->tiles));
}

static void TARGETED(filters_task)(void *context, long index) {
  const winograd_job *job = context;
  long first = index * GROUP, end = long_min(job->blocks, first + GROUP);
  float *u = ferry_scratch(0, GROUP * u_size(job) * (long)sizeof(float));
  for (long block = first; block < end; block++)
    TARGETED(winograd_weights)(job->conv, job->weights, job->scale, job->transposed, block,
                               u + (block - first) * u_size(job));
  TARGETED(group)(job, first, end, 0, job->tiles, job->v, u);
}

static void TARGETED(winograd_run)(winograd_job *job) {
  job->tiles = tiles_of(&job->tiling);
  if (job->tiles <= FEW_TILES) {
    long stride = position_stride(job->source_blocks * job->tiles);
    job->v = ferry_scratch(3, POSITIONS * stride * (long)sizeof(float));
    ferry_parallel(job->source_blocks, TARGETED(v_task), job);
    ferry_parallel(divide_up(job->blocks, GROUP), TARGETED(filters_task), job);
    return;
  }
  job->u = ferry_scratch(3, job->blocks * u_size(job) * (long)sizeof(float));
  ferry_parallel(job->blocks, TARGETED(u_task), job);
  job->block_tiles = BLOCK_TILES;
  ferry_parallel(divide_up(job->tiles, BLOCK_TILES), TARGETED(tiles_task), job);
}
#endif
