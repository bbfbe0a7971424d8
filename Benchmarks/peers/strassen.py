"""Whether one level of Strassen's algorithm would pay for ViT-B/16's products: processor time on one thread.

Usage: strassen.py; needs numpy with OpenBLAS. Winograd's form: seven products of half the extents, fifteen
additions, which are not fused with the products' packing. Prints the plain product's time over Strassen's (above
1: Strassen is faster), quartiles of eleven turns, and the rounding of both.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import time

import numpy

SHAPES = [(3152, 768, 2304), (3152, 768, 768), (3152, 768, 3072), (3152, 3072, 768)]
TURNS = 11


def quarters(matrix):
    rows, columns = matrix.shape[0] // 2, matrix.shape[1] // 2
    return matrix[:rows, :columns], matrix[:rows, columns:], matrix[rows:, :columns], matrix[rows:, columns:]


def strassen(a, b, c):
    a11, a12, a21, a22 = quarters(a)
    b11, b12, b21, b22 = quarters(b)
    c11, c12, c21, c22 = quarters(c)
    left = a21 + a22
    right = b12 - b11
    both, other = left - a11, b22 - right
    first = a11 @ b11
    shared = first + both @ other
    across = left @ right
    lower = shared + (a11 - a21) @ (b22 - b12)
    numpy.add(first, a12 @ b21, out=c11)
    numpy.add(shared + across, (a12 - both) @ b22, out=c12)
    numpy.subtract(lower, a22 @ (other - b21), out=c21)
    numpy.add(lower, across, out=c22)


def deviation(found, exact):
    return numpy.sqrt(((found - exact) ** 2).mean() / (exact**2).mean())


def timed(work):
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


for rows, depth, columns in SHAPES:
    generator = numpy.random.default_rng(1)
    a = generator.standard_normal((rows, depth), dtype=numpy.float32)
    b = generator.standard_normal((depth, columns), dtype=numpy.float32)
    c = numpy.empty((rows, columns), numpy.float32)
    ratios = []
    for _ in range(TURNS):
        plain, product = timed(lambda: a @ b)
        fast, _ = timed(lambda: strassen(a, b, c))
        ratios.append(plain / fast)
    exact = a.astype(numpy.float64) @ b
    low, middle, high = numpy.quantile(ratios, [0.25, 0.5, 0.75])
    print(f"{rows} x {columns} x {depth}: {middle:.2f} ({low:.2f} to {high:.2f}), rounding "
          f"{deviation(c, exact):.1e}, plain {deviation(product, exact):.1e}", flush=True)
