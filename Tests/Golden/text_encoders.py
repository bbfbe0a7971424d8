"""Golden values of CLIP's towers and of BERT: open_clip's and transformers', for NeuralTests.

Usage:
  text_encoders.py FOLDER
      writes clip.safetensors and bert.safetensors: tiny networks with random weights under the
      ecosystem's names, inputs, outputs and some gradients. Both are committed.
  text_encoders.py check BINARY
      makes CLIP B/16 and L/14, a BERT of base size and a small one with random weights in a temporary
      folder, runs the program benchmark-language on them and compares. Nothing is left behind.

Needs torch, open_clip_torch, transformers and safetensors. All is done in double precision and rounded
once, but for the full-size networks, which run in single precision on both sides.
"""

import json
import os
import subprocess
import sys
import tempfile

import open_clip.model
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel

TEXT = dict(context_length=12, vocab_size=32, width=16, heads=2, layers=2)
VISION = dict(image_size=16, patch_size=4, width=16, head_width=8, layers=2)


def clip(text, vision, outputs, quick, dtype):
    torch.manual_seed(3)
    model = open_clip.model.CLIP(outputs, vision, text, quick_gelu=quick, cast_dtype=dtype)
    model = model.to(dtype).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            # open_clip's norms and biases start at one and zero, which would hide mistakes.
            if p.ndim == 1 and name != "logit_scale":
                p.add_(0.1 * torch.randn_like(p))
    return model


def names_of_openai(model):
    return {n: p.detach() for n, p in model.state_dict().items() if n not in ("logit_scale", "attn_mask")}


def pad(texts, length):
    ids = torch.zeros(len(texts), length, dtype=torch.long)
    for row, text in zip(ids, texts):
        row[: len(text)] = torch.tensor(text)
    return ids


def texts_of(count, vocabulary, positions, seed):
    """Token lists with the end token, the largest number, last; some of full length."""
    g = torch.Generator().manual_seed(seed)
    result = []
    for index in range(count):
        n = positions if index == 0 else int(torch.randint(2, min(20, positions + 1), (1,), generator=g))
        ids = torch.randint(0, vocabulary - 2, (n,), generator=g).tolist()
        result.append([vocabulary - 2] + ids[1:-1] + [vocabulary - 1])
    return result


def write_clip(path):
    out = {}
    for quick in (True, False):
        model = clip(TEXT, VISION, 10, quick, torch.float64)
        tag = "quick" if quick else "gelu"
        weights = {k: v.float() for k, v in names_of_openai(model).items()}
        model.load_state_dict({k: v.double() for k, v in weights.items()}, strict=False)
        texts = texts_of(4, 32, 12, 5)
        text = model.encode_text(pad(texts, 12))
        out[f"{tag}.text"] = text.detach()
        images = torch.randn(2, 3, 16, 16, dtype=torch.float64, requires_grad=True)
        image = model.encode_image(images)
        out[f"{tag}.image"] = image.detach()
        if quick:
            out |= weights
            out["images"] = images.detach()
            g = torch.randn_like(image)
            out["image.direction"], h = g, torch.randn_like(text)
            out["text.direction"] = h
            ((image * g).sum() + (text * h).sum()).backward()
            out["images.gradient"] = images.grad
            for name, p in model.named_parameters():
                if name.split(".")[-1] in ("positional_embedding", "class_embedding", "in_proj_bias") \
                        or name in ("visual.conv1.weight", "token_embedding.weight", "ln_final.weight",
                                    "transformer.resblocks.0.mlp.c_fc.weight", "text_projection"):
                    out["gradient." + name] = p.grad
            # The same tower on a larger image: interpolated positions.
            table = model.visual.positional_embedding
            state = {"visual.positional_embedding": table.data.clone()}
            big = clip(TEXT, VISION | dict(image_size=24), 10, True, torch.float64)
            open_clip.model.resize_pos_embed(state, big)
            big.load_state_dict({k: v.double() for k, v in weights.items() if k != "visual.positional_embedding"}
                                | state, strict=False)
            larger = torch.randn(1, 3, 24, 24, dtype=torch.float64)
            out["larger.images"], out["larger.image"] = larger, big.encode_image(larger).detach()
    save_file({k: v.float().contiguous() for k, v in out.items()}, path,
              {"texts": json.dumps(texts_of(4, 32, 12, 5))})


