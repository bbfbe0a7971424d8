"""Times the same training step or inference pass in PyTorch, channels last, fp32.

Speaks the protocol of Benchmarks/Training: a line in asks for one pass, a line out gives its
milliseconds. Options: network=, width=, batch=, size=, threads=, inference=, clock=.
"""

import sys
import time

import torch
from torch import nn

option = {"network": "resnet18", "width": "1", "batch": "32", "size": "112", "threads": "2", "inference": "0", "clock": "wall"}
option.update(argument.split("=", 1) for argument in sys.argv[1:])
torch.set_num_threads(int(option["threads"]))
torch.manual_seed(1)


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut, as torchvision's BasicBlock."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = torch.relu_(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += x if self.downsample is None else self.downsample(x)
        return torch.relu_(y)


def network(blocks, width):
    channels = [round(c * width) for c in (64, 128, 256, 512)]
    layers = [
        nn.Conv2d(3, channels[0], 7, 2, 3, bias=False),
        nn.BatchNorm2d(channels[0]),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
    ]
    inputs = channels[0]
    for stage, count in enumerate(blocks):
        for index in range(count):
            layers.append(Block(inputs, channels[stage], 2 if index == 0 and stage > 0 else 1))
            inputs = channels[stage]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 7))


def swin(size):
    from timm.models.swin_transformer import SwinTransformer

    body = SwinTransformer(
        img_size=size, patch_size=2, embed_dim=96, depths=(2, 2, 6, 2), num_heads=(3, 6, 12, 24),
        window_size=7, num_classes=0, drop_path_rate=0.0,
    )
    return nn.Sequential(
        body,
        nn.Linear(768, 768, bias=False),
        nn.BatchNorm1d(768, eps=2e-5),
        nn.Linear(768, 512, bias=False),
        nn.BatchNorm1d(512, eps=2e-5),
        nn.Linear(512, 7),
    )


class ImageTower(nn.Module):
    """CLIP ViT-B/16's image tower of open_clip and a classifier."""

    def __init__(self):
        super().__init__()
        import open_clip

        self.clip = open_clip.create_model("ViT-B-16-quickgelu").visual
        self.fc = nn.Linear(512, 7)

    def forward(self, x):
        return self.fc(self.clip(x))


def bottlenecks():
    from torchvision.models import resnet50

    return resnet50(num_classes=7)


if option["network"] == "swin-t-face":
    model = swin(int(option["size"]))
elif option["network"] == "vit-b-16":
    model = ImageTower()
elif option["network"] == "resnet50":
    model = bottlenecks()
else:
    depth = [3, 4, 6, 3] if option["network"] == "resnet34" else [2, 2, 2, 2]
    model = network(depth, float(option["width"]))
model = model.to(memory_format=torch.channels_last)
batch, size = int(option["batch"]), int(option["size"])
images = torch.randn(batch, 3, size, size).to(memory_format=torch.channels_last)
labels = torch.arange(batch) % 7
optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
clock = time.process_time if option["clock"] == "processor" else time.perf_counter
inference = option["inference"] != "0"
model.train(not inference)
for _ in sys.stdin:
    start = clock()
    if inference:
        with torch.inference_mode():
            model(images)
    else:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimiser.step()
    print((clock() - start) * 1e3, flush=True)
