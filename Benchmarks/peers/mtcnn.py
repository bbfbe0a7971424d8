"""Prints how far Ferry's faces are from facenet-pytorch's, and times the peer.

  mtcnn.py agree BINARY WEIGHTS DATA [GOLDEN]
                                       the table of agreement; BINARY is benchmark-faces, DATA the
                                       folder of test data; GOLDEN, Tests/FacesTests/Golden/mtcnn.json,
                                       holds the peer's answers and spares running it
  mtcnn.py time threads=N [clock=processor] PHOTO...
                                       speaks the protocol of Benchmarks/compare.py

Needs facenet-pytorch 2.6.0 and pillow.
"""

import csv
import json
import pathlib
import statistics
import subprocess
import sys
import time

GROUPS = {
    "london_512": ["london_512/neutral", "london_512/smiling"],
    "london_original": ["london_original"], "lisa": ["lisa"], "zoom": ["zoom"],
    "ivan and no-faces": ["ipazc-mtcnn"], "astronaut": ["astronaut"], "hopper": ["pillow"],
}


def photos(faces, folders):
    paths = [p for f in folders for p in sorted((faces / f).iterdir()) if p.suffix in (".jpg", ".png")]
    return [p for p in paths if p.parent.name != "pillow" or p.name == "hopper.jpg"]


def overlap(a, b):
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (both - width * height)


def points(row):
    return [(row[5 + 2 * i], row[6 + 2 * i]) for i in range(5)]


def distance(a, b):
    return ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5


def make_detector():
    from facenet_pytorch import MTCNN

    return MTCNN(keep_all=True)


def opened(path):
    from PIL import Image

    return Image.open(path).convert("RGB")


def peer_faces(detector, path):
    boxes, scores, fives = detector.detect(opened(path), landmarks=True)
    if boxes is None:
        return []
    return [list(map(float, box)) + [float(score)] + [float(v) for v in five.reshape(-1)]
            for box, score, five in zip(boxes, scores, fives)]


def compare(ours, theirs):
    """Least overlap, distances of all points, and photos with another number of faces."""
    least, distances, unequal = 1, [], 0
    for mine, other in zip(ours, theirs):
        unequal += len(mine) != len(other)
        for a, b in zip(mine, other):
            least = min(least, overlap(a, b))
            distances += [distance(p, q) for p, q in zip(points(a), points(b))]
    return least, distances, unequal


def hand_placed(data, names, rows):
    """Distances of pupils and mouth corners from London's hand-placed points, by the interocular
    distance, and the mean offset in px."""
    errors, offsets = [], []
    with open(data / "faces/london_512/neutral_landmarks_189.csv") as file:
        placed = {row["id"]: row for row in csv.DictReader(file)}
    for name, faces in zip(names, rows):
        row = placed.get(name.stem)
        if name.parent.name != "neutral" or row is None or not faces:
            continue
        at = [(float(row[f"x{i}"]), float(row[f"y{i}"])) for i in (0, 1, 87, 93)]
        found = [points(faces[0])[i] for i in (0, 1, 3, 4)]
        scale = distance(at[0], at[1])
        errors += [distance(p, q) / scale for p, q in zip(found, at)]
        offsets += [(p[0] - q[0], p[1] - q[1]) for p, q in zip(found, at)]
    mean = [statistics.mean(o[i] for o in offsets) for i in (0, 1)]
    return 100 * statistics.mean(errors), 100 * statistics.median(errors), mean


def agree(binary, weights, data, golden=None):
    data = pathlib.Path(data)
    known = json.loads(pathlib.Path(golden).read_text()) if golden else None
    detector = None if golden else make_detector()
    hand = []
    print("| photos | resample | faces | photos that differ in number | least IoU | points: median, "
          "largest distance (px) |\n|---|---|---|---|---|---|")
    for group, folders in GROUPS.items():
        names = photos(data / "faces", folders)
        theirs = [known[str(name.relative_to(data / "faces"))] if known
                  else peer_faces(detector, name) for name in names]
        for resample in ("adaptive-area", "area"):
            found = subprocess.run(
                [binary, "find", f"weights={weights}", f"resample={resample}", "threads=2", *names],
                check=True, capture_output=True, text=True).stdout
            ours = [json.loads(line) for line in found.splitlines()]
            least, distances, unequal = compare(ours, theirs)
            middle = statistics.median(distances) if distances else 0
            print(f"| {group} ({len(names)}) | {resample} | {sum(map(len, ours))} | {unequal} | "
                  f"{least:.4f} | {middle:.3f}, {max(distances, default=0):.3f} |", flush=True)
            if group == "london_512":
                said = [hand_placed(data, names, rows) for rows in (ours, theirs)]
                note = [f"{m:.2f} % (median {d:.2f} %), offset {o[0]:+.2f}, {o[1]:+.2f} px"
                        for m, d, o in said]
                hand.append(f"{resample}: ours {note[0]}; facenet-pytorch {note[1]}")
    print("\nPupils and mouth corners against London's hand-placed points, in parts of the "
          "interocular distance:")
    for line in hand:
        print(f"* {line}")


def answer(arguments):
    option = {"threads": "1", "clock": "wall"}
    option.update(a.split("=", 1) for a in arguments if "=" in a)
    import torch

    torch.set_num_threads(int(option["threads"]))
    clock = time.process_time if option["clock"] == "processor" else time.perf_counter
    detector = make_detector()
    images = [opened(a) for a in arguments if "=" not in a]
    for _ in sys.stdin:
        start = clock()
        for image in images:
            detector.detect(image, landmarks=True)
        print((clock() - start) * 1e3, flush=True)


if sys.argv[1] == "agree":
    agree(*sys.argv[2:6])
else:
    answer(sys.argv[2:])
