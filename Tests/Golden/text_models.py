"""Compares ferry-import and ferry-embed with transformers: full-size text models, random weights.

Usage: text_models.py BINARIES [MODEL]
BINARIES is the folder of Ferry's programs. ALIGN's and BLIP's text towers with their projections, a
BERT of 768 x 12 and a sentence encoder of 384 x 6 with mean pooling go through a folder of weights
as Hugging Face lays it out. MODEL, the folder of a real sentence encoder such as all-MiniLM-L6-v2,
is compared too where it is given.
"""

import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file
from transformers import (AlignConfig, AlignModel, AutoModel, BertConfig, BertModel, BertTokenizer,
                          BlipConfig, BlipForImageTextRetrieval)

LIMIT = 1e-5
SENTENCES = [
    "a photo of a person making a happiness facial expression.",
    "this person looks angry: the brows are drawn together, and the jaw is clenched!",
    "naïve café, 42 % of résumés; \u4e2d\u6587 and emoji 😀",
    "fear",
]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
PIECES = (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *("##" + c for c in LETTERS)]
          + list(".,:;!%") + "a of person face photo this looks anger fear happy ##ness ##ing the".split())
PIECES = list(dict.fromkeys(PIECES))


def stir(model):
    """Norms and biases start at one and zero, which would hide mistakes."""
    torch.manual_seed(11)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.1 * torch.randn_like(p) if p.ndim == 1 else 0.02 * torch.randn_like(p))
    return model.eval()


def mean(rows, mask):
    return (rows * mask[..., None]).sum(1) / mask[..., None].sum(1)


def sizes(width, layers, heads):
    return dict(vocab_size=30522, hidden_size=width, num_hidden_layers=layers,
                num_attention_heads=heads, intermediate_size=4 * width)


def align():
    model = stir(AlignModel(AlignConfig(text_config=sizes(768, 12, 12), projection_dim=640)))
    own = {k: v for k, v in model.state_dict().items()
           if not k.startswith("vision_model") or k.endswith("embeddings.convolution.weight")}

    def run(tokens):
        rows = model.text_model(**tokens).last_hidden_state
        return model.text_projection(rows[:, 0])
    return own, run


def blip():
    small = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
                 image_size=16, patch_size=16)
    text = sizes(768, 12, 12) | dict(vocab_size=30524, encoder_hidden_size=8, bos_token_id=1, sep_token_id=2)
    model = stir(BlipForImageTextRetrieval(BlipConfig(
        text_config=text, vision_config=small, image_text_hidden_size=256)))

    def run(tokens):
        rows = model.text_encoder(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]).last_hidden_state
        return model.text_proj(rows[:, 0])
    return model.state_dict(), run


def bert(width, layers):
    model = stir(BertModel(BertConfig(**sizes(width, layers, 12))))

    def run(tokens):
        return mean(model(**tokens).last_hidden_state, tokens["attention_mask"])
    return model.state_dict(), run


def real(path):
    model = AutoModel.from_pretrained(path).eval()
    return None, lambda tokens: mean(model(**tokens).last_hidden_state, tokens["attention_mask"])


@torch.no_grad()
def compare(name, encoder, binaries, made, vocabulary):
    weights, run = made
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = pathlib.Path(name_of_folder)
        files = vocabulary if weights is None else folder / "files"
        if weights is not None:
            files.mkdir()
            save_file({k: v.contiguous().clone() for k, v in weights.items()}, files / "model.safetensors")
            (files / "vocab.txt").write_text("\n".join(PIECES) + "\n")
        model, out = folder / "model", folder / "out"
        subprocess.run([binaries / "ferry-import", "run", "--in", f"files={files}", "--out", f"model={model}",
                        "--set", f"encoder={encoder}"], check=True, stderr=subprocess.DEVNULL)
        classes = [f"c{i}" for i in range(len(SENTENCES))]
        words = ", ".join(f'{c}: "{s}"' for c, s in zip(classes, SENTENCES))
        subprocess.run(
            [binaries / "ferry-embed", "run", "--in", f"weights={model}", "--out", f"embeddings={out}",
             "--set", f"encoder={encoder}", "--set", f"classes=[{', '.join(classes)}]",
             "--set", "template='{noun}'", "--set", f"words={{{words}}}"],
            check=True, stderr=subprocess.DEVNULL)
        ours = load_file(out / "embeddings.safetensors")["text"]
        tokens = BertTokenizer(str(files / "vocab.txt"))(SENTENCES, padding=True, return_tensors="pt")
    theirs = run(tokens)
    error = float((ours - theirs).abs().max() / theirs.abs().max())
    print(f"{name}: relative error {error:.2e} {'' if error < LIMIT else 'TOO LARGE'}")
    return error >= LIMIT


def main(binaries, path=None):
    binaries = pathlib.Path(binaries)
    cases = [
        ("ALIGN, text tower", "align", align), ("BLIP, text encoder", "blip", blip),
        ("BERT 768 x 12, mean", "sentence", lambda: bert(768, 12)),
        ("sentence encoder 384 x 6", "sentence", lambda: bert(384, 6)),
    ]
    if path:
        cases.append((f"{pathlib.Path(path).name}, real weights", "sentence", lambda: real(path)))
    wrong = [compare(name, encoder, binaries, make(), path and pathlib.Path(path)) for name, encoder, make in cases]
    sys.exit(any(wrong))


main(*sys.argv[1:])
