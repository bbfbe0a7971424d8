"""Golden values of a small residual network: PyTorch's, for Tests/NeuralTests.

Usage: training.py basic|bottleneck OUTPUT.safetensors. Needs torch and torchvision; the files are
committed as training.safetensors and bottleneck.safetensors.

The networks have torchvision's names and layers with channels that are not multiples of 16 and one
block a stage, so that every shape of convolution, border and padding block takes part. All is
done in double precision and rounded once, so the file holds the truth, not another rounding. Images
and first weights come from a formula that the test has, too.
"""

import sys

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from formula import drawn, save

torch.set_default_dtype(torch.float64)
KIND = {"basic": BasicBlock, "bottleneck": Bottleneck}[sys.argv[1]]
CHANNELS = (12, 20, 24, 33) if KIND is BasicBlock else (5, 7, 8, 9)
STEPS = 6


def block(inputs, channels, stride):
    outputs = channels * KIND.expansion
    shortcut = None
    if stride != 1 or inputs != outputs:
        shortcut = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
        )
    return KIND(inputs, channels, stride, shortcut)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, CHANNELS[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(CHANNELS[0])
        inputs = CHANNELS[0]
        for stage, channels in enumerate(CHANNELS):
            layer = block(inputs, channels, 1 if stage == 0 else 2)
            setattr(self, f"layer{stage + 1}", nn.Sequential(layer))
            inputs = channels * KIND.expansion
        self.fc = nn.Linear(inputs, 5)

    def features(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for stage in range(4):
            x = getattr(self, f"layer{stage + 1}")(x)
        return x.mean((2, 3))

    def forward(self, x):
        return self.fc(self.features(x))


model = Network()
with torch.no_grad():
    for stream, (name, parameter) in enumerate(model.named_parameters()):
        if parameter.dim() == 1:
            parameter.copy_(drawn(parameter.shape, stream, 0.25))
            if "weight" in name:
                parameter.add_(1)
        else:
            parameter.copy_(drawn(parameter.shape, stream, 0.125))
images = drawn((6, 3, 37, 42), 1000, 1.0)
labels = torch.tensor([0, 1, 2, 3, 4, 1])
out = {}

optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
losses = []
for step in range(STEPS):
    optimiser.zero_grad()
    loss = nn.functional.cross_entropy(model(images), labels, label_smoothing=0.1)
    loss.backward()
    if step == 0:
        for name in ("conv1", "bn1", "layer1.0.conv1", "layer2.0.conv1", "layer4.0.conv2",
                     "layer2.0.conv3", "layer3.0.downsample.1"):
            for kind in ("weight", "bias"):
                parameter = dict(model.named_parameters()).get(f"{name}.{kind}")
                if parameter is not None:
                    out[f"gradient.{name}.{kind}"] = parameter.grad.clone()
    losses.append(loss.item())
    optimiser.step()
out["losses"] = torch.tensor(losses)
for name, value in model.state_dict().items():
    if name in ("bn1.running_mean", "bn1.running_var", "layer1.0.conv2.weight",
                "layer2.0.downsample.0.weight", "layer4.0.bn2.running_var", "layer4.0.bn2.weight",
                "fc.weight", "fc.bias"):
        out[f"final.{name}"] = value.clone()
model.eval()
with torch.no_grad():
    out["features"] = model.features(images)
save(sys.argv[2], out)
