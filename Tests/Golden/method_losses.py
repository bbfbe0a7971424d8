"""Reference values of the methods' losses, by PyTorch's automatic differentiation.

Written from the equations of Li et al. 2025 (arXiv 2409.08598): twenty steps of gradient descent on
vectors and weights for every option of the losses. Needs torch, numpy, safetensors.
Usage: python3 Tests/Golden/method_losses.py Tests/MethodsTests/Golden/method_losses.safetensors
"""
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

WIDTH, HIDDEN, CLASSES, NEUTRAL, BATCH, TEXT = 24, 8, 7, 6, 12, 16
STEPS, RATE = 20, 0.05
DEFAULT = {"contrast": "paired", "weights": [1, 1, 1], "temperature": 0.01, "margin": 2.0,
           "smoothing": 0.0, "soft": False, "adapter": False, "discrete": False}
CASES = {
    "paired": {},
    "all-pairs": {"contrast": "all-pairs"},
    "infonce": {"contrast": "infonce"},
    "similarity": {"weights": [1, 0, 0]},
    "similarity+transformation": {"weights": [1, 1, 0]},
    "similarity+self-contrast": {"weights": [1, 0, 1]},
    "self-contrast": {"weights": [0, 0, 1]},
    "weighted": {"weights": [0.5, 2, 5], "contrast": "all-pairs"},
    "warm": {"temperature": 0.07, "contrast": "infonce"},
    "margin": {"margin": 0.5},
    "smoothed": {"smoothing": 0.1},
    "soft": {"soft": True, "smoothing": 0.2},
    "adapter": {"adapter": True, "temperature": 0.1},
    "discrete": {"discrete": True, "smoothing": 0.1},
    "discrete-soft": {"discrete": True, "soft": True},
}
torch.set_default_dtype(torch.float64)


def single(generator, *shape):
    """Values that single precision holds exactly, so that both sides start from the same numbers."""
    return torch.from_numpy(generator.standard_normal(shape).astype(np.float32)).double()


def targets(labels, soft, option):
    rows = soft / soft.sum(1, keepdim=True) if option["soft"] else F.one_hot(labels, CLASSES).double()
    return rows * (1 - option["smoothing"]) + option["smoothing"] / CLASSES


def cross_entropy(logits, distribution):
    return -(distribution * F.log_softmax(logits, 1)).sum(1).mean()


def losses(parts, text, labels, soft, option):
    v = parts["v"]
    distribution = targets(labels, soft, option)
    if option["discrete"]:
        return [cross_entropy(F.linear(v, parts["w"], parts["b"]), distribution)]
    if option["soft"]:
        labels = soft.argmax(1)
    t = F.linear(text, parts["aw"], parts["ab"]) if option["adapter"] else text
    n = F.linear(F.relu(F.linear(v, parts["w1"], parts["b1"])), parts["w2"], parts["b2"])
    tau = option["temperature"]
    similarity = cross_entropy(F.cosine_similarity(v[:, None], t[None], dim=2) / tau, distribution)
    t = t.detach()
    rows = labels != NEUTRAL
    y, ve, ne = labels[rows], v[rows], n[rows]
    step = F.cosine_similarity(ve - ne, t[y] - t[NEUTRAL], dim=1)
    transformation = (1 - step).mean()
    if option["contrast"] == "all-pairs":
        cn = F.cosine_similarity(t[y][:, None], ne[None], dim=2)
        cv = F.cosine_similarity(t[y][:, None], ve[None], dim=2)
    else:
        cn = F.cosine_similarity(t[y], ne, dim=1)
        cv = F.cosine_similarity(t[y], ve, dim=1)
    if option["contrast"] == "infonce":
        logits = torch.stack([cv, cn], 1) / tau
        contrast = F.cross_entropy(logits, torch.zeros(len(y), dtype=torch.long))
    else:
        contrast = (cn - cv + option["margin"]).mean()
    return [similarity, transformation, contrast]


def names(option):
    if option["discrete"]:
        return ["v", "w", "b"]
    neutral = ["w1", "b1", "w2", "b2"] if option["weights"][1:] != [0, 0] else []
    return ["v"] + (["aw", "ab"] if option["adapter"] else []) + neutral


def main(path):
    generator = np.random.default_rng(2025)
    start = {
        "v": single(generator, BATCH, WIDTH),
        "w1": single(generator, HIDDEN, WIDTH) / 8,
        "b1": single(generator, HIDDEN) / 8,
        "w2": single(generator, WIDTH, HIDDEN) / 4,
        "b2": single(generator, WIDTH) / 8,
        "aw": single(generator, WIDTH, TEXT) / 4,
        "ab": single(generator, WIDTH) / 8,
        "w": single(generator, CLASSES, WIDTH) / 4,
        "b": single(generator, CLASSES) / 8,
    }
    text, narrow = single(generator, CLASSES, WIDTH), single(generator, CLASSES, TEXT)
    soft = single(generator, BATCH, CLASSES).abs()
    labels = torch.tensor([0, 1, 2, 3, 4, 5, 6, 6, 3, 0, 4, 6])
    out = {name: value.numpy().copy() for name, value in start.items()}
    out |= {"text": text.numpy(), "narrow": narrow.numpy(), "soft": soft.numpy()}
    for case, changes in CASES.items():
        option = DEFAULT | changes
        parts = {name: start[name].clone().requires_grad_() for name in names(option)}
        frozen = {name: value for name, value in start.items() if name not in parts}
        weights = [1] if option["discrete"] else option["weights"]
        trace = []
        for step in range(STEPS):
            terms = losses(
                frozen | parts, narrow if option["adapter"] else text, labels, soft, option)
            total = sum(weight * term for weight, term in zip(weights, terms))
            trace.append([total.item()] + [term.item() for term in terms])
            gradients = torch.autograd.grad(total, list(parts.values()))
            for (name, value), gradient in zip(parts.items(), gradients):
                if step == 0:
                    out[f"{case}.{name}"] = gradient.numpy().copy()
                value.data -= RATE * gradient
        out[f"{case}.trace"] = np.array(trace)
    tensors = {name: np.ascontiguousarray(value, np.float32) for name, value in out.items()}
    tensors["labels"] = labels.numpy()
    options = {case: DEFAULT | changes for case, changes in CASES.items()}
    save_file(tensors, path, metadata={"cases": json.dumps(options), "rate": str(RATE)})


if __name__ == "__main__":
    main(sys.argv[1])
