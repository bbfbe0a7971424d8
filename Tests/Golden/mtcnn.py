"""Boxes, scores and points of facenet-pytorch 2.6.0 on the test photos.

Needs: facenet-pytorch pillow. Usage: mtcnn.py DATA, the folder of test data.
Writes Tests/FacesTests/Golden/mtcnn.json: photo -> [[x0, y0, x1, y1, score, five points], ...],
largest face first.
"""

import json
import pathlib
import sys

import torch
from facenet_pytorch import MTCNN
from PIL import Image

FOLDERS = ["london_512/neutral", "london_512/smiling", "london_original", "lisa", "zoom",
           "ipazc-mtcnn", "astronaut"]


def photos(faces):
    for folder in FOLDERS:
        for path in sorted((faces / folder).rglob("*")):
            if path.suffix in (".jpg", ".png"):
                yield path
    yield faces / "pillow/hopper.jpg"


def main():
    faces = pathlib.Path(sys.argv[1]) / "faces"
    torch.set_num_threads(2)
    detector = MTCNN(keep_all=True)
    found = {}
    for path in photos(faces):
        boxes, scores, points = detector.detect(Image.open(path).convert("RGB"), landmarks=True)
        found[str(path.relative_to(faces))] = [] if boxes is None else [
            [round(float(v), 3) for v in box] + [round(float(score), 5)]
            + [round(float(v), 3) for v in five.reshape(-1)]
            for box, score, five in zip(boxes, scores, points)]
    lines = [f"{json.dumps(name)}: {json.dumps(rows, separators=(',', ':'))}"
             for name, rows in found.items()]
    target = pathlib.Path(__file__).parent.parent / "FacesTests/Golden/mtcnn.json"
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n")


main()
