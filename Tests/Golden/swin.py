"""Golden values of a small Swin Transformer with the face network's end: timm's, for Tests/NeuralTests.

Usage: swin.py OUTPUT.safetensors. Needs torch and timm; the file is committed. All is done in double
precision. Images and first weights come from the formula of training.py, which the test has, too.
"""

import sys

import torch
from timm.models.swin_transformer import SwinTransformer
from torch import nn

from formula import drawn, save

torch.set_default_dtype(torch.float64)
STEPS = 5


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = SwinTransformer(
            img_size=28, patch_size=2, embed_dim=12, depths=(2, 2), num_heads=(2, 4),
            window_size=7, num_classes=0, drop_path_rate=0.0,
        )
        self.feature = nn.Sequential(
            nn.Linear(24, 24, bias=False),
            nn.BatchNorm1d(24, eps=2e-5),
            nn.Linear(24, 10, bias=False),
            nn.BatchNorm1d(10, eps=2e-5),
        )
        self.fc = nn.Linear(10, 5)

    def forward(self, x):
        return self.fc(self.feature(self.body(x)))


model = Network()
with torch.no_grad():
    for stream, (name, parameter) in enumerate(model.named_parameters()):
        if parameter.dim() == 1:
            parameter.copy_(drawn(parameter.shape, stream, 0.25))
            if "weight" in name:
                parameter.add_(1)
        else:
            parameter.copy_(drawn(parameter.shape, stream, 0.25))
images = drawn((6, 3, 28, 28), 1000, 1.0).requires_grad_()
labels = torch.tensor([0, 1, 2, 3, 4, 1])
out = {}
optimiser = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3)
losses = []
for step in range(STEPS):
    optimiser.zero_grad()
    loss = nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    if step == 0:
        for name, parameter in model.named_parameters():
            if "blocks.1" in name or "downsample" in name or "patch_embed" in name:
                if parameter.numel() < 1000:
                    out[f"gradient.{name.removeprefix('body.')}"] = parameter.grad.clone()
        out["image_gradient"] = images.grad[0].clone()
    losses.append(loss.item())
    optimiser.step()
out["losses"] = torch.tensor(losses)
for name, value in model.state_dict().items():
    name = name.removeprefix("body.")
    if name in ("patch_embed.proj.weight", "layers.0.blocks.1.attn.relative_position_bias_table",
                "layers.1.blocks.0.norm1.weight", "feature.3.running_var", "feature.2.weight", "fc.weight"):
        out[f"final.{name}"] = value.clone()
model.eval()
with torch.no_grad():
    out["features"] = model.feature(model.body(images))
save(sys.argv[1], out)
