// The register tile of every convolution and matrix product: included in a kernel's body, once a
// target.
//
// acc[r][b] = (or +=) the sum over chunks q and positions j of a[q * chunk_stride + r * row_stride + j] *
// w[b * block_stride + (q * length + j) * 16 + lanes].
// A is read by broadcast, so it needs no packing beyond rows that lie a fixed stride apart.

ALWAYS void TARGETED(products_add)(const int rows, const int blocks, const float *a,
                                   const long row_stride, const long chunk_stride, long chunks,
                                   const long length, const float *w, const long block_stride,
                                   f16 acc[ROWS][BLOCKS]) {
  for (long q = 0; q < chunks; q++, a += chunk_stride) {
#pragma clang loop unroll_count(4)
    for (long j = 0; j < length; j++, w += LANES) {
      f16 wide[BLOCKS];
      for (int b = 0; b < blocks; b++) wide[b] = LOAD(w + b * block_stride);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        f16 value = SPLAT(a[r * row_stride + j]);
        for (int b = 0; b < blocks; b++) acc[r][b] += value * wide[b];
      }
    }
  }
}

ALWAYS void TARGETED(products)(const int rows, const int blocks, const float *a,
                               const long row_stride, const long chunk_stride, long chunks,
                               const long length, const float *w, const long block_stride,
                               f16 acc[ROWS][BLOCKS]) {
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
    for (int b = 0; b < blocks; b++) acc[r][b] = (f16){};
  TARGETED(products_add)(rows, blocks, a, row_stride, chunk_stride, chunks, length, w,
                         block_stride, acc);
}

// Calls function(rows, ...) with rows a constant of 1 ... ROWS, so that each has its own registers.
#define ROWS_CASE(n, function, ...) \
  case n:                           \
    if (n <= ROWS) function(n, __VA_ARGS__); \
    break;
#define FOR_ROWS(rows, function, ...)      \
  switch (rows) {                          \
    ROWS_CASE(1, function, __VA_ARGS__)    \
    ROWS_CASE(2, function, __VA_ARGS__)    \
    ROWS_CASE(3, function, __VA_ARGS__)    \
    ROWS_CASE(4, function, __VA_ARGS__)    \
    ROWS_CASE(5, function, __VA_ARGS__)    \
    ROWS_CASE(6, function, __VA_ARGS__)    \
    ROWS_CASE(7, function, __VA_ARGS__)    \
    ROWS_CASE(8, function, __VA_ARGS__)    \
    ROWS_CASE(9, function, __VA_ARGS__)    \
    ROWS_CASE(10, function, __VA_ARGS__)   \
    ROWS_CASE(11, function, __VA_ARGS__)   \
    ROWS_CASE(12, function, __VA_ARGS__)   \
    ROWS_CASE(13, function, __VA_ARGS__)   \
    ROWS_CASE(14, function, __VA_ARGS__)   \
  }
