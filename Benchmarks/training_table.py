"""The table of Benchmarks/training: Ferry and PyTorch take turns at the same passes.

Usage: training_table.py THREADS ROUNDS CLOCK [NAME...]. FERRY_BENCHMARK names the program
benchmark-training, PYTHON the peer's interpreter. Peak memory is what the system counted for each whole
process of ROUNDS + 1 passes.
"""

import os
import statistics
import subprocess
import sys

from compare import take

ROWS = [
    ("ResNet-18 training, batch 32 at 112 px", "batch=32 size=112", "2"),
    ("the same, both with a malloc that keeps its pages", "batch=32 size=112 malloc", "1.7"),
    ("ResNet-18 training, batch 16 at 224 px", "batch=16 size=224", "2"),
    ("the same, both with a malloc that keeps its pages", "batch=16 size=224 malloc", "1.7"),
    ("ResNet-18 inference, batch 32 at 224 px", "batch=32 size=224 inference=1", "1.3"),
    ("ResNet-50 training, batch 8 at 224 px", "network=resnet50 batch=8 size=224", ""),
    ("Swin-T face variant training, batch 8 at 112 px", "network=swin-t-face batch=8 size=112", "2"),
    ("ViT-B/16 image tower inference, batch 16 at 224 px",
     "network=vit-b-16 batch=16 size=224 inference=1", "2"),
]
SCALING = [
    ("ResNet-18 training at 112 px", "size=112", (8, 16, 32)),
    ("Swin-T face variant training", "network=swin-t-face size=112", (2, 4, 8)),
    ("ViT-B/16 image tower inference", "network=vit-b-16 size=224 inference=1", (1, 4, 16)),
]
# Multiplications of one image forward at 224 px; those of transformers are counted by the program.
CONVOLUTIONS = {"resnet18": 1.814e9, "resnet50": 4.089e9}
TUNED = {
    "MALLOC_TRIM_THRESHOLD_": "-1", "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "1073741824",
}

threads, rounds, clock = sys.argv[1], int(sys.argv[2]), sys.argv[3]
names = sys.argv[4:]
binary, python = os.environ["FERRY_BENCHMARK"], os.environ.get("PYTHON", "python3")


def start(command, options, count=threads):
    words = options.split()
    environment = dict(os.environ, **(TUNED if "malloc" in words else {}))
    words = [word for word in words if word != "malloc"] + [f"threads={count}", clock]
    return subprocess.Popen(
        command + words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def end(process):
    """What the process says last and its peak memory in MB."""
    process.stdin.close()
    rest = process.stdout.read().split()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return rest, usage.ru_maxrss / 1024


def alone(options, count):
    ours = start([binary], options, count)
    times = [take(ours) for _ in range(4)][1:]
    return statistics.median(times), end(ours)[0]


def multiplications(options, counted):
    option = dict(word.split("=") for word in options.split() if "=" in word)
    network = option.get("network", "resnet18")
    if network not in CONVOLUTIONS:
        return counted
    passes = 1 if "inference" in option else 3
    return CONVOLUTIONS[network] * int(option["batch"]) * (int(option["size"]) / 224) ** 2 * passes


def row(name, options, goal, ceiling):
    ours, peer = start([binary], options), start([python, "Benchmarks/peers/training.py"], options)
    pairs = [(take(ours), take(peer)) for _ in range(rounds + 1)][1:]
    (share, counted), mine = end(ours)
    _, theirs = end(peer)
    ratios = sorted(b / a for a, b in pairs)
    a, b = (statistics.median(times) for times in zip(*pairs))
    speed = 2e-6 * multiplications(options, float(counted)) / a
    print(
        f"| {name} | {a:.0f} | {b:.0f} | {statistics.median(ratios):.2f} "
        f"({ratios[len(ratios) // 4]:.2f} to {ratios[3 * len(ratios) // 4]:.2f}) | {goal} "
        f"| {mine:.0f} / {theirs:.0f} = {mine / theirs:.2f} | {float(share):.0%} "
        f"| {speed:.0f} = {speed / ceiling:.0%} |", flush=True)


def main():
    ceiling = 2e-6 * 2048**3 / alone("network=sgemm", threads)[0]
    print(f"threads={threads}, {clock}, {rounds} rounds; sgemm of 2048^3: {ceiling:.0f} GFLOP/s")
    print("| step | Ferry, ms | PyTorch, ms | PyTorch / Ferry | goal | peak memory, MB "
          "| share of matrix products | effective GFLOP/s |")
    print("|---|---|---|---|---|---|---|---|")
    for name, options, goal in ROWS:
        if not names or any(part in name for part in names):
            row(name, options, goal, ceiling)
    if names:
        return
    print("\nFerry alone, images a second:\n\n| step | batch | 1 thread | 2 threads |\n|---|---|---|---|")
    for name, options, batches in SCALING:
        for batch in batches:
            speeds = [1e3 * batch / alone(f"{options} batch={batch}", n)[0] for n in (1, 2)]
            print(f"| {name} | {batch} | {speeds[0]:.1f} | {speeds[1]:.1f} |", flush=True)


main()
