"""Twenty SGD steps of full-size networks with the knowledge-enhanced losses, Ferry against PyTorch.

Usage: twenty_steps.py BINARY [NAME...]; BINARY is benchmark-training, NAME picks networks. Two fixed batches take
turns under L_s + L_t + L_c (Li et al. 2025, arXiv 2409.08598, equations 4 to 11, paired self-contrast). PyTorch
also takes the steps in double precision: how far its own single precision is from that says how well the
comparison is conditioned. Needs torch, torchvision, timm and safetensors.
"""

import copy
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

from networks import ferry, fresh, plain, relative, report

STEPS, BATCHES, NEUTRAL, MARGIN, TEMPERATURE = 20, 2, 6, 2.0, 0.07
LOSS, WEIGHTS = 1e-4, 1e-3
RATE = {"resnet18": 5e-5, "swin-t-face": 5e-4}


class Method(nn.Module):
    """An encoder and the emotional-to-neutral transformation."""

    def __init__(self, body, text):
        super().__init__()
        width = text.shape[1]
        self.body, self.text = body, text
        self.neutral = nn.Sequential(nn.Linear(width, 128), nn.ReLU(), nn.Linear(128, width))

    def loss(self, images, labels):
        v = self.body(images)
        n, text = self.neutral(v), self.text.to(v.dtype)
        total = F.cross_entropy(F.cosine_similarity(v[:, None], text[None], dim=2) / TEMPERATURE, labels)
        rows = labels != NEUTRAL
        own = text[labels[rows]]
        step = F.cosine_similarity(v[rows] - n[rows], own - text[NEUTRAL], dim=1)
        contrast = F.cosine_similarity(own, n[rows], dim=1) - F.cosine_similarity(own, v[rows], dim=1) + MARGIN
        return total + (1 - step).mean() + contrast.mean()


def method_names(model):
    """The state under the names of Ferry's checkpoints."""
    out = {}
    for key, value in model.state_dict().items():
        if value.is_floating_point():
            out[plain(key) if key.startswith("body.") else "method." + key] = value.detach().clone().contiguous()
    return out


def train(model, images, rate):
    model.train()
    optimiser = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, weight_decay=5e-4)
    losses = []
    for step in range(STEPS):
        batch = images.chunk(BATCHES)[step % BATCHES]
        optimiser.zero_grad()
        loss = model.loss(batch, torch.arange(len(batch)) % 7)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64), method_names(model)


def worst(ours, theirs):
    errors = {key: relative(ours[key], value) for key, value in theirs.items()}
    return max((error, key) for key, error in errors.items())


def check(binary, name, size, batch):
    body = fresh(name).body
    width = 512
    torch.manual_seed(4)
    model = Method(body, torch.randn(7, width))
    images = torch.randn(BATCHES * batch, 3, size, size)
    losses, weights = train(copy.deepcopy(model), images, RATE[name])
    exact, exact_weights = train(copy.deepcopy(model).double(), images.double(), RATE[name])
    print(f"{name}: the loss goes from {losses[0]:.4f} to {losses[-1]:.4f}; PyTorch in single precision is within "
          f"{float(((losses - exact) / exact).abs().max()):.1e} of double, weights "
          f"{worst(weights, exact_weights)[0]:.1e}", flush=True)
    wrong = 0
    for path in ["", "direct"] if name.startswith("resnet") else [""]:
        ours = ferry(
            binary, name, method_names(model), {"images": images, "text": model.text},
            [f"size={size}", f"steps={STEPS}", f"batch={batch}", f"temperature={TEMPERATURE}",
             f"rate={RATE[name]}"], FERRY_CONVOLUTION=path)
        error = float(((ours["losses"].double() - losses) / losses).abs().max())
        kind = f"{name}{', direct' if path else ''}"
        wrong += report(f"{kind}: losses of {STEPS} steps", error, LOSS)
        found, key = worst({k: ours["final." + k] for k in weights}, weights)
        wrong += report(f"{kind}: weights, worst {key}", found, WEIGHTS)
    return wrong


NETWORKS = [("resnet18", 112, 16), ("swin-t-face", 112, 8)]

if __name__ == "__main__":
    chosen = [entry for entry in NETWORKS if not sys.argv[2:] or entry[0] in sys.argv[2:]]
    sys.exit(1 if sum(check(sys.argv[1], *entry) for entry in chosen) else 0)
