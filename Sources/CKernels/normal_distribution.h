// The functions behind GELU: included in a kernel's body, once a target.

#include "exponential.h"

// Phi(x), the normal distribution function, and its density times sqrt(2 pi).
//
// With a = |x| / sqrt(2), the tail is e^(-x^2/2) erfcx(a) / 2, and erfcx(a) = t P(t) for
// t = 1 / (1 + a/2): nine coefficients of the least greatest relative error, 5e-8, up to a = 9.5.
ALWAYS f16 TARGETED(normal_distribution)(f16 x, f16 *density) {
  f16 magnitude = MAXIMUM(x, -x);
  f16 e = TARGETED(exponential)(x * x * -0.5f);
  f16 t = 1.0f / (magnitude * 0.353553391f + 1.0f);
  f16 p = t * -0.0588906184f + 0.283701211f;
  p = p * t + -0.485382140f;
  p = p * t + 0.27597639f;
  p = p * t + -0.0251764674f;
  p = p * t + 0.202069327f;
  p = p * t + 0.243261129f;
  p = p * t + 0.282353461f;
  p = p * t + 0.282087684f;
  f16 tail = p * t * e * 0.5f;
  *density = e;
  return SELECT(x > 0.0f, 1.0f - tail, tail);
}

// 1 / (1 + e^-x).
ALWAYS f16 TARGETED(logistic)(f16 x) { return 1.0f / (TARGETED(exponential)(-x) + 1.0f); }
