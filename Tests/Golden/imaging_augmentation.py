"""Augmentations with fixed parameters, by torchvision (on Pillow pictures, as recipes use it).

Needs: torch torchvision pillow numpy safetensors.
Writes Tests/ImagingTests/Golden/augmentation.safetensors.
"""

import pathlib

import numpy
import torch
from PIL import Image
from safetensors.numpy import save_file
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

SIDE = 32
rng = numpy.random.default_rng(3)
y, x = numpy.mgrid[0:SIDE, 0:SIDE].astype(numpy.float64)
pixels = numpy.stack([
    128 + 120 * numpy.sin(x / 3 + y / 7), 255 * x / SIDE, rng.integers(0, 256, (SIDE, SIDE)),
], -1).clip(0, 255).round().astype(numpy.uint8)
pixels[:4, :8] = numpy.array([90, 90, 90], numpy.uint8)
picture = Image.fromarray(pixels)
tensors = {"source": pixels}

for name, function, factors in [
    ("brightness", F.adjust_brightness, [0.0, 0.6, 1.4]),
    ("contrast", F.adjust_contrast, [0.0, 0.55, 1.8]),
    ("saturation", F.adjust_saturation, [0.0, 0.6, 1.7]),
    ("hue", F.adjust_hue, [-0.5, -0.21, 0.1, 0.3]),
]:
    for factor in factors:
        tensors[f"{name}.{factor}"] = numpy.asarray(function(picture, factor))
tensors["greyscale.0"] = numpy.asarray(F.rgb_to_grayscale(picture, 3))
tensors["mirror.0"] = numpy.asarray(F.hflip(picture))
for degrees in [-20, 6]:
    turned = F.rotate(F.pil_to_tensor(picture), degrees, InterpolationMode.BILINEAR)
    tensors[f"rotate.{degrees}"] = turned.permute(1, 2, 0).numpy()
tensors["resizedcrop.5.3.20.25"] = numpy.asarray(F.resized_crop(picture, 3, 5, 25, 20, [SIDE, SIDE]))
padded = F.crop(F.pad(picture, 4), 1, 7, SIDE, SIDE)
tensors["crop.3.-3"] = numpy.asarray(padded)
normalised = F.normalize(F.to_tensor(F.hflip(padded)), [0.485, 0.456, 0.406],
                         [0.229, 0.224, 0.225])
tensors["normalised"] = normalised.numpy()
tensors["erased"] = F.erase(normalised, 4, 9, 6, 11, torch.tensor(0.0)).numpy()

target = pathlib.Path(__file__).parent.parent / "ImagingTests/Golden/augmentation.safetensors"
save_file({name: numpy.ascontiguousarray(t) for name, t in tensors.items()}, target)
