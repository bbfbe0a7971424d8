// Attention inside windows of an image's tokens, with a bias for each pair (Liu et al. 2021,
// equation 4), forward and backward.
//
// A window's rows are gathered through an index, so that neither windows nor shifts are ever copied
// as tensors. All products of a window and a head run on the register tile from memory in the first
// cache; the probabilities are computed again in the backward pass instead of being kept.
#ifndef FERRY_BODY
#include "targets.h"

// Columns of a window's square matrices, and parts in which a head's bias gradient adds up.
enum { PAIR_STRIDE = 64, PARTS = 16 };

typedef struct {
  const ferry_windows *windows;
  const float *qkv, *dy;
  float *y, *dqkv, *parts;
} window_job;

// What one window of one head works on. Rows have `stride` floats, a multiple of sixteen.
typedef struct {
  float *q, *k, *v, *dy, *out;
  float *packed, *scores, *slopes, *turned;
  long stride;
} window_room;

static window_room window_room_of(const ferry_windows *w) {
  long stride = blocks_of(w->width) * LANES, rows = PAIR_STRIDE * stride;
  float *memory = ferry_scratch(
      0, (6 * rows + 3 * PAIR_STRIDE * PAIR_STRIDE) * (long)sizeof(float));
  float *pairs = memory + 6 * rows;
  return (window_room){memory,
                       memory + rows,
                       memory + 2 * rows,
                       memory + 3 * rows,
                       memory + 4 * rows,
                       memory + 5 * rows,
                       pairs,
                       pairs + PAIR_STRIDE * PAIR_STRIDE,
                       pairs + 2 * PAIR_STRIDE * PAIR_STRIDE,
                       stride};
}

// A head's rows of one window: part 0, 1 or 2 of [q k v], or the only part.
static void gather(const ferry_windows *w, long window, const float *from, long parts, long part,
                   long head, float factor, long stride, float *to) {
  long row_length = parts * w->heads * w->width;
  const int32_t *rows = w->rows + window % w->windows * w->tokens;
  from += window / w->windows * w->image_rows * row_length + (part * w->heads + head) * w->width;
  for (long i = 0; i < w->tokens; i++) {
    const float *row = from + rows[i] * row_length;
    float *target = to + i * stride;
    for (long d = 0; d < w->width; d++) target[d] = row[d] * factor;
    for (long d = w->width; d < stride; d++) target[d] = 0;
  }
}

static void scatter(const ferry_windows *w, long window, float *to, long parts, long part,
                    long head, float factor, long stride, const float *from) {
  long row_length = parts * w->heads * w->width;
  const int32_t *rows = w->rows + window % w->windows * w->tokens;
  to += window / w->windows * w->image_rows * row_length + (part * w->heads + head) * w->width;
  for (long i = 0; i < w->tokens; i++) {
    float *row = to + rows[i] * row_length;
    for (long d = 0; d < w->width; d++) row[d] = from[i * stride + d] * factor;
  }
}

// rows [rows][stride] as the right factor of a product over columns: [rows/16][columns][16].
static void pack_transposed(const float *from, long rows, long stride, long columns, float *to) {
  for (long block = 0; block < blocks_of(rows); block++)
    for (long p = 0; p < columns; p++)
      for (long j = 0; j < LANES; j++) {
        long row = block * LANES + j;
        to[(block * columns + p) * LANES + j] = row < rows ? from[row * stride + p] : 0;
      }
}

// The same as the right factor of a product over rows: [columns/16][rows][16].
static void pack(const float *from, long rows, long stride, long columns, float *to) {
  for (long block = 0; block < columns / LANES; block++)
    for (long p = 0; p < rows; p++)
      memcpy(to + (block * rows + p) * LANES, from + p * stride + block * LANES,
             LANES * sizeof(float));
}

static void turn(const float *from, long count, float *to) {
  for (long i = 0; i < count; i++)
    for (long j = 0; j < count; j++) to[j * PAIR_STRIDE + i] = from[i * PAIR_STRIDE + j];
}

#define FERRY_SOURCE "window_attention.c"
#include "each_target.h"

void ferry_window_attention(const ferry_windows *windows, const float *qkv, float *y) {
  window_job job = {.windows = windows, .qkv = qkv, .y = y};
  FERRY_CALL(window_forward_run, (&job));
}

