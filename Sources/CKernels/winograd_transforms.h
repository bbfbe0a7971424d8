// The transforms of F(4x4, 3x3) on sixteen channels at a time, NATIVE in registers: included in a
// kernel's body, once a target. a and b are the interpolation points.

typedef float TARGETED(native) __attribute__((vector_size(NATIVE * 4), aligned(4), may_alias));
#define VECTOR TARGETED(native)
#define AT(p) (*(const VECTOR *)(p))

// B^T d: the polynomials through all points but one.
ALWAYS void TARGETED(input_1d)(const VECTOR d[PATCH], VECTOR v[PATCH]) {
  const float a = POINT_A, b = POINT_B, aa = a * a, bb = b * b;
  VECTOR even = d[4] - bb * d[2], odd = d[3] - bb * d[1];
  v[0] = aa * bb * d[0] + (d[4] - (aa + bb) * d[2]);
  v[1] = even + a * odd;
  v[2] = even - a * odd;
  even = d[4] - aa * d[2];
  odd = d[3] - aa * d[1];
  v[3] = even + b * odd;
  v[4] = even - b * odd;
  v[5] = aa * bb * d[1] + (d[5] - (aa + bb) * d[3]);
}

// The part of a patch inside the image: rows that lie outside point to zeros.
typedef struct {
  const float *rows[PATCH];
  long left, right;
} TARGETED(patch);

static const float TARGETED(zeros)[PATCH * LANES] __attribute__((aligned(64))) = {0};

ALWAYS TARGETED(patch) TARGETED(patch_at)(const float *plane, long h, long w, long y, long x) {
  TARGETED(patch) patch;
  for (long i = 0; i < PATCH; i++)
    patch.rows[i] = y + i >= 0 && y + i < h ? plane + ((y + i) * w + x) * LANES : TARGETED(zeros);
  patch.left = x < 0 ? -x : 0;
  patch.right = long_min(PATCH, w - x);
  return patch;
}

// V of one tile and sixteen channels.
static void TARGETED(input_tile)(const TARGETED(patch) *patch, float *v, long stride) {
  for (long part = 0; part < LANES; part += NATIVE) {
    VECTOR half[PATCH][PATCH], d[PATCH], t[PATCH];
#pragma clang loop unroll(full)
    for (long x = 0; x < PATCH; x++) {
      if (x < patch->left || x >= patch->right) {
        for (long i = 0; i < PATCH; i++) half[i][x] = (VECTOR){};
        continue;
      }
      for (long y = 0; y < PATCH; y++) d[y] = AT(patch->rows[y] + x * LANES + part);
      TARGETED(input_1d)(d, t);
      for (long i = 0; i < PATCH; i++) half[i][x] = t[i];
    }
#pragma clang loop unroll(full)
    for (long i = 0; i < PATCH; i++) {
      TARGETED(input_1d)(half[i], t);
      for (long j = 0; j < PATCH; j++)
        *(VECTOR *)(v + (i * PATCH + j) * stride + part) = t[j];
    }
  }
}
