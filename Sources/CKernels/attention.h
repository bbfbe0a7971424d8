// What attention's two directions share; the lower part is included in their bodies, once a target.
#ifndef FERRY_BODY
#ifndef FERRY_ATTENTION_H
#define FERRY_ATTENTION_H
#include "targets.h"

typedef struct {
  const ferry_attention *a;
  const float *dy;
  float *y, *dq, *dk, *dv, *dbias;
  long y_stride, most_queries, most_keys;
} attention_job;

// One head of one sequence.
typedef struct {
  const float *q, *k, *v;
  const float *bias, *mask;
  long queries, keys, width, wide;  // wide: keys in whole vectors
} attention_head;

static inline long padded(long count) { return blocks_of(count) * LANES; }

static inline attention_head head_of(const ferry_attention *a, long sequence, long head) {
  long q = a->query_starts[sequence], k = a->key_starts[sequence];
  attention_head h;
  h.queries = a->query_starts[sequence + 1] - q;
  h.keys = a->key_starts[sequence + 1] - k;
  h.width = a->width;
  h.wide = padded(h.keys);
  h.q = a->q + q * a->query_stride + head * a->width;
  h.k = a->k + k * a->key_stride + head * a->width;
  h.v = a->v + k * a->key_stride + head * a->width;
  long square = h.queries * h.keys;
  h.bias = a->bias ? a->bias + head * square : NULL;
  h.mask = a->mask ? a->mask + sequence % a->masks * square : NULL;
  return h;
}

// Keys that a query sees: all, or under a causal mask those up to its own place.
static inline long keys_seen(const ferry_attention *a, const attention_head *h, long query) {
  return a->causal ? long_max(1, h->keys - h->queries + query + 1) : h->keys;
}

// Out of line, so that the many tiles stay small.
static __attribute__((noinline, unused)) void store_lanes(const void *from, long count, float *to) {
  if (count > 0) memcpy(to, from, sizeof(float) * (size_t)count);
}

// Rows as [width/16][rows][16], the rest of the last block zero.
static inline void pack_rows(const float *x, long stride, long rows, long width, float *out) {
  for (long block = 0; block < blocks_of(width); block++) {
    long n = long_min(LANES, width - block * LANES);
    for (long r = 0; r < rows; r++, out += LANES) {
      const float *from = x + r * stride + block * LANES;
      for (long i = 0; i < n; i++) out[i] = from[i];
      for (long i = n; i < LANES; i++) out[i] = 0;
    }
  }
}

// Rows as [rows/16][width][16], transposed.
static inline void pack_transposed(const float *x, long stride, long rows, long width, float *out) {
  for (long block = 0; block < blocks_of(rows); block++) {
    long n = long_min(LANES, rows - block * LANES);
    for (long i = 0; i < width; i++, out += LANES) {
      const float *from = x + block * LANES * stride + i;
      for (long r = 0; r < n; r++) out[r] = from[r * stride];
      for (long r = n; r < LANES; r++) out[r] = 0;
    }
  }
}
#endif
#else
#include "products.h"
#include "exponential.h"

// out[r][0 ..< width] = factor * a[r][0 ..< length] times a packed matrix.
typedef struct {
  const float *a, *packed;
  float *out;
  long a_stride, length, out_stride, width;
  float factor;
} TARGETED(tile_job);

ALWAYS void TARGETED(tile)(const int rows, const int blocks, const TARGETED(tile_job) * t,
                           long first, long block) {
  f16 acc[ROWS][BLOCKS];
  TARGETED(products)(rows, blocks, t->a + first * t->a_stride, t->a_stride, 0, 1, t->length,
                     t->packed + block * t->length * LANES, t->length * LANES, acc);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
    for (int b = 0; b < blocks; b++) {
      float *to = t->out + (first + r) * t->out_stride + (block + b) * LANES;
      f16 value = acc[r][b] * t->factor;
      long n = t->width - (block + b) * LANES;
      if (n >= LANES) {
        STORE(to, value);
      } else {
        f16 rest = value;
        store_lanes(&rest, n, to);
      }
    }
}

#define TILE(rows, blocks) TARGETED(tile)(rows, blocks, t, from, block)

static __attribute__((noinline)) void TARGETED(tiles)(const TARGETED(tile_job) * t, long count) {
  long pieces = divide_up(count, ROWS), all = blocks_of(t->width);
  for (long block = 0, blocks; block < all; block += blocks) {
    blocks = block + BLOCKS <= all ? BLOCKS : 1;
    for (long piece = 0; piece < pieces; piece++) {
      long from = piece * count / pieces, rows = (piece + 1) * count / pieces - from;
      if (BLOCKS > 1 && blocks > 1) {
        FOR_ROWS(rows, TILE, BLOCKS)
      } else {
        FOR_ROWS(rows, TILE, 1)
      }
    }
  }
}
#undef TILE

// Softmax of a row of scores over the keys it sees; the others become zero.
ALWAYS void TARGETED(softmax)(float *scores, const attention_head *h, long query, long seen) {
  const float *bias = h->bias ? h->bias + query * h->keys : NULL;
  const float *mask = h->mask ? h->mask + query * h->keys : NULL;
  if (bias)
    for (long i = 0; i < seen; i++) scores[i] += bias[i];
  if (mask)
    for (long i = 0; i < seen; i++) scores[i] += mask[i];
  for (long i = seen; i < h->wide; i++) scores[i] = -3.0e38f;
  long end = padded(seen);
  f16 most = LOAD(scores);
  for (long i = LANES; i < end; i += LANES) most = MAXIMUM(most, LOAD(scores + i));
  float top = most[0];
  for (int i = 1; i < LANES; i++) top = most[i] > top ? most[i] : top;
  f16 sums = (f16){};
  for (long i = 0; i < end; i += LANES) {
    f16 e = TARGETED(exponential)(LOAD(scores + i) - top);
    STORE(scores + i, e);
    if (i + LANES <= seen) sums += e;
  }
  float sum = 0;
  for (int i = 0; i < LANES; i++) sum += sums[i];
  for (long i = seen / LANES * LANES; i < seen; i++) sum += scores[i];
  float factor = 1.0f / sum;
  for (long i = 0; i < end; i += LANES) STORE(scores + i, LOAD(scores + i) * factor);
  for (long i = seen; i < h->wide; i++) scores[i] = 0;
}

// scores[queries][wide] = softmax(scale q k^T + bias + mask); `packed` has room for wide x width.
static void TARGETED(probabilities)(const ferry_attention *a, const attention_head *h, long first,
                                    long count, const float *packed, float *scores) {
  TARGETED(tile_job) t = {h->q + first * a->query_stride, packed, scores, a->query_stride,
                          h->width, h->wide, h->wide, a->scale};
  TARGETED(tiles)(&t, count);
  for (long i = 0; i < count; i++)
    TARGETED(softmax)(scores + i * h->wide, h, first + i, keys_seen(a, h, first + i));
}
#endif
