"""Full-size visual encoders' features against torchvision's and timm's.

Usage: networks.py BINARY [NAME...]; BINARY is benchmark-training, NAME picks networks. Random weights and
images go through both; nothing is left behind. Needs torch, torchvision, timm and safetensors.
"""

import os
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file
from torch import nn

# Relative to the greatest value; Winograd's transforms add rounding to the residual networks.
WINOGRAD, DIRECT = 1e-4, 1e-5


class Model(nn.Module):
    def __init__(self, body, width):
        super().__init__()
        self.body, self.fc = body, nn.Linear(width, 7)

    def forward(self, x):
        return self.fc(self.body(x))


class FaceNetwork(nn.Module):
    """Swin-T with patches of 2 and the end Linear, BN, Linear, BN."""

    def __init__(self):
        super().__init__()
        from timm.models.swin_transformer import SwinTransformer

        self.swin = SwinTransformer(
            img_size=112, patch_size=2, embed_dim=96, depths=(2, 2, 6, 2), num_heads=(3, 6, 12, 24),
            window_size=7, num_classes=0, drop_path_rate=0.0)
        self.feature = nn.Sequential(
            nn.Linear(768, 768, bias=False), nn.BatchNorm1d(768, eps=2e-5),
            nn.Linear(768, 512, bias=False), nn.BatchNorm1d(512, eps=2e-5))

    def forward(self, x):
        return self.feature(self.swin(x))


def residual(name):
    import torchvision

    body = getattr(torchvision.models, name)()
    width = body.fc.in_features
    body.fc = nn.Identity()
    return Model(body, width)


def make(name):
    if name == "swin-t":
        import timm

        return Model(timm.create_model("swin_tiny_patch4_window7_224", num_classes=0, drop_path_rate=0.0), 768)
    return Model(FaceNetwork(), 512) if name == "swin-t-face" else residual(name)


def plain(name):
    return name.removeprefix("body.").removeprefix("swin.")


def state(model):
    return {plain(k): v.detach().clone().contiguous() for k, v in model.state_dict().items()
            if v.dtype == torch.float32}


def relative(ours, theirs):
    return float((ours.double() - theirs.double()).abs().max() / theirs.double().abs().max().clamp_min(1e-30))


def report(what, error, limit):
    print(f"{what}: relative error {error:.2e}{'' if error < limit else ' TOO LARGE'}", flush=True)
    return error >= limit


def fresh(name):
    """A network whose normalisations are not the identity, which would hide mistakes."""
    torch.manual_seed(2)
    model = make(name)
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.dtype == torch.float32 and tensor.ndim == 1:
                tensor.add_(0.1 * torch.rand_like(tensor))
    return model


def ferry(binary, name, weights, inputs, settings, **environment):
    """What `benchmark-training parity=` writes for weights and inputs."""
    with tempfile.TemporaryDirectory() as folder:
        save_file(weights, os.path.join(folder, "weights.safetensors"))
        save_file(inputs, os.path.join(folder, "inputs.safetensors"))
        subprocess.run([binary, f"network={name}", f"parity={folder}", *settings],
                       check=True, env=os.environ | environment)
        return load_file(os.path.join(folder, "ours.safetensors"))


def check(binary, name, size, paths):
    model = fresh(name)
    images = torch.randn(2, 3, size, size)
    with torch.no_grad():
        theirs = model.eval().body(images)
    wrong = 0
    for path, limit in paths.items():
        ours = ferry(binary, name, state(model), {"images": images}, [f"size={size}"], FERRY_CONVOLUTION=path)
        what = f"{name} at {size} px, features{', direct' if path else ''}"
        wrong += report(what, relative(ours["features"], theirs), limit)
    return wrong


RESIDUAL, ATTENTION = {"": WINOGRAD, "direct": DIRECT}, {"": DIRECT}
NETWORKS = [
    ("resnet18", 224, RESIDUAL), ("resnet34", 112, RESIDUAL), ("resnet50", 224, RESIDUAL),
    ("swin-t", 224, ATTENTION), ("swin-t-face", 112, ATTENTION),
]

if __name__ == "__main__":
    chosen = [entry for entry in NETWORKS if not sys.argv[2:] or entry[0] in sys.argv[2:]]
    sys.exit(1 if sum(check(sys.argv[1], *entry) for entry in chosen) else 0)
