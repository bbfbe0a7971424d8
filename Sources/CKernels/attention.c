// Softmax attention of many heads and sequences (Vaswani et al. 2017, equation 1), forward.
//
// A task is one head of one sequence: a few rows of scores at a time stay in cache, so no matrix of
// scores is ever written to memory.
#ifndef FERRY_BODY
#include "attention.h"

enum { QUERY_ROWS = 84 };

#define FERRY_SOURCE "attention.c"
#include "each_target.h"

void ferry_attention_forward(const ferry_attention *a, float *y, long y_stride) {
  attention_job job = {.a = a, .y = y, .y_stride = y_stride};
  FERRY_CALL(attention_run, (&job));
}
#else
#include "attention.h"

static void TARGETED(attention_task)(void *context, long index) {
  const attention_job *job = context;
  const ferry_attention *a = job->a;
  long sequence = index / a->heads, head = index % a->heads;
  attention_head h = head_of(a, sequence, head);
  if (!h.queries || !h.keys) return;
  long rows = long_min(QUERY_ROWS, h.queries);
  long keys = h.wide * h.width, values = padded(h.width) * h.keys;
  float *packed = ferry_scratch(0, (keys + values + rows * h.wide + 64) * (long)sizeof(float));
  float *packed_values = packed + keys;
  float *scores = packed_values + padded(values);
  pack_transposed(h.k, a->key_stride, h.keys, h.width, packed);
  pack_rows(h.v, a->key_stride, h.keys, h.width, packed_values);
  float *y = job->y + a->query_starts[sequence] * job->y_stride + head * h.width;
  for (long first = 0; first < h.queries; first += rows) {
    long count = long_min(rows, h.queries - first);
    TARGETED(probabilities)(a, &h, first, count, packed, scores);
    TARGETED(tile_job) t = {scores, packed_values, y + first * job->y_stride, h.wide,
                            h.keys, job->y_stride, h.width, 1.0f};
    TARGETED(tiles)(&t, count);
  }
}

static void TARGETED(attention_run)(attention_job *job) {
  ferry_parallel(job->a->sequences * job->a->heads, TARGETED(attention_task), job);
}
#endif
