"""What a Python user would run. Usage: datasets.py zip|tar FILE PROCESSES | fer FILE"""

import io
import multiprocessing
import sys
import tarfile
import zipfile


def check(job):
    """Decodes a share of a zip's pictures."""
    from PIL import Image

    path, start, step = job
    good = 0
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist()[start::step]:
            Image.open(io.BytesIO(archive.read(name))).load()
            good += 1
    return good


def load(picture):
    from PIL import Image

    Image.open(io.BytesIO(picture)).load()
    return 1


def check_tar(path, processes):
    """Reads a tar once and lets processes decode: a packed tar cannot be shared out."""
    with tarfile.open(path) as archive, multiprocessing.Pool(processes) as pool:
        pictures = (archive.extractfile(entry).read() for entry in archive)
        return sum(pool.imap(load, pictures, chunksize=64))


def read_fer(path):
    """The whole table as pictures [N, 48, 48]."""
    import numpy
    import pandas

    table = pandas.read_csv(path)
    pictures = numpy.stack(
        [numpy.fromstring(row, numpy.uint8, sep=" ").reshape(48, 48) for row in table["pixels"]])
    return len(pictures)


if sys.argv[1] == "zip":
    processes = int(sys.argv[3])
    with multiprocessing.Pool(processes) as pool:
        jobs = [(sys.argv[2], start, processes) for start in range(processes)]
        print(sum(pool.map(check, jobs)))
elif sys.argv[1] == "tar":
    print(check_tar(sys.argv[2], int(sys.argv[3])))
else:
    print(read_fer(sys.argv[2]))
