"""Runs a program once for every line on standard input and prints its milliseconds.

Usage: timed.py clock=wall|clock=processor COMMAND...
"""

import resource
import subprocess
import sys
import time

clock, command = sys.argv[1].split("=")[1], sys.argv[2:]


def now():
    if clock == "wall":
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


for _ in sys.stdin:
    begin = now()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print((now() - begin) * 1e3, flush=True)
