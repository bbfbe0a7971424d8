// e^x for sixteen floats: included in a kernel's body, once a target.
//
// x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two parts (Cody and Waite 1980); e^r by its Taylor
// polynomial of degree 7, whose remainder there is 6e-9; 2^n by the exponent's bits. Below -87 the
// result is zero, above 88 it is that of 88.
ALWAYS f16 TARGETED(exponential)(f16 x) {
  const f16 low = SPLAT(-87.0f), high = SPLAT(88.0f), one = SPLAT(1.0f);
  i16 tiny = x < low;
  x = __builtin_elementwise_min(MAXIMUM(x, low), high);
  // Adding 1.5 2^23 rounds to the nearest integer.
  const f16 rounder = SPLAT(12582912.0f);
  f16 n = (x * SPLAT(1.44269504f) + rounder) - rounder;
  f16 r = x - n * SPLAT(0.693359375f);
  r = r - n * SPLAT(-2.12194440e-4f);
  f16 y = SPLAT(1.0f / 5040);
  y = y * r + SPLAT(1.0f / 720);
  y = y * r + SPLAT(1.0f / 120);
  y = y * r + SPLAT(1.0f / 24);
  y = y * r + SPLAT(1.0f / 6);
  y = y * r + SPLAT(0.5f);
  y = y * r + one;
  y = y * r + one;
  i16 power = (__builtin_convertvector(n, i16) + 127) << 23;
  return SELECT(tiny, (f16){}, y * (f16)power);
}
