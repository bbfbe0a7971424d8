"""Lets two programs take turns and reports their times and the ratio.

Usage: compare.py ROUNDS COMMAND... -- PEER COMMAND... : each command answers every line on its
standard input with the milliseconds of one pass. The first pass of each is not counted.
"""

import statistics
import subprocess
import sys


def start(command):
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def take(process):
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def main():
    rounds, rest = int(sys.argv[1]), sys.argv[2:]
    cut = rest.index("--")
    ours, peer = start(rest[:cut]), start(rest[cut + 1 :])
    times = []
    for index in range(rounds + 1):
        pair = take(ours), take(peer)
        if index:
            times.append(pair)
    ratios = sorted(theirs / mine for mine, theirs in times)
    mine, theirs = zip(*times)
    print(
        f"ours {min(mine):.1f} / {statistics.median(mine):.1f} ms (least / median), "
        f"peer {min(theirs):.1f} / {statistics.median(theirs):.1f} ms, "
        f"ratio of least {min(theirs) / min(mine):.2f}, median of ratios {statistics.median(ratios):.2f} "
        f"(quartiles {ratios[len(ratios) // 4]:.2f} to {ratios[3 * len(ratios) // 4]:.2f})"
    )
    for process in (ours, peer):
        process.stdin.close()
        process.wait()


if __name__ == "__main__":
    main()