void ferry_window_attention_backward(const ferry_windows *w, const float *qkv, const float *dy,
                                     float *dqkv, float *dbias) {
  long pairs = w->tokens * w->tokens, bytes = w->heads * PARTS * pairs * (long)sizeof(float);
  window_job job = {.windows = w, .qkv = qkv, .dy = dy, .dqkv = dqkv,
                    .parts = ferry_scratch(3, bytes)};
  memset(job.parts, 0, (size_t)bytes);
  FERRY_CALL(window_backward_run, (&job));
  for (long head = 0; head < w->heads; head++)
    for (long i = 0; i < pairs; i++) {
      float sum = 0;
      for (long part = 0; part < PARTS; part++) sum += job.parts[(head * PARTS + part) * pairs + i];
      dbias[head * pairs + i] += sum;
    }
}
#else
#include "exponential.h"
#include "products.h"

ALWAYS void TARGETED(window_tile)(const int rows, const float *a, long a_stride, long depth,
                                  const float *packed, long block, float *c, long c_stride) {
  f16 acc[ROWS][BLOCKS];
  TARGETED(products)(rows, 1, a, a_stride, 0, 1, depth, packed + block * depth * LANES, 0, acc);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) STORE(c + r * c_stride + block * LANES, acc[r][0]);
}

#define TILE(n, unused)                                                                      \
  TARGETED(window_tile)(n, a + from * a_stride, a_stride, depth, packed, block,              \
                        c + from * c_stride, c_stride)

// c = a b with b packed in blocks of sixteen columns.
static void TARGETED(window_product)(const float *a, long rows, long a_stride, long depth,
                                     const float *packed, long blocks, float *c, long c_stride) {
  long tiles = divide_up(rows, ROWS);
  for (long block = 0; block < blocks; block++)
    for (long tile = 0; tile < tiles; tile++) {
      long from = tile * rows / tiles, count = (tile + 1) * rows / tiles - from;
      FOR_ROWS(count, TILE, 0)
    }
}
#undef TILE

// Scores to probabilities, row by row; columns past the window's tokens become zero.
static void TARGETED(window_softmax)(const ferry_windows *w, long window, long head,
                                     float *scores) {
  long tokens = w->tokens, blocks = blocks_of(tokens);
  const float *bias = w->bias + head * tokens * tokens;
  const int32_t *regions = w->regions ? w->regions + window % w->windows * tokens : NULL;
  for (long i = 0; i < tokens; i++) {
    float *row = scores + i * PAIR_STRIDE, most = -INFINITY, sum = 0;
    for (long j = 0; j < tokens; j++) {
      float hidden = regions && regions[i] != regions[j] ? -100.0f : 0;
      row[j] += bias[i * tokens + j] + hidden;
      most = row[j] > most ? row[j] : most;
    }
    for (long j = tokens; j < blocks * LANES; j++) row[j] = -INFINITY;
    f16 total = {};
    for (long b = 0; b < blocks; b++) {
      f16 value = TARGETED(exponential)(LOAD(row + b * LANES) - SPLAT(most));
      STORE(row + b * LANES, value);
      total += value;
    }
    for (int lane = 0; lane < LANES; lane++) sum += total[lane];
    for (long b = 0; b < blocks; b++)
      STORE(row + b * LANES, LOAD(row + b * LANES) * SPLAT(1 / sum));
  }
}

// Gathers q, k and v and leaves the probabilities in `scores`.
static void TARGETED(window_probabilities)(const window_job *job, long window, long head,
                                           const window_room *room) {
  const ferry_windows *w = job->windows;
  gather(w, window, job->qkv, 3, 0, head, w->scale, room->stride, room->q);
  gather(w, window, job->qkv, 3, 1, head, 1, room->stride, room->k);
  gather(w, window, job->qkv, 3, 2, head, 1, room->stride, room->v);
  pack_transposed(room->k, w->tokens, room->stride, room->stride, room->packed);
  TARGETED(window_product)(room->q, w->tokens, room->stride, room->stride, room->packed,
                           blocks_of(w->tokens), room->scores, PAIR_STRIDE);
  TARGETED(window_softmax)(w, window, head, room->scores);
}

