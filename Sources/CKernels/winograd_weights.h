// The weight transform of F(4x4, 3x3), U = G w G^T: included in a kernel's body, once a target, after
// winograd_transforms.h and filters.h.

// G g: the kernel's values at the points, over the products of their distances.
ALWAYS void TARGETED(kernel_1d)(const VECTOR g[3], VECTOR u[PATCH]) {
  const float a = POINT_A, b = POINT_B, aa = a * a, bb = b * b;
  const float at_zero = 1 / (aa * bb), at_a = 1 / (2 * aa * (aa - bb));
  const float at_b = 1 / (2 * bb * (bb - aa));
  VECTOR even = at_a * g[0] + at_a * aa * g[2], odd = at_a * a * g[1];
  u[0] = at_zero * g[0];
  u[1] = even + odd;
  u[2] = even - odd;
  even = at_b * g[0] + at_b * bb * g[2];
  odd = at_b * b * g[1];
  u[3] = even + odd;
  u[4] = even - odd;
  u[5] = g[2];
}

// One kernel [9][16], turned by half a circle or not.
static void TARGETED(kernel_tile)(const float *w, int turned, float *u, long stride) {
  for (long part = 0; part < LANES; part += NATIVE) {
    VECTOR half[PATCH][3], g[3], t[PATCH];
#pragma clang loop unroll(full)
    for (long x = 0; x < 3; x++) {
      for (long y = 0; y < 3; y++) g[y] = AT(w + (turned ? 8 - y * 3 - x : y * 3 + x) * LANES + part);
      TARGETED(kernel_1d)(g, t);
      for (long i = 0; i < PATCH; i++) half[i][x] = t[i];
    }
#pragma clang loop unroll(full)
    for (long i = 0; i < PATCH; i++) {
      TARGETED(kernel_1d)(half[i], t);
      for (long j = 0; j < PATCH; j++)
        *(VECTOR *)(u + (i * PATCH + j) * stride + part) = t[j];
    }
  }
}

// U of sixteen filters, [36][channels][16], from weights [K][C][3][3]: filters from 16 * block on,
// each times scale[k]; transposed, sixteen channels as filters and the kernel turned by half a
// circle, which is the gradient of the input.
static void TARGETED(winograd_weights)(const ferry_conv *conv, const float *weights,
                                       const float *scale, int transposed, long block, float *u) {
  long all = blocks_of(transposed ? conv->k : conv->c) * LANES, stride = all * LANES;
  float rows[8 * 9 * LANES] __attribute__((aligned(64)));
  for (long first = 0; first < all; first += 8) {
    if (!transposed) TARGETED(load_filters)(conv, weights, scale, block * LANES, first, rows);
    for (long i = 0; i < 8; i++) {
      if (transposed) TARGETED(load_channels)(conv, weights, first + i, block * LANES, rows);
      TARGETED(kernel_tile)(transposed ? rows : rows + i * 9 * LANES, transposed,
                            u + (first + i) * LANES, stride);
    }
  }
}