def bert(vocabulary, width, heads, layers, positions, dtype):
    torch.manual_seed(4)
    config = BertConfig(vocab_size=vocabulary, hidden_size=width, num_attention_heads=heads,
                        num_hidden_layers=layers, intermediate_size=4 * width,
                        max_position_embeddings=positions, attn_implementation="eager")
    model = BertModel(config, add_pooling_layer=False).to(dtype).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.1 * torch.randn_like(p) if p.ndim == 1 else 0.05 * torch.randn_like(p))
    return model


def hidden(model, texts):
    length = max(map(len, texts))
    mask = torch.tensor([[1] * len(t) + [0] * (length - len(t)) for t in texts])
    return model(input_ids=pad(texts, length), attention_mask=mask).last_hidden_state, mask


def mean(rows, mask):
    return (rows * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def write_bert(path):
    model = bert(40, 16, 2, 2, 14, torch.float64)
    weights = {k: v.float() for k, v in model.state_dict().items() if "position_ids" not in k}
    model.load_state_dict({k: v.double() for k, v in weights.items()}, strict=False)
    texts = texts_of(4, 40, 14, 6)
    rows, mask = hidden(model, texts)
    out = dict(weights)
    out["first"], out["mean"] = rows[:, 0].detach(), mean(rows, mask).detach()
    out["direction"] = torch.randn_like(out["mean"])
    (mean(rows, mask) * out["direction"]).sum().backward()
    for name, p in model.named_parameters():
        if "embeddings" in name or ("layer.0.attention" in name and "key.bias" not in name):
            out["gradient." + name] = p.grad
    save_file({k: v.float().contiguous() for k, v in out.items()}, path, {"texts": json.dumps(texts)})


def compare(what, ours, theirs, limit=1e-5):
    error = float((ours.double() - theirs.double()).abs().max() / theirs.double().abs().max())
    print(f"{what}: relative error {error:.2e} {'' if error < limit else 'TOO LARGE'}")
    return error >= limit


def ours(binary, command, folder, *options):
    output = os.path.join(folder, "ours.safetensors")
    subprocess.run([binary, command, *options, output], check=True)
    return load_file(output)["embeddings"]


@torch.no_grad()
def check(binary):
    wrong = 0
    for name, width, layers, patch, text_width in (("B/16", 768, 12, 16, 512), ("L/14", 1024, 24, 14, 768)):
        with tempfile.TemporaryDirectory() as folder:
            vision = dict(image_size=224, patch_size=patch, width=width, layers=layers)
            text = dict(context_length=77, vocab_size=49408, width=text_width, heads=text_width // 64, layers=12)
            model = clip(text, vision, text_width, True, torch.float32)
            weights = os.path.join(folder, "weights.safetensors")
            save_file({k: v.contiguous() for k, v in names_of_openai(model).items()}, weights)
            texts = texts_of(6, 49408, 77, 8)
            images = torch.randn(2, 3, 224, 224)
            inputs = os.path.join(folder, "inputs.safetensors")
            save_file({"images": images}, inputs, {"texts": json.dumps(texts)})
            wrong += compare(f"CLIP {name} text", ours(binary, "clip-text", folder, weights, inputs),
                             model.encode_text(pad(texts, 77)))
            wrong += compare(f"CLIP {name} image", ours(binary, "clip-image", folder, weights, inputs),
                             model.encode_image(images))
    for width, heads, layers in ((768, 12, 12), (384, 12, 6)):
        with tempfile.TemporaryDirectory() as folder:
            model = bert(30522, width, heads, layers, 512, torch.float32)
            weights = os.path.join(folder, "weights.safetensors")
            save_file({k: v.contiguous() for k, v in model.state_dict().items()}, weights)
            texts = texts_of(5, 30522, 512, 9)
            inputs = os.path.join(folder, "inputs.safetensors")
            save_file({"unused": torch.zeros(1)}, inputs, {"texts": json.dumps(texts)})
            wrong += compare(f"BERT {width} x {layers}, mean", ours(binary, "bert", folder, weights, inputs),
                             mean(*hidden(model, texts)))
    sys.exit(1 if wrong else 0)


if sys.argv[1] == "check":
    check(sys.argv[2])
else:
    write_clip(os.path.join(sys.argv[1], "clip.safetensors"))
    write_bert(os.path.join(sys.argv[1], "bert.safetensors"))
