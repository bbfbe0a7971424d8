"""Opens the shards of a samples artifact with Python's webdataset and compares them with its index.

Needs: webdataset, pillow. Usage: webdataset_reads_samples.py FOLDER-OF-EXECUTABLES [ARTIFACT]
Without ARTIFACT it synthesizes and ingests RAF-DB and DFEW first. Exits with 1 on any difference.
"""

import io
import json
import pathlib
import subprocess
import sys
import tempfile

import webdataset
from PIL import Image

binaries = pathlib.Path(sys.argv[1])


def make(folder, name, written, read):
    def sets(pairs):
        return [part for pair in pairs for part in ("--set", pair)]

    archive, samples = folder / f"{name}-archive", folder / f"{name}-samples"
    subprocess.run([binaries / "ferry-synthesize", "run", "--out", f"archive={archive}"]
                   + sets([f"format={name}", *written]), check=True, stderr=subprocess.DEVNULL)
    subprocess.run([binaries / "ferry-ingest", "run", "--in", f"archive={archive}", "--out",
                    f"samples={samples}"]
                   + sets([f"dataset={name}", "accept_terms=true", "accept_counts=true", *read]),
                   check=True, stderr=subprocess.DEVNULL)
    return samples


def check(samples):
    index = [json.loads(line) for line in open(samples / "index.jsonl")]
    shards = sorted(str(path) for path in (samples / "shards").glob("*.tar"))
    records = list(webdataset.WebDataset(shards, shardshuffle=False))
    assert len(records) == len(index), (len(records), len(index))
    for row, record in zip(index, records):
        payload = row.pop("payload")
        key, extension = payload["name"].split(".")
        assert record["__key__"] == key, (record["__key__"], key)
        assert json.loads(record["json"]) == row
        assert len(record[extension]) == payload["size"]
        with open(samples / payload["shard"], "rb") as shard:
            shard.seek(payload["offset"])
            assert shard.read(payload["size"]) == record[extension]
        Image.open(io.BytesIO(record[extension])).load()
    # The pipeline that users write: decoded pictures and labels.
    pipeline = webdataset.WebDataset(shards, shardshuffle=False).decode("pil")
    labels = [record["json"]["label"] for record in pipeline]
    assert labels == [row["label"] for row in index]
    print(f"{samples}: {len(records)} samples in {len(shards)} shards agree")


if len(sys.argv) > 2:
    check(pathlib.Path(sys.argv[2]))
else:
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        check(make(folder, "rafdb", ["train=40", "test=10", "image_size=72"], []))
        check(make(folder, "dfew", ["train=8", "test=3", "image_size=48"], ["fold=1"]))
