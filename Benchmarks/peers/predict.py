"""Photos to class probabilities with facenet-pytorch and PyTorch's ResNet-18.

Usage: predict.py FOLDER SIDE [threads=N] [batch=N]: reads, detects (MTCNN, batches of equal photos),
cuts the largest face, classifies; prints photos a second of the best of three passes.
"""

import pathlib
import sys
import time

import torch
import torchvision
from facenet_pytorch import MTCNN
from PIL import Image

folder, side = pathlib.Path(sys.argv[1]), int(sys.argv[2])
options = dict(word.split("=") for word in sys.argv[3:])
torch.set_num_threads(int(options.get("threads", 2)))
batch = int(options.get("batch", 16))
paths = sorted(p for p in folder.iterdir() if p.suffix in (".jpg", ".png"))
detector = MTCNN(image_size=side, margin=0, select_largest=True, post_process=True)
network = torchvision.models.resnet18(num_classes=7).eval()


@torch.no_grad()
def one_pass():
    faces = 0
    for start in range(0, len(paths), batch):
        photos = [Image.open(path).convert("RGB") for path in paths[start : start + batch]]
        crops = [crop for crop in detector(photos) if crop is not None]
        if crops:
            faces += len(network(torch.stack(crops)).softmax(1))
    return faces


best = 0.0
for _ in range(3):
    begin = time.perf_counter()
    count = one_pass()
    best = max(best, len(paths) / (time.perf_counter() - begin))
print(f"{best:.2f} photos/s, {count} faces in {len(paths)} photos")
