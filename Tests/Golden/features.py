"""A folder of PNGs through Ferry's stages and imported weights against torchvision, timm and open_clip.

Usage: features.py BINARIES [NAME...]; BINARIES is the folder of Ferry's programs, NAME picks networks.
Pictures and random weights are made here; ingest, align, import and features run on them as a user would
run them, and their vectors are compared with the peer's. Nothing is left behind.
Needs torch, torchvision, timm, open_clip_torch, pillow and safetensors.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from networks import make, plain, relative, report

LIMIT, PICTURES = 1e-4, 8
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))


class Tower(torch.nn.Module):
    def __init__(self, name):
        super().__init__()
        import open_clip

        self.visual = open_clip.create_model(name, force_quick_gelu=True).visual

    def forward(self, x):
        return self.visual(x)


def peer(name):
    """The network, its weights under the published names, what gives features, and its normalisation."""
    torch.manual_seed(3)
    if name.startswith("vit-"):
        model = Tower("ViT-" + name[4:].upper()).eval()
        return model, {k: v.contiguous() for k, v in model.state_dict().items()}, model, CLIP
    model = make(name).eval()
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.dtype == torch.float32 and tensor.ndim == 1:
                tensor.add_(0.1 * torch.rand_like(tensor))
    weights = {plain(k): v.contiguous() for k, v in model.state_dict().items()
               if k.startswith("body.") and v.dtype == torch.float32}
    return model, weights, model.body, IMAGENET


def pictures(folder, size):
    """Smooth coloured noise of two classes, stored without loss."""
    generator = numpy.random.default_rng(7)
    for index in range(PICTURES):
        coarse = generator.integers(0, 256, (9, 9, 3), dtype=numpy.uint8)
        image = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
        place = folder / "test" / ("happiness" if index % 2 else "neutral")
        place.mkdir(parents=True, exist_ok=True)
        image.save(place / f"picture{index}.png")


def run(binaries, stage, inputs, output, settings=()):
    command = [binaries / f"ferry-{stage}", "run"]
    for port, path in inputs.items():
        command += ["--in", f"{port}={path}"]
    for setting in settings:
        command += ["--set", setting]
    command += ["--out", "=".join(map(str, output))]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return output[1]


def check(binaries, name, size):
    model, weights, body, (mean, deviation) = peer(name)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        pictures(folder / "pictures", size)
        save_file(weights, folder / "weights.safetensors")
        samples = run(binaries, "ingest", {"archive": folder / "pictures"}, ("samples", folder / "samples"),
                      ["dataset=image-folder", "accept_terms=true"])
        faces = run(binaries, "align", {"samples": samples}, ("faces", folder / "faces"),
                    ["detector=none", "format=png", f"size={size}"])
        imported = run(binaries, "import", {"files": folder / "weights.safetensors"},
                       ("model", folder / "model"), [f"encoder={name}"])
        out = run(binaries, "features", {"model": imported, "faces": faces}, ("features", folder / "features"),
                  ["split=all", "tsne=false", "neighbours=1"])
        ours = load_file(out / "features.safetensors")
        rows = [json.loads(line) for line in open(faces / "index.jsonl")]
        found = {path.stem: path for path in (folder / "pictures").rglob("*.png")}
        paths = [next(p for stem, p in found.items() if stem in row["id"]) for row in rows]
        pixels = numpy.stack([numpy.asarray(Image.open(path)) for path in paths])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    images = (images - torch.tensor(mean)[None, :, None, None]) / torch.tensor(deviation)[None, :, None, None]
    with torch.no_grad():
        theirs = body(images)
    return report(f"{name}, ferry-features of {size} px PNGs", relative(ours["features"], theirs), LIMIT)


NETWORKS = [("resnet18", 112), ("resnet50", 112), ("swin-t", 224), ("swin-t-face", 112), ("vit-b-32", 224)]

if __name__ == "__main__":
    chosen = [entry for entry in NETWORKS if not sys.argv[2:] or entry[0] in sys.argv[2:]]
    sys.exit(1 if sum(check(pathlib.Path(sys.argv[1]), *entry) for entry in chosen) else 0)
