// Weights [K][C][area] in and out of vectors over sixteen filters or channels: included in a kernel's
// body, once a target. Eight by eight transpositions do most of it; edges go one by one.

typedef float TARGETED(eight) __attribute__((vector_size(32), aligned(4), may_alias));

// to[j][i] (+)= from[i][j] for i, j of 0 ..< 8.
ALWAYS void TARGETED(transpose)(const float *from, long from_stride, float *to, long to_stride,
                                const int add) {
  TARGETED(eight) a[8], b[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) a[i] = *(const TARGETED(eight) *)(from + i * from_stride);
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i += 2) {
    b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; j++) {
      a[i + 2 * j] = __builtin_shufflevector(b[i + j], b[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      a[i + 2 * j + 1] =
          __builtin_shufflevector(b[i + j], b[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    b[i] = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    b[i + 4] = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) {
    TARGETED(eight) *row = (TARGETED(eight) *)(to + i * to_stride);
    *row = add ? *row + b[i] : b[i];
  }
}

// rows[c][tap][lane] of eight channels from c0 on and sixteen filters from k0 on, zeros where there
// are none, each filter times scale[k] where scale is given.
__attribute__((unused)) static void TARGETED(load_filters)(const ferry_conv *conv, const float *weights,
                                   const float *scale, long k0, long c0, float *rows) {
  long area = conv->r * conv->s, depth = conv->c * area;
  const float *from = weights + k0 * depth + c0 * area;
  if (k0 + LANES <= conv->k && c0 + 8 <= conv->c) {
    for (long j = 0; j < 8 * area; j += 8)
      for (long half = 0; half < LANES; half += 8)
        TARGETED(transpose)(from + half * depth + j, depth, rows + j * LANES + half, LANES, 0);
  } else {
    long filters = long_min(LANES, conv->k - k0), width = long_min(8, conv->c - c0) * area;
    memset(rows, 0, sizeof(float) * (size_t)(8 * area * LANES));
    for (long lane = 0; lane < filters; lane++)
      for (long j = 0; j < width; j++) rows[j * LANES + lane] = from[lane * depth + j];
  }
  if (!scale) return;
  f16 factors = {};
  for (long lane = 0; lane < long_min(LANES, conv->k - k0); lane++) factors[lane] = scale[k0 + lane];
  for (long j = 0; j < 8 * area; j++) STORE(rows + j * LANES, LOAD(rows + j * LANES) * factors);
}

// The way back: weights (+)= rows.
__attribute__((unused)) static void TARGETED(store_filters)(const ferry_conv *conv,
                                                            const float *rows, int add, long k0,
                                                            long c0, float *weights) {
  long area = conv->r * conv->s, depth = conv->c * area;
  float *to = weights + k0 * depth + c0 * area;
  if (k0 + LANES <= conv->k && c0 + 8 <= conv->c) {
    for (long j = 0; j < 8 * area; j += 8)
      for (long half = 0; half < LANES; half += 8) {
        const float *from = rows + j * LANES + half;
        if (add) TARGETED(transpose)(from, LANES, to + half * depth + j, depth, 1);
        else TARGETED(transpose)(from, LANES, to + half * depth + j, depth, 0);
      }
    return;
  }
  long filters = long_min(LANES, conv->k - k0), width = long_min(8, conv->c - c0) * area;
  for (long lane = 0; lane < filters; lane++)
    for (long j = 0; j < width; j++) {
      float value = rows[j * LANES + lane];
      to[lane * depth + j] = add ? to[lane * depth + j] + value : value;
    }
}

// rows[tap][lane] of one filter and sixteen channels from c0 on.
__attribute__((unused)) static void TARGETED(load_channels)(const ferry_conv *conv, const float *weights, long k, long c0,
                                    float *rows) {
  long area = conv->r * conv->s, tap = 0;
  const float *from = weights + (k * conv->c + c0) * area;
  long channels = k < conv->k ? long_min(LANES, conv->c - c0) : 0;
  if (channels == LANES) {
    for (; tap + 8 <= area; tap += 8)
      for (long half = 0; half < LANES; half += 8)
        TARGETED(transpose)(from + half * area + tap, area, rows + tap * LANES + half, LANES, 0);
  } else {
    memset(rows, 0, sizeof(float) * (size_t)(area * LANES));
  }
  for (; tap < area; tap++)
    for (long lane = 0; lane < channels; lane++) rows[tap * LANES + lane] = from[lane * area + tap];
}
