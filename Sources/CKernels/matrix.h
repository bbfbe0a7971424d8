// Definitions shared by matrix products and their packing.
#ifndef FERRY_MATRIX_H
#define FERRY_MATRIX_H
#include "targets.h"

// Blocks of the result have at most BLOCK_ROWS rows (TURNED_ROWS where a is transposed) and COLUMNS
// columns, half as many or a quarter where there would be fewer than TASKS blocks. DEPTH is the
// longest chunk: a panel of b then takes 20 KB. A transposed a has a long depth, which parts of at
// least PART_DEPTH share.
enum { BLOCK_ROWS = 96, TURNED_ROWS = 192, COLUMNS = 768, LEAST_COLUMNS = 192, DEPTH = 320,
       TASKS = 12, PART_DEPTH = 512, PACKED_COLUMNS = 64,
       AHEAD = 4 };

typedef struct {
  const ferry_product *p;
  long row_blocks, column_blocks, columns, parts, b_stride;
  float *packed, *partial;
} matrix_job;

// The operands of one block of the result and one chunk of the depth.
typedef struct {
  const float *a, *b;
  long a_stride, b_stride, depth, rows, columns;
  int add;
  float *c;
  long ldc;
} matrix_chunk;

// Floats from panel to panel: an odd number of cache lines, so that panels do not share sets.
static inline long panel_stride(long floats) { return (floats / LANES | 1) * LANES + LANES * 2; }
#endif
