"""Reference values of the knowledge-enhanced method's losses, by PyTorch's automatic differentiation.

Written from the equations of Li et al. 2025 (arXiv 2409.08598); needs torch, numpy, safetensors.
Usage: python3 Tests/Golden/method_losses.py Tests/ExpressionsTests/Golden/method_losses.safetensors
"""
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

WIDTH, HIDDEN, CLASSES, NEUTRAL, BATCH = 24, 8, 7, 6, 12
TEMPERATURE, MARGIN, STEPS, RATE = 0.01, 2.0, 20, 0.05
torch.set_default_dtype(torch.float64)


def single(generator, *shape):
    """Values that single precision holds exactly, so that both sides start from the same numbers."""
    return torch.from_numpy(generator.standard_normal(shape).astype(np.float32)).double()


def losses(v, weights, t, labels, option):
    n = F.linear(F.relu(F.linear(v, weights["w1"], weights["b1"])), weights["w2"], weights["b2"])
    cosines = F.cosine_similarity(v[:, None], t[None], dim=2)
    similarity = F.cross_entropy(cosines / TEMPERATURE, labels)
    rows = labels != NEUTRAL
    y, ve, ne = labels[rows], v[rows], n[rows]
    if len(y) == 0:
        return similarity, v.sum() * 0, v.sum() * 0
    step = F.cosine_similarity(ve - ne, t[y] - t[NEUTRAL], dim=1)
    transformation = (1 - step).mean()
    if option == "all-pairs":
        cn = F.cosine_similarity(t[y][:, None], ne[None], dim=2)
        cv = F.cosine_similarity(t[y][:, None], ve[None], dim=2)
        contrast = (cn - cv + MARGIN).mean()
    else:
        cn = F.cosine_similarity(t[y], ne, dim=1)
        cv = F.cosine_similarity(t[y], ve, dim=1)
        if option == "paired":
            contrast = (cn - cv + MARGIN).mean()
        else:
            logits = torch.stack([cv, cn], 1) / TEMPERATURE
            contrast = F.cross_entropy(logits, torch.zeros(len(y), dtype=torch.long))
    return similarity, transformation, contrast


def main(path):
    generator = np.random.default_rng(2025)
    start = {
        "v": single(generator, BATCH, WIDTH),
        "w1": single(generator, HIDDEN, WIDTH) / 8,
        "b1": single(generator, HIDDEN) / 8,
        "w2": single(generator, WIDTH, HIDDEN) / 4,
        "b2": single(generator, WIDTH) / 8,
    }
    text = single(generator, CLASSES, WIDTH)
    labels = torch.tensor([0, 1, 2, 3, 4, 5, 6, 6, 3, 0, 4, 6])
    out = {name: value.numpy().copy() for name, value in start.items()}
    out["text"] = text.numpy()
    for option in ["paired", "all-pairs", "infonce"]:
        parts = {name: value.clone().requires_grad_() for name, value in start.items()}
        trace = []
        for step in range(STEPS):
            terms = losses(parts["v"], parts, text, labels, option)
            total = sum(terms)
            trace.append([total.item()] + [term.item() for term in terms])
            gradients = torch.autograd.grad(total, list(parts.values()))
            for (name, value), gradient in zip(parts.items(), gradients):
                if step == 0:
                    out[f"{option}.{name}"] = gradient.numpy().copy()
                value.data -= RATE * gradient
        out[f"{option}.trace"] = np.array(trace)
    tensors = {name: np.ascontiguousarray(value, np.float32) for name, value in out.items()}
    tensors["labels"] = labels.numpy()
    save_file(tensors, path)


if __name__ == "__main__":
    main(sys.argv[1])
