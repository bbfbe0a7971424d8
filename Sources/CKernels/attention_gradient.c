// The gradients of softmax attention; probabilities are computed again from q and k.
//
// With P the probabilities and dP = dy v^T: dS = P (dP - sum_j P dP), dq = scale dS k,
// dk = scale dS^T q, dv = P^T dy. A task is one head: where the bias has a gradient the head's sequences
// add to it in their order, else a task is one head of one sequence.
#ifndef FERRY_BODY
#include "attention.h"

#define FERRY_SOURCE "attention_gradient.c"
#include "each_target.h"

void ferry_attention_backward(const ferry_attention *a, const float *dy, long dy_stride, float *dq,
                              float *dk, float *dv, float *dbias) {
  attention_job job = {.a = a, .dy = dy, .y_stride = dy_stride, .dq = dq, .dk = dk, .dv = dv,
                       .dbias = dbias};
  FERRY_CALL(attention_backward_run, (&job));
}
#else
#include "attention.h"

// p and ds are [queries][wide]; on return ds holds dS, and the bias has its share.
static void TARGETED(score_gradients)(const attention_head *h, const float *p, float *ds,
                                      float *dbias) {
  for (long i = 0; i < h->queries; i++) {
    const float *row = p + i * h->wide;
    float *gradient = ds + i * h->wide;
    f16 sums = (f16){};
    for (long j = 0; j < h->wide; j += LANES) sums += LOAD(row + j) * LOAD(gradient + j);
    float sum = 0;
    for (int j = 0; j < LANES; j++) sum += sums[j];
    for (long j = 0; j < h->wide; j += LANES)
      STORE(gradient + j, LOAD(row + j) * (LOAD(gradient + j) - sum));
    if (dbias)
      for (long j = 0; j < h->keys; j++) dbias[i * h->keys + j] += gradient[j];
  }
}

static void TARGETED(head_gradients)(const attention_job *job, long sequence, long head) {
  const ferry_attention *a = job->a;
  attention_head h = head_of(a, sequence, head);
  if (!h.queries || !h.keys) return;
  long q0 = a->query_starts[sequence], k0 = a->key_starts[sequence], at = head * h.width;
  const float *dy = job->dy + q0 * job->y_stride + at;
  long square = h.queries * h.wide, turned = h.keys * h.queries;
  long pack = long_max(h.wide, padded(h.queries)) * padded(h.width);
  float *p = ferry_scratch(0, (2 * square + padded(turned) + pack + 64) * (long)sizeof(float));
  float *ds = p + square, *turn = ds + square, *packed = turn + padded(turned);
  pack_transposed(h.k, a->key_stride, h.keys, h.width, packed);
  TARGETED(probabilities)(a, &h, 0, h.queries, packed, p);
  pack_transposed(h.v, a->key_stride, h.keys, h.width, packed);
  TARGETED(tile_job) t = {dy, packed, ds, job->y_stride, h.width, h.wide, h.wide, 1.0f};
  TARGETED(tiles)(&t, h.queries);
  TARGETED(score_gradients)(&h, p, ds, job->dbias ? job->dbias + head * h.queries * h.keys : NULL);
  pack_rows(h.k, a->key_stride, h.keys, h.width, packed);
  t = (TARGETED(tile_job)){ds, packed, job->dq + q0 * a->query_stride + at, h.wide, h.keys,
                           a->query_stride, h.width, a->scale};
  TARGETED(tiles)(&t, h.queries);
  for (int values = 0; values < 2; values++) {
    const float *from = values ? p : ds;
    for (long j = 0; j < h.keys; j++)
      for (long i = 0; i < h.queries; i++) turn[j * h.queries + i] = from[i * h.wide + j];
    if (values)
      pack_rows(dy, job->y_stride, h.queries, h.width, packed);
    else
      pack_rows(h.q, a->query_stride, h.queries, h.width, packed);
    t = (TARGETED(tile_job)){turn, packed, (values ? job->dv : job->dk) + k0 * a->key_stride + at,
                             h.queries, h.queries, a->key_stride, h.width,
                             values ? 1.0f : a->scale};
    TARGETED(tiles)(&t, h.keys);
  }
}

static void TARGETED(attention_backward_task)(void *context, long index) {
  const attention_job *job = context;
  if (!job->dbias) return TARGETED(head_gradients)(job, index / job->a->heads, index % job->a->heads);
  for (long sequence = 0; sequence < job->a->sequences; sequence++)
    TARGETED(head_gradients)(job, sequence, index);
}

static void TARGETED(attention_backward_run)(attention_job *job) {
  long tasks = job->dbias ? job->a->heads : job->a->sequences * job->a->heads;
  ferry_parallel(tasks, TARGETED(attention_backward_task), job);
}
#endif
