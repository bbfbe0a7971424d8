"""Times CLIP B/16's towers in open_clip with random weights.

Speaks the protocol of Benchmarks/Language: a line in asks for one pass, a line out gives its
milliseconds. Usage: language.py text|image [threads=N] [batch=N] [clock=processor]. open_clip has texts of
77 positions, whatever their length.
"""

import sys
import time

import open_clip
import torch

option = {"threads": "2", "batch": "16", "clock": "wall"}
option.update(argument.split("=", 1) for argument in sys.argv[2:])
torch.set_num_threads(int(option["threads"]))
model = open_clip.create_model("ViT-B-16-quickgelu").eval()
if sys.argv[1] == "text":
    texts = torch.zeros(35, 77, dtype=torch.long)
    for index, row in enumerate(texts):
        length = (7, 9, 9, 9, 14)[index % 5]
        row[:length] = torch.tensor([(index * 977 + i * 131) % 49000 for i in range(length - 1)] + [49407])
    run = lambda: model.encode_text(texts)
else:
    images = torch.randn(int(option["batch"]), 3, 224, 224)
    run = lambda: model.encode_image(images)

now = time.process_time if option["clock"] == "processor" else time.perf_counter
with torch.inference_mode():
    for _ in sys.stdin:
        start = now()
        run()
        print((now() - start) * 1e3, flush=True)
