"""Encoded pictures and the pixels Pillow reads from them.

Needs: pillow numpy safetensors. Writes Tests/ImagingTests/Golden/codecs.safetensors:
`<name>` holds the file's bytes, `<name>.pixels` [H, W, C] what decoding must give.
"""

import io
import pathlib
import struct
import zlib

import numpy
from PIL import Image
from safetensors.numpy import save_file

WIDTH, HEIGHT = 37, 29


def picture():
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH].astype(numpy.float64)
    rng = numpy.random.default_rng(1)
    planes = [
        128 + 100 * numpy.sin(x / 5 + y / 9),
        255 * x / WIDTH,
        128 + 90 * numpy.cos(y / 4) + 20 * rng.standard_normal((HEIGHT, WIDTH)),
    ]
    return numpy.stack(planes, -1).clip(0, 255).round().astype(numpy.uint8)


def png(depth, colour, rows):
    """A PNG of raw rows; Pillow cannot write 16-bit colour."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, 0)
    body = b"".join(b"\0" + row for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b""))


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


def reread(data, mode):
    return Image.open(io.BytesIO(data)).convert(mode)


base = picture()
rgb = Image.fromarray(base)
grey = rgb.convert("L")
cmyk = Image.merge("CMYK", [Image.fromarray(base[..., i]) for i in (0, 1, 2)]
                   + [Image.fromarray(255 - base[..., 1] // 2)])
for name, image, mode, options in [
    ("baseline420.jpg", rgb, "RGB", dict(quality=90, subsampling=2)),
    ("baseline444.jpg", rgb, "RGB", dict(quality=90, subsampling=0)),
    ("progressive.jpg", rgb, "RGB", dict(quality=85, progressive=True)),
    ("restarts.jpg", rgb, "RGB", dict(quality=80, restart_marker_blocks=2)),
    ("grey.jpg", grey, "L", dict(quality=90)),
    ("cmyk.jpg", cmyk, "RGB", dict(quality=95)),
]:
    data = saved(image, "JPEG", **options)
    add(name, data, reread(data, mode))

alpha = Image.fromarray((base[..., 1] ^ 0x55).astype(numpy.uint8))
rgba = Image.merge("RGBA", (*rgb.split(), alpha))
grey_alpha = Image.merge("LA", (grey, alpha))
palette = rgb.quantize(13)
black = Image.new("RGBA", rgb.size, (0, 0, 0, 255))
add("rgb.png", saved(rgb, "PNG"), rgb)
add("grey.png", saved(grey, "PNG"), grey)
add("palette.png", saved(palette, "PNG"), palette.convert("RGB"))
add("bilevel.png", saved(grey.convert("1"), "PNG"), grey.convert("1").convert("L"))
over_black = Image.composite(rgb, black.convert("RGB"), alpha)
add("rgba.png", saved(rgba, "PNG"), over_black)
add("greyalpha.png", saved(grey_alpha, "PNG"),
    Image.composite(grey, Image.new("L", grey.size), alpha))
see_through = saved(palette, "PNG", transparency=bytes(range(0, 260, 20)))
add("palettealpha.png", see_through,
    Image.composite(palette.convert("RGB"), black.convert("RGB"),
                    reread(see_through, "RGBA").getchannel("A")))

deep = (base.astype(numpy.uint32) * 257 + numpy.arange(WIDTH)[None, :, None] * 11).clip(0, 65535)
to_eight = numpy.floor(deep / 257 + 0.5).astype(numpy.uint8)
add("rgb16.png", png(16, 2, [row.astype(">u2").tobytes() for row in deep]), to_eight)
add("grey16.png", png(16, 0, [row.astype(">u2").tobytes() for row in deep[..., 0]]),
    to_eight[..., 0])

target = pathlib.Path(__file__).parent.parent / "ImagingTests/Golden/codecs.safetensors"
save_file(tensors, target)
