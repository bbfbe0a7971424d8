"""Golden values of optimisers and learning-rate schedules: PyTorch's, for Tests/NeuralTests.

Usage: optimisation.py OUTPUT.safetensors. Needs torch; committed as optimisation.safetensors.

Twenty steps on a matrix and a vector whose gradients depend on them, g = drawn + w / 2, in double
precision, so that an error in one step shows in all that follow. Schedules are the rates that
torch.optim.lr_scheduler sets before each step.
"""

import sys

import torch
from torch.optim import lr_scheduler as schedules
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from formula import drawn, save

torch.set_default_dtype(torch.float64)
STEPS = 20
result = {}


class Pair(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(drawn((6, 5), 0, 1))
        self.bias = torch.nn.Parameter(drawn((7,), 1, 1))


def gradients(pair, step, part=0):
    for index, p in enumerate((pair.weight, pair.bias)):
        g = drawn(p.shape, 100 + 10 * step + 2 * part + index, 1) + p.detach() / 2
        p.grad = g if part == 0 else p.grad + g


def run(name, make, clip=None, parts=1, average=None):
    pair = Pair()
    optimiser = make(pair)
    shadow = None
    if average:
        shadow = AveragedModel(pair, multi_avg_fn=get_ema_multi_avg_fn(average))
        shadow.update_parameters(pair)
    for step in range(STEPS):
        for part in range(parts):
            gradients(pair, step, part)
        for p in (pair.weight, pair.bias):
            p.grad /= parts
        if clip:
            torch.nn.utils.clip_grad_norm_(pair.parameters(), clip)
        optimiser.step()
        if shadow:
            shadow.update_parameters(pair)
    kept = shadow.module if shadow else pair
    result[f"{name}.weight"] = kept.weight.detach()
    result[f"{name}.bias"] = kept.bias.detach()


def groups(pair, decay):
    return [{"params": [pair.weight], "lr": 0.05, "weight_decay": decay},
            {"params": [pair.bias], "lr": 0.005, "weight_decay": 0.0}]


SGD, AdamW = torch.optim.SGD, torch.optim.AdamW
run("sgd", lambda p: SGD(p.parameters(), lr=0.05))
run("momentum", lambda p: SGD(p.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01))
run("nesterov", lambda p: SGD(p.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01, nesterov=True))
run("adamw", lambda p: AdamW(p.parameters(), lr=0.05, weight_decay=0.1))
run("sgd-groups", lambda p: SGD(groups(p, 0.01), lr=0.05, momentum=0.9))
run("adamw-groups", lambda p: AdamW(groups(p, 0.1), lr=0.05))
run("clipped", lambda p: SGD(p.parameters(), lr=0.05, momentum=0.9), clip=1.5)
run("accumulated", lambda p: SGD(p.parameters(), lr=0.05, momentum=0.9), parts=3)
run("averaged", lambda p: SGD(p.parameters(), lr=0.05, momentum=0.9), average=0.9)


def rates(name, count, make, base=0.02):
    optimiser = SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    schedule = make(optimiser)
    values = []
    for _ in range(count):
        values.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    result[f"rates.{name}"] = torch.tensor(values)


def after(warmup, rest, length):
    return lambda o: schedules.SequentialLR(o, [warmup(o), rest(o)], [length])


def cosine(period):
    return lambda o: schedules.CosineAnnealingLR(o, period, eta_min=0.001)


rates("constant", 5, lambda o: schedules.ConstantLR(o, factor=1))
rates("linear", 24, lambda o: schedules.LinearLR(o, start_factor=1, end_factor=0.05, total_iters=20))
rates("cosine", 21, cosine(20))
rates("step", 25, lambda o: schedules.StepLR(o, 7, gamma=0.3))
rates("warm-restarts", 40, lambda o: schedules.CosineAnnealingWarmRestarts(o, 5, T_mult=2, eta_min=0.001))
rates("constant-warmup", 24, after(lambda o: schedules.ConstantLR(o, 0.05, 4), cosine(20), 4))
rates("linear-warmup", 24, after(lambda o: schedules.LinearLR(o, 0.05, 1, 4), cosine(20), 4))
for steps in (10, 7, 64):
    rates(f"one-cycle-{steps}", steps, lambda o: schedules.OneCycleLR(
        o, max_lr=0.02, total_steps=steps, cycle_momentum=False))
rates("one-cycle-wide", 30, lambda o: schedules.OneCycleLR(
    o, max_lr=0.02, total_steps=30, pct_start=0.4, div_factor=10, final_div_factor=100,
    cycle_momentum=False))

save(sys.argv[1], result)
