"""Photos to class probabilities with facenet-pytorch and PyTorch's ResNet-18.

Speaks the protocol of Benchmarks/compare.py: a line in asks for one pass over the folder, a line out
gives its milliseconds. Usage: predict.py FOLDER SIDE [threads=N] [batch=N] [clock=processor]: reads,
detects (MTCNN, batches of equal photos), cuts the largest face, classifies.
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
now = time.process_time if options.get("clock") == "processor" else time.perf_counter
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


for _ in sys.stdin:
    begin = now()
    faces = one_pass()
    print((now() - begin) * 1e3, flush=True)
print(f"faces found by the peer: {faces}", file=sys.stderr)