static void TARGETED(window_forward_task)(void *context, long index) {
  const window_job *job = context;
  const ferry_windows *w = job->windows;
  window_room room = window_room_of(w);
  for (long head = 0; head < w->heads; head++) {
    TARGETED(window_probabilities)(job, index, head, &room);
    pack(room.v, w->tokens, room.stride, room.stride, room.packed);
    TARGETED(window_product)(room.scores, w->tokens, PAIR_STRIDE, w->tokens, room.packed,
                             room.stride / LANES, room.out, room.stride);
    scatter(w, index, job->y, 1, 0, head, 1, room.stride, room.out);
  }
}

static void TARGETED(window_forward_run)(window_job *job) {
  ferry_parallel(job->windows->images * job->windows->windows, TARGETED(window_forward_task), job);
}

// ds = p (dp - sum of p dp over the row), in place of dp; adds it to the bias's gradient.
static void TARGETED(window_slopes)(const ferry_windows *w, const float *scores, float *slopes,
                                    float *bias) {
  long tokens = w->tokens, blocks = blocks_of(tokens);
  for (long i = 0; i < tokens; i++) {
    const float *p = scores + i * PAIR_STRIDE;
    float *ds = slopes + i * PAIR_STRIDE, sum = 0;
    f16 total = {};
    for (long b = 0; b < blocks; b++) total += LOAD(p + b * LANES) * LOAD(ds + b * LANES);
    for (int lane = 0; lane < LANES; lane++) sum += total[lane];
    for (long b = 0; b < blocks; b++)
      STORE(ds + b * LANES, LOAD(p + b * LANES) * (LOAD(ds + b * LANES) - SPLAT(sum)));
    for (long j = 0; j < tokens; j++) bias[i * tokens + j] += ds[j];
  }
}

static void TARGETED(window_backward)(const window_job *job, long window, long head,
                                      const window_room *room, float *bias) {
  const ferry_windows *w = job->windows;
  long tokens = w->tokens, stride = room->stride, blocks = stride / LANES;
  TARGETED(window_probabilities)(job, window, head, room);
  gather(w, window, job->dy, 1, 0, head, 1, stride, room->dy);
  turn(room->scores, tokens, room->turned);
  pack(room->dy, tokens, stride, stride, room->packed);
  TARGETED(window_product)(room->turned, tokens, PAIR_STRIDE, tokens, room->packed, blocks,
                           room->out, stride);
  scatter(w, window, job->dqkv, 3, 2, head, 1, stride, room->out);
  pack_transposed(room->v, tokens, stride, stride, room->packed);
  TARGETED(window_product)(room->dy, tokens, stride, stride, room->packed, blocks_of(tokens),
                           room->slopes, PAIR_STRIDE);
  TARGETED(window_slopes)(w, room->scores, room->slopes, bias);
  pack(room->k, tokens, stride, stride, room->packed);
  TARGETED(window_product)(room->slopes, tokens, PAIR_STRIDE, tokens, room->packed, blocks,
                           room->out, stride);
  scatter(w, window, job->dqkv, 3, 0, head, w->scale, stride, room->out);
  // q holds the scale already.
  turn(room->slopes, tokens, room->turned);
  pack(room->q, tokens, stride, stride, room->packed);
  TARGETED(window_product)(room->turned, tokens, PAIR_STRIDE, tokens, room->packed, blocks,
                           room->out, stride);
  scatter(w, window, job->dqkv, 3, 1, head, 1, stride, room->out);
}

static void TARGETED(window_backward_task)(void *context, long index) {
  const window_job *job = context;
  const ferry_windows *w = job->windows;
  window_room room = window_room_of(w);
  long head = index / PARTS, part = index % PARTS, count = w->images * w->windows;
  float *bias = job->parts + index * w->tokens * w->tokens;
  for (long window = part * count / PARTS; window < (part + 1) * count / PARTS; window++)
    TARGETED(window_backward)(job, window, head, &room, bias);
}

static void TARGETED(window_backward_run)(window_job *job) {
  ferry_parallel(job->windows->heads * PARTS, TARGETED(window_backward_task), job);
}
#endif
