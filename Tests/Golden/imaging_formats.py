"""TIFF, WebP and BMP files, and JPEGs at reduced scale, with the pixels Pillow reads from them.

Needs: pillow (with libtiff and WebP) numpy safetensors. Writes
Tests/ImagingTests/Golden/formats.safetensors: `<name>` holds the file's bytes, `<name>.pixels`
[H, W, C] what decoding must give.
"""

import io
import pathlib
import struct

import numpy
from PIL import Image, ImageOps
from safetensors.numpy import save_file

WIDTH, HEIGHT = 19, 14


def picture(width=WIDTH, height=HEIGHT):
    y, x = numpy.mgrid[0:height, 0:width].astype(numpy.float64)
    planes = [128 + 100 * numpy.sin(x / 5 + y / 9), 255 * x / width, 128 + 90 * numpy.cos(y / 4)]
    return numpy.stack(planes, -1).clip(0, 255).round().astype(numpy.uint8)


tensors = {}


def add(name, data, pixels):
    pixels = numpy.asarray(pixels)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    tensors[name] = numpy.frombuffer(data, numpy.uint8)
    tensors[name + ".pixels"] = numpy.ascontiguousarray(pixels)


def saved(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def read(data, mode):
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert(mode)


base = picture()
rgb = Image.fromarray(base)
grey = rgb.convert("L")
palette = rgb.quantize(13)
alpha = Image.fromarray((base[..., 1] ^ 0x55).astype(numpy.uint8))
rgba = Image.merge("RGBA", (*rgb.split(), alpha))
over_black = Image.composite(rgb, Image.new("RGB", rgb.size), alpha)

for name, image, mode, options in [
    ("rgb.tif", rgb, "RGB", {}),
    ("lzw.tif", rgb, "RGB", dict(compression="tiff_lzw")),
    ("deflate.tif", rgb, "RGB", dict(compression="tiff_adobe_deflate")),
    ("packbits.tif", grey, "L", dict(compression="packbits")),
    ("grey.tif", grey, "L", {}),
    ("bilevel.tif", grey.convert("1"), "L", dict(compression="group4")),
    ("palette.tif", palette, "RGB", {}),
    ("strips.tif", rgb, "RGB", dict(tiffinfo={278: 3})),
    ("turned.tif", rgb, "RGB", dict(tiffinfo={274: 6})),
]:
    data = saved(image, "TIFF", **options)
    add(name, data, read(data, mode))
deep = (base[..., 0].astype(numpy.uint32) * 257 + numpy.arange(WIDTH)[None] * 11).clip(0, 65535)
add("grey16.tif", saved(Image.fromarray(deep.astype(numpy.uint16)), "TIFF"),
    numpy.floor(deep / 257 + 0.5).astype(numpy.uint8))

for name, image, options in [
    ("lossless.webp", rgb, dict(lossless=True)),
    ("lossy.webp", rgb, dict(quality=80)),
]:
    data = saved(image, "WEBP", **options)
    add(name, data, read(data, "RGB"))
exif = Image.Exif()
exif[274] = 8
data = saved(rgb, "WEBP", lossless=True, exif=exif)
add("turned.webp", data, read(data, "RGB"))
data = saved(rgba, "WEBP", lossless=True, exact=True)
add("alpha.webp", data, over_black)

add("rgb.bmp", saved(rgb, "BMP"), rgb)
add("grey.bmp", saved(grey, "BMP"), grey)
add("palette.bmp", saved(palette, "BMP"), palette.convert("RGB"))
add("bilevel.bmp", saved(grey.convert("1"), "BMP"), grey.convert("1").convert("L"))
add("alpha.bmp", saved(rgba, "BMP"), rgb)


def bmp(depth, rows, coding=0, colours=b"", top_down=False, masks=b""):
    body = b"".join(row + b"\0" * (-len(row) % 4) for row in rows) if coding not in (1, 2) else rows
    start = 14 + 40 + len(masks) + len(colours)
    return (b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start)
            + struct.pack("<IiiHHIIiiII", 40, WIDTH, -HEIGHT if top_down else HEIGHT, 1, depth,
                          coding, len(body), 0, 0, len(colours) // 4, 0) + masks + colours + body)


five = (base >> 3).astype(numpy.uint16)
pixels = (five[..., 0] << 10 | five[..., 1] << 5 | five[..., 2]).astype("<u2")
data = bmp(16, [row.tobytes() for row in pixels], top_down=True)
add("sixteen.bmp", data, read(data, "RGB"))
pixels = ((base[..., 0] >> 3).astype(numpy.uint16) << 11 | (base[..., 1] >> 2).astype(numpy.uint16)
          << 5 | base[..., 2] >> 3).astype("<u2")
data = bmp(16, [row.tobytes() for row in pixels[::-1]], 3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
add("masks.bmp", data, read(data, "RGB"))

colours = b"".join(bytes((255 - 16 * i, 16 * i, 8 * i, 0)) for i in range(16))
index = (base[..., 1] >> 4).astype(numpy.uint8)
data = bmp(4, [bytes(int(a) << 4 | int(b) for a, b in zip(row[::2], list(row[1::2]) + [0]))
               for row in index[::-1]], colours=colours)
add("four.bmp", data, read(data, "RGB"))
runs = b""
for number, row in enumerate(index[::-1]):
    if number % 3 == 0:
        runs += b"\0" + bytes([WIDTH]) + bytes(row) + b"\0" * (WIDTH % 2)
    else:
        for value in row:
            runs += bytes((1, value))
    runs += b"\0\0"
data = bmp(8, runs[:-2] + b"\0\1", 1, colours=colours)
add("runs8.bmp", data, read(data, "RGB"))
runs = b""
for row in index[::-1]:
    for first in range(0, WIDTH, 2):
        pair = int(row[first]) << 4 | (int(row[first + 1]) if first + 1 < WIDTH else 0)
        runs += bytes((min(2, WIDTH - first), pair))
    runs += b"\0\0"
data = bmp(4, runs[:-2] + b"\0\1", 2, colours=colours)
add("runs4.bmp", data, read(data, "RGB"))

large = Image.fromarray(picture(83, 59))
for name, image in [("large.jpg", large), ("largegrey.jpg", large.convert("L"))]:
    data = saved(image, "JPEG", quality=90)
    tensors[name + ".reduced"] = numpy.frombuffer(data, numpy.uint8)
    for scale in (2, 4, 8):
        reader = Image.open(io.BytesIO(data))
        reader.draft(reader.mode, (83 // scale, 59 // scale))
        pixels = numpy.asarray(reader)
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        tensors[f"{name}.at{scale}.pixels"] = numpy.ascontiguousarray(pixels)

target = pathlib.Path(__file__).parent.parent / "ImagingTests/Golden/formats.safetensors"
save_file(tensors, target)
