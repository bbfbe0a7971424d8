// Weights [K][C][R][S] packed for the gathered products.
//
// Forward [K/16][tap][C/16][16 c][16 k]; transposed [C/16][tap'][K/16][16 k][16 c], where tap' orders
// the taps by residue class (row, then column, modulo the stride).
#ifndef FERRY_BODY
#include "targets.h"

enum { MOST_AREA = 128 };

typedef struct {
  const ferry_conv *conv;
  const float *weights, *scale;
  float *packed;
} pack_job;

long ferry_conv_packed_count(const ferry_conv *conv) {
  return blocks_of(conv->c) * blocks_of(conv->k) * conv->r * conv->s * LANES * LANES;
}

// The place of each tap in the transposed order.
static void residue_order(const ferry_conv *conv, long *place) {
  long next = 0;
  for (long ry = 0; ry < conv->stride; ry++)
    for (long rx = 0; rx < conv->stride; rx++)
      for (long kh = ry; kh < conv->r; kh += conv->stride)
        for (long kw = rx; kw < conv->s; kw += conv->stride) place[kh * conv->s + kw] = next++;
}

#define FERRY_SOURCE "convolution_pack.c"
#include "each_target.h"

void ferry_conv_pack(const ferry_conv *conv, const float *weights, const float *scale,
                     float *packed) {
  pack_job job = {conv, weights, scale, packed};
  FERRY_CALL(pack_run, (&job));
}

void ferry_conv_pack_transposed(const ferry_conv *conv, const float *weights, float *packed) {
  pack_job job = {conv, weights, NULL, packed};
  FERRY_CALL(pack_transposed_run, (&job));
}
#else
#include "filters.h"

static void TARGETED(pack_task)(void *context, long block) {
  const pack_job *job = context;
  const ferry_conv *conv = job->conv;
  long area = conv->r * conv->s, channels = blocks_of(conv->c) * LANES;
  float *out = job->packed + block * area * channels * LANES;
  float *rows = ferry_scratch(0, 8 * area * LANES * (long)sizeof(float));
  for (long c = 0; c < channels; c += 8) {
    TARGETED(load_filters)(conv, job->weights, job->scale, block * LANES, c, rows);
    for (long i = 0; i < 8; i++)
      for (long tap = 0; tap < area; tap++)
        STORE(out + (tap * channels + c + i) * LANES, LOAD(rows + (i * area + tap) * LANES));
  }
}

static void TARGETED(pack_run)(pack_job *job) {
  ferry_parallel(blocks_of(job->conv->k), TARGETED(pack_task), job);
}

static void TARGETED(pack_transposed_task)(void *context, long block) {
  const pack_job *job = context;
  const ferry_conv *conv = job->conv;
  long area = conv->r * conv->s, filters = blocks_of(conv->k) * LANES, place[MOST_AREA];
  residue_order(conv, place);
  float *out = job->packed + block * area * filters * LANES;
  float *rows = ferry_scratch(0, area * LANES * (long)sizeof(float));
  for (long k = 0; k < filters; k++) {
    TARGETED(load_channels)(conv, job->weights, k, block * LANES, rows);
    for (long tap = 0; tap < area; tap++)
      STORE(out + (place[tap] * filters + k) * LANES, LOAD(rows + tap * LANES));
  }
}

static void TARGETED(pack_transposed_run)(pack_job *job) {
  ferry_parallel(blocks_of(job->conv->c), TARGETED(pack_transposed_task), job);
}
#endif
