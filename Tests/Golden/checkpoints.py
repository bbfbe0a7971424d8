"""Weight files as people have them: checkpoints with company, other layouts, bare pickles.

Run: python Tests/Golden/checkpoints.py Tests/WeightsTests/Golden
Needs: torch, numpy, safetensors. The tensors that tests compare are small multiples of 1/64.
"""

import collections
import pickle
import sys
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file

out = Path(sys.argv[1])
torch.manual_seed(9)


def exact(*shape):
    return torch.randint(-64, 64, shape).float() / 64


class Keeper:
    """An object of a class that no other program has."""

    def __init__(self):
        self.step = 3


# Everything that training code leaves beside the weights, in both of PyTorch's formats.
parameter = torch.nn.Parameter(exact(2, 3))
parameter.tag = "kept by hand"
scheduler = torch.optim.lr_scheduler.MultiStepLR(
    torch.optim.SGD([torch.nn.Parameter(exact(2))], lr=0.1), [3, 3, 7])
company = {
    "state_dict": collections.OrderedDict(weight=exact(4, 3), attributed=parameter),
    "scheduler": scheduler.state_dict(),
    "keeper": Keeper(),
    "set": {1, 2}, "frozen": frozenset({3}), "complex": 1 + 2j,
    "defaults": collections.defaultdict(list, a=exact(2)),
    "phase": torch.complex(exact(3), exact(3)),
    "words": torch.tensor([0, 1, 65535], dtype=torch.uint16),
    "eighths": exact(4).to(torch.float8_e4m3fn),
    "sparse": exact(3, 3).to_sparse(),
    "quantised": torch.quantize_per_tensor(exact(4), 0.1, 0, torch.qint8),
    "repeated": exact(1).expand(1000),
    "names": numpy.array(["anger", "fear"]), "name": numpy.str_("anger"),
}
torch.save(company, out / "company.pt")
torch.save(company, out / "company-legacy.pt", _use_new_zipfile_serialization=False)
# The tensor that is wanted cannot be read.
torch.save({"conv1.weight": exact(2, 3, 7, 7).to(torch.float8_e5m2), "bn1.weight": exact(2)},
           out / "eighths.pt")
save_file({"weight": exact(2, 3), "eighths": exact(5).to(torch.float8_e4m3fn),
           "phase": torch.complex(exact(2), exact(2))}, out / "eighths.safetensors")


# ResNet-18 of few channels under torchvision's names, and as nn.Sequential(*children[:-2]).
def residual(width=1, stem=3):
    state = collections.OrderedDict()

    def norm(name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{name}.{part}"] = exact(channels)
        state[f"{name}.num_batches_tracked"] = torch.tensor(5)

    state["conv1.weight"] = exact(width, stem, 7, 7)
    norm("bn1", width)
    inputs = width
    for stage in range(4):
        channels = width << stage
        for block in range(2):
            name = f"layer{stage + 1}.{block}"
            state[f"{name}.conv1.weight"] = exact(channels, inputs, 3, 3)
            norm(f"{name}.bn1", channels)
            state[f"{name}.conv2.weight"] = exact(channels, channels, 3, 3)
            norm(f"{name}.bn2", channels)
            if inputs != channels:
                state[f"{name}.downsample.0.weight"] = exact(channels, inputs, 1, 1)
                norm(f"{name}.downsample.1", channels)
            inputs = channels
    state["fc.weight"], state["fc.bias"] = exact(7, inputs), exact(7)
    return state


named = residual()
places = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
counted = collections.OrderedDict()
for name, value in named.items():
    part, rest = name.split(".", 1)
    counted[f"features.{places[part]}.{rest}" if part in places else name] = value
counted["alpha.0.weight"] = exact(1, 8)
save_file(named, out / "residual.safetensors")
save_file(counted, out / "residual-sequential.safetensors")
torch.save({"iter": 3, "model_state_dict": {f"module.{k}": v for k, v in counted.items()}},
           out / "residual-sequential.pt")

# A bare pickle of arrays, as VGGFace2's weights are handed out; protocol 2 as Python 2 wrote it.
arrays = {name: value.numpy() for name, value in named.items()
          if not name.endswith("num_batches_tracked")}
for protocol in (2, 4, 5):
    with open(out / f"arrays-{protocol}.pkl", "wb") as file:
        pickle.dump(arrays, file, protocol=protocol)
# Python 2's pickles have names as bytes.
with open(out / "arrays-bytes.pkl", "wb") as file:
    pickle.dump({name.encode(): value for name, value in list(arrays.items())}, file, protocol=3)
