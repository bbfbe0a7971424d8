// Activations of transformers and their derivatives, and loads of a row's rest: included in a kernel's
// body, once a target.
#include "normal_distribution.h"

ALWAYS f16 TARGETED(activation)(const int kind, f16 x) {
  if (kind == FERRY_QUICK_GELU) return x * TARGETED(logistic)(x * 1.702f);
  f16 density;
  return x * TARGETED(normal_distribution)(x, &density);
}

ALWAYS f16 TARGETED(activation_slope)(const int kind, f16 x) {
  if (kind == FERRY_QUICK_GELU) {
    f16 s = TARGETED(logistic)(x * 1.702f);
    return s + x * 1.702f * s * (1.0f - s);
  }
  f16 density, phi = TARGETED(normal_distribution)(x, &density);
  return phi + x * density * 0.398942280f;
}

ALWAYS f16 TARGETED(load_some)(const float *p, long n) {
  if (n == LANES) return LOAD(p);
  f16 v = (f16){};
  memcpy(&v, p, sizeof(float) * (size_t)n);
  return v;
}

ALWAYS void TARGETED(store_some)(float *p, f16 v, long n) {
  if (n == LANES)
    STORE(p, v);
  else
    memcpy(p, &v, sizeof(float) * (size_t)n);
}
