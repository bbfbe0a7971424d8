"""Opens a file of weights and reads its first tensor, once for every line on standard input.

Usage: weights.py FILE: safetensors through safe_open, the rest through torch.load(mmap=True).
"""

import sys
import time

import torch
from safetensors import safe_open

path = sys.argv[1]
for _ in sys.stdin:
    start = time.perf_counter()
    if path.endswith(".safetensors"):
        with safe_open(path, framework="pt") as file:
            tensor = file.get_tensor(next(iter(file.keys())))
    else:
        state = torch.load(path, mmap=True, weights_only=True)
        tensor = next(iter(state.values()))
    assert torch.isfinite(tensor.flatten()[:1024].sum())
    print((time.perf_counter() - start) * 1e3, flush=True)
