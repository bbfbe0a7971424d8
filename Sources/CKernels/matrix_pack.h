// The operands of a matrix product in the order in which the register tile reads them: included in a
// kernel's body, once a target.

// Transposes sixteen vectors.
ALWAYS void TARGETED(transpose)(f16 v[LANES]) {
#define HALVES(step, low, high)                                        \
  for (int i = 0; i < LANES; i++)                                      \
    if (!(i & step)) {                                                 \
      f16 x = v[i], y = v[i + step];                                   \
      v[i] = low;                                                      \
      v[i + step] = high;                                              \
    }
#define S __builtin_shufflevector
#pragma clang loop unroll(full)
  HALVES(1, S(x, y, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
         S(x, y, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#pragma clang loop unroll(full)
  HALVES(2, S(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
         S(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
#pragma clang loop unroll(full)
  HALVES(4, S(x, y, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
         S(x, y, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
#pragma clang loop unroll(full)
  HALVES(8, S(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
         S(x, y, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#undef S
#undef HALVES
}

// Fetches a run of floats that is read a few rows later; rows lie far apart, so that the processor
// does not see it coming.
ALWAYS void TARGETED(fetch)(const float *from, long floats) {
  for (long i = 0; i < floats; i += LANES) __builtin_prefetch(from + i);
}

// Rows from ..< from + depth and columns column ..< column + columns of a stored b as panels
// [depth][16] that lie `stride` floats apart; the last panel's rest is zero.
static void TARGETED(pack_plain)(const ferry_product *p, long from, long depth, long column,
                                 long columns, long stride, float *out) {
  long whole = columns / LANES, rest = columns % LANES;
  for (long i = 0; i < depth; i++, out += LANES) {
    const float *b = p->b + (from + i) * p->ldb + column;
    if (i + AHEAD < depth) TARGETED(fetch)(b + AHEAD * p->ldb, columns);
    for (long j = 0; j < whole; j++) STORE(out + j * stride, LOAD(b + j * LANES));
    if (rest)
      for (long j = 0; j < LANES; j++)
        out[whole * stride + j] = j < rest ? b[whole * LANES + j] : 0;
  }
}

// The same of a transposed b.
static void TARGETED(pack_transposed)(const ferry_product *p, long from, long depth, long column,
                                      long columns, long stride, float *out) {
  for (long block = 0; block < columns; block += LANES, out += stride) {
    const float *b = p->b + (column + block) * p->ldb + from;
    long i = 0, width = columns - block;
    if (width >= LANES)
      for (; i + LANES <= depth; i += LANES) {
        f16 v[LANES];
        for (long j = 0; j < LANES; j++) v[j] = LOAD(b + j * p->ldb + i);
        TARGETED(transpose)(v);
        for (long j = 0; j < LANES; j++) STORE(out + (i + j) * LANES, v[j]);
      }
    for (; i < depth; i++)
      for (long j = 0; j < LANES; j++) out[i * LANES + j] = j < width ? b[j * p->ldb + i] : 0;
  }
}

static void TARGETED(pack_b)(const ferry_product *p, long from, long depth, long column,
                             long columns, long stride, float *out) {
  if (p->transpose_b)
    TARGETED(pack_transposed)(p, from, depth, column, columns, stride, out);
  else
    TARGETED(pack_plain)(p, from, depth, column, columns, stride, out);
}

static void TARGETED(pack_b_task)(void *context, long index) {
  const matrix_job *job = context;
  long column = index * PACKED_COLUMNS;
  TARGETED(pack_b)(job->p, 0, job->p->k, column, long_min(PACKED_COLUMNS, job->p->n - column),
                   job->b_stride, job->packed + column / LANES * job->b_stride);
}

// Stores the lanes of a tile's rows; those behind them are overwritten by the next call.
ALWAYS void TARGETED(store_rows)(float *out, f16 v) {
  enum { KEPT = ROWS <= 4 ? 4 : ROWS <= 8 ? 8 : LANES };
  memcpy(out, &v, KEPT * sizeof(float));
}

// Rows of a as tiles [depth][ROWS] that lie `stride` floats apart; missing rows are zero.
static void TARGETED(pack_a)(const float *a, long lda, long rows, long depth, long stride,
                             float *out) {
  for (long row = 0; row < rows; row += ROWS, a += ROWS * lda, out += stride) {
    long i = 0, n = rows - row;
    if (n >= ROWS)
      for (; i + LANES <= depth; i += LANES) {
        f16 v[LANES];
#pragma clang loop unroll(full)
        for (long r = 0; r < LANES; r++) v[r] = r < ROWS ? LOAD(a + r * lda + i) : (f16){};
        TARGETED(transpose)(v);
#pragma clang loop unroll(full)
        for (long r = 0; r < LANES; r++) TARGETED(store_rows)(out + (i + r) * ROWS, v[r]);
      }
    for (; i < depth; i++)
      for (long r = 0; r < ROWS; r++) out[i * ROWS + r] = r < n ? a[r * lda + i] : 0;
  }
}

// The same of a stored [depth][rows].
static void TARGETED(pack_turned)(const float *a, long lda, long rows, long depth, long stride,
                                  float *out) {
  for (long i = 0; i < depth; i++, a += lda, out += ROWS) {
    float *to = out;
    long r = 0;
    if (i + AHEAD < depth) TARGETED(fetch)(a + AHEAD * lda, rows);
    for (; r + ROWS <= rows; r += ROWS, to += stride) memcpy(to, a + r, ROWS * sizeof(float));
    if (r < rows)
      for (long j = 0; j < ROWS; j++) to[j] = r + j < rows ? a[r + j] : 0;
  }
}
