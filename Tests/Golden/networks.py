"""Full-size visual encoders against torchvision and timm, and twenty training steps against PyTorch.

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

STEPS = 20
# Relative to the greatest value; Winograd's transforms add rounding to the residual networks.
WINOGRAD, DIRECT, LOSS, WEIGHTS = 1e-4, 1e-5, 1e-4, 1e-3


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


def steps_of(model, images):
    model.train()
    labels = torch.arange(len(images)) % 7
    optimiser = torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9, weight_decay=5e-4)
    losses = []
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def check(binary, name, size, limit, steps):
    torch.manual_seed(2)
    model = make(name)
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            # Fresh normalisations are the identity, which would hide mistakes.
            if tensor.dtype == torch.float32 and tensor.ndim == 1:
                tensor.add_(0.1 * torch.rand_like(tensor))
    images = torch.randn(4 if steps else 2, 3, size, size)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        save_file(state(model), os.path.join(folder, "weights.safetensors"))
        save_file({"images": images}, os.path.join(folder, "inputs.safetensors"))
        subprocess.run([binary, f"network={name}", f"size={size}", f"parity={folder}", f"steps={steps}"],
                       check=True)
        ours = load_file(os.path.join(folder, "ours.safetensors"))
    model.eval()
    with torch.no_grad():
        wrong += report(f"{name} at {size} px, features", relative(ours["features"], model.body(images)), limit)
    if steps:
        losses = torch.tensor(steps_of(model, images), dtype=torch.float64)
        error = ((ours["losses"].double() - losses) / losses).abs().max()
        wrong += report(f"{name}, losses of {steps} steps", float(error), LOSS)
        final = state(model)
        errors = {key: relative(ours["final." + key], value) for key, value in final.items()}
        worst = max(errors, key=errors.get)
        wrong += report(f"{name}, weights after {steps} steps, worst {worst}", errors[worst], WEIGHTS)
    return wrong


NETWORKS = [
    ("resnet18", 224, WINOGRAD, 0), ("resnet18", 112, WINOGRAD, STEPS), ("resnet50", 224, WINOGRAD, 0),
    ("swin-t", 224, DIRECT, 0), ("swin-t-face", 112, DIRECT, STEPS),
]

if __name__ == "__main__":
    chosen = [entry for entry in NETWORKS if not sys.argv[2:] or entry[0] in sys.argv[2:]]
    sys.exit(1 if sum(check(sys.argv[1], *entry) for entry in chosen) else 0)
