"""Resizing by Pillow and affine warps by SciPy.

Needs: pillow numpy scipy safetensors. Writes Tests/ImagingTests/Golden/geometry.safetensors.
"""

import pathlib

import numpy
from PIL import Image
from safetensors.numpy import save_file
from scipy import ndimage

rng = numpy.random.default_rng(2)
HEIGHT, WIDTH = 41, 53
y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH].astype(numpy.float64)
colour = numpy.stack([
    128 + 120 * numpy.sin(x * y / 90), 255 * ((x // 7 + y // 5) % 2),
    rng.integers(0, 256, (HEIGHT, WIDTH)),
], -1).clip(0, 255).round().astype(numpy.uint8)
grey = colour[..., 2]
tensors = {"colour": colour, "grey": grey[..., None]}

filters = {
    "nearest": Image.NEAREST, "box": Image.BOX,
    "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC,
}
for name, filter in filters.items():
    for width, height in [(20, 31), (61, 48), (53, 7), (5, 41), (1, 1)]:
        resized = Image.fromarray(colour).resize((width, height), filter)
        tensors[f"resize.{name}.{width}x{height}"] = numpy.asarray(resized)
    small = Image.fromarray(grey).resize((17, 23), filter)
    tensors[f"resizegrey.{name}.17x23"] = numpy.asarray(small)[..., None]

# A similarity that enlarges: x' = a x - b y + tx, y' = b x + a y + ty, pixel centres at +0.5.
a, b, tx, ty = 1.7, 0.6, -9.3, -21.4
forward = numpy.array([[a, -b, tx], [b, a, ty], [0, 0, 1]])
inverse = numpy.linalg.inv(forward)
size = 44
v, u = numpy.mgrid[0:size, 0:size] + 0.5
source_x = inverse[0, 0] * u + inverse[0, 1] * v + inverse[0, 2] - 0.5
source_y = inverse[1, 0] * u + inverse[1, 1] * v + inverse[1, 2] - 0.5
tensors["warp.matrix"] = forward[:2].astype(numpy.float64)
for name, mode in [("edge", "nearest"), ("constant", "grid-constant"), ("reflect", "mirror")]:
    planes = [
        ndimage.map_coordinates(colour[..., c].astype(numpy.float64), [source_y, source_x],
                                order=1, mode=mode, cval=77.0)
        for c in range(3)
    ]
    values = numpy.stack(planes, -1)
    tensors[f"warp.bilinear.{name}"] = numpy.floor(values + 0.5).clip(0, 255).astype(numpy.uint8)


def keys(t):
    t = numpy.abs(t)
    near = (1.5 * t - 2.5) * t * t + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return numpy.where(t < 1, near, numpy.where(t < 2, far, 0))


left = numpy.floor(source_x).astype(int)
top = numpy.floor(source_y).astype(int)
values = numpy.zeros((size, size, 3))
for j in range(-1, 3):
    for i in range(-1, 3):
        weight = keys(left + i - source_x) * keys(top + j - source_y)
        pixels = colour[(top + j).clip(0, HEIGHT - 1), (left + i).clip(0, WIDTH - 1)]
        values += weight[..., None] * pixels
tensors["warp.bicubic.edge"] = numpy.floor(values + 0.5).clip(0, 255).astype(numpy.uint8)

target = pathlib.Path(__file__).parent.parent / "ImagingTests/Golden/geometry.safetensors"
save_file({name: numpy.ascontiguousarray(t) for name, t in tensors.items()}, target)
