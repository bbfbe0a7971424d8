"""Small weight files in every form, written by the libraries that own the forms.

Run: python Tests/Golden/weights.py Tests/WeightsTests/Golden
Needs: torch, numpy, safetensors, transformers, open_clip_torch, timm, torchvision. The values are
small multiples of 1/64, exact in every element type, so that tests compare bits.
"""

import argparse
import collections
import json
import sys
import zipfile
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
torch.manual_seed(7)


def exact(*shape, dtype=torch.float32, low=-64, high=64):
    return (torch.randint(low, high, shape).double() / 64).to(dtype)


def fill(module, keep=()):
    """Gives a module exact values, batch statistics and tables included."""
    for name, value in module.state_dict().items():
        if value.is_floating_point() and name not in keep:
            value.copy_(exact(*value.shape, dtype=value.dtype))
    return module.eval()


# The same tensors in every general form.
base = exact(4, 6)
tensors = collections.OrderedDict(
    matrix=exact(3, 4),
    transposed=exact(3, 4).t(),
    slice=base[1:3, 2:5],
    shared=base,
    half=exact(5, dtype=torch.float16),
    brain=exact(5, dtype=torch.bfloat16),
    double=exact(2, 2, dtype=torch.float64),
    long=torch.arange(6).reshape(2, 3) - 3,
    byte=torch.tensor([0, 1, 255], dtype=torch.uint8),
    flags=torch.tensor([True, False]),
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(exact(2, 3, 2, 2)),
)
expected = {
    name: {"shape": list(t.shape), "values": t.detach().double().flatten().tolist()}
    for name, t in tensors.items()
}
(out / "expected.json").write_text(json.dumps(expected, sort_keys=True, separators=(",", ":")))
torch.save(tensors, out / "general.pt")
torch.save(tensors, out / "general-legacy.pt", _use_new_zipfile_serialization=False)
save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()},
          out / "general.safetensors")
arrays = {k: v.detach().numpy() for k, v in tensors.items() if v.dtype != torch.bfloat16}
numpy.savez(out / "general.npz", **arrays)
numpy.savez_compressed(out / "packed.npz", **arrays)
numpy.save(out / "big-endian.npy", arrays["matrix"].astype(">f4"))

# A deflated PyTorch archive, as re-zipping makes it.
with zipfile.ZipFile(out / "general.pt") as source, \
        zipfile.ZipFile(out / "deflated.pt", "w", zipfile.ZIP_DEFLATED) as target:
    for entry in source.infolist():
        target.writestr(entry.filename, source.read(entry))


# A training checkpoint: wrappers, an optimiser, NumPy scalars, a namespace.
import torchvision.models.resnet as resnet  # noqa: E402

network = resnet.ResNet(resnet.BasicBlock, [2, 2, 2, 2], num_classes=3)


def narrow(module, width):
    """ResNet-18 of another width, by replacing its layers one by one."""
    for name, child in module.named_children():
        if isinstance(child, torch.nn.Conv2d):
            inputs = child.in_channels if child.in_channels == 3 else child.in_channels // width
            setattr(module, name, torch.nn.Conv2d(
                inputs, child.out_channels // width, child.kernel_size, child.stride,
                child.padding, bias=False))
        elif isinstance(child, torch.nn.BatchNorm2d):
            setattr(module, name, torch.nn.BatchNorm2d(child.num_features // width))
        elif isinstance(child, torch.nn.Linear):
            setattr(module, name, torch.nn.Linear(child.in_features // width, child.out_features))
        else:
            narrow(child, width)


narrow(network, 64)
fill(network)
wrapped = torch.nn.DataParallel(network)
optimizer = torch.optim.SGD(wrapped.parameters(), lr=0.1, momentum=0.9)
optimizer.step()
torch.save(
    {
        "epoch": 60, "arch": "resnet18", "best_prec1": numpy.float64(97.5),
        "args": argparse.Namespace(lr=0.1, name="x"), "state_dict": wrapped.state_dict(),
        "optimizer": optimizer.state_dict(),
    },
    out / "resnet18.pth.tar", _use_new_zipfile_serialization=False)


# CLIP in OpenAI's and in Hugging Face's names: proven the same by running both.
import open_clip  # noqa: E402
from transformers import CLIPConfig, CLIPModel  # noqa: E402

clip = open_clip.CLIP(
    embed_dim=6,
    vision_cfg=dict(layers=2, width=8, head_width=8, patch_size=8, image_size=16),
    text_cfg=dict(layers=1, width=8, heads=1, context_length=9, vocab_size=20),
    quick_gelu=True)
state = clip.state_dict()
for name, value in state.items():
    if value.is_floating_point() and name != "logit_scale" and "attn_mask" not in name:
        value.copy_(exact(*value.shape, low=-16, high=16))
clip.eval()
config = CLIPConfig(
    text_config=dict(
        hidden_size=8, intermediate_size=32, num_hidden_layers=1, num_attention_heads=1,
        max_position_embeddings=9, vocab_size=20, hidden_act="quick_gelu", eos_token_id=19,
        bos_token_id=18, pad_token_id=0, projection_dim=6),
    vision_config=dict(
        hidden_size=8, intermediate_size=32, num_hidden_layers=2, num_attention_heads=1,
        image_size=16, patch_size=8, hidden_act="quick_gelu", projection_dim=6),
    projection_dim=6)
face = CLIPModel(config).eval()


def hugging_face(state):
    renamed = {
        "logit_scale": state["logit_scale"],
        "visual_projection.weight": state["visual.proj"].t().contiguous(),
        "text_projection.weight": state["text_projection"].t().contiguous(),
    }
    whole = {
        "visual.class_embedding": "vision_model.embeddings.class_embedding",
        "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
        "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
        "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
        "positional_embedding": "text_model.embeddings.position_embedding.weight",
    }
    for kind in ("weight", "bias"):
        whole[f"visual.ln_pre.{kind}"] = f"vision_model.pre_layrnorm.{kind}"
        whole[f"visual.ln_post.{kind}"] = f"vision_model.post_layernorm.{kind}"
        whole[f"ln_final.{kind}"] = f"text_model.final_layer_norm.{kind}"
    for name, new in whole.items():
        renamed[new] = state[name]
    towers = [("visual.transformer", "vision_model", 2), ("transformer", "text_model", 1)]
    for old, new, layers in towers:
        for layer in range(layers):
            before, after = f"{old}.resblocks.{layer}", f"{new}.encoder.layers.{layer}"
            for kind in ("weight", "bias"):
                parts = state[f"{before}.attn.in_proj_{kind}"].chunk(3)
                for letter, part in zip("qkv", parts):
                    renamed[f"{after}.self_attn.{letter}_proj.{kind}"] = part.clone()
                for a, b in [("attn.out_proj", "self_attn.out_proj"), ("ln_1", "layer_norm1"),
                             ("ln_2", "layer_norm2"), ("mlp.c_fc", "mlp.fc1"),
                             ("mlp.c_proj", "mlp.fc2")]:
                    renamed[f"{after}.{b}.{kind}"] = state[f"{before}.{a}.{kind}"]
    return renamed


renamed = hugging_face(state)
missing, unexpected = face.load_state_dict(renamed, strict=False)
assert not unexpected and all("position_ids" in name for name in missing), (missing, unexpected)
image = exact(2, 3, 16, 16)
text = torch.tensor([[18, 3, 4, 19, 0, 0, 0, 0, 0], [18, 7, 5, 6, 2, 1, 19, 0, 0]])
with torch.no_grad():
    ours = clip.encode_image(image), clip.encode_text(text)
    theirs_image = face.get_image_features(pixel_values=image)
    theirs_text = face.get_text_features(input_ids=text)
    theirs = [getattr(x, "pooler_output", x) for x in (theirs_image, theirs_text)]
for a, b in zip(ours, theirs):
    assert torch.allclose(a, b, rtol=1e-4, atol=1e-4), (a - b).abs().max()
half = {k: v.half() for k, v in state.items() if "attn_mask" not in k}
torch.save(half, out / "clip-openai.pt")
save_file({k: v.half().contiguous() for k, v in renamed.items()}, out / "clip-hf.safetensors")


# A TorchScript archive shaped as OpenAI's: sizes among the weights, nested modules, half floats.
class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.ln = torch.nn.LayerNorm(4)
        self.fc = torch.nn.Linear(4, 4)

    def forward(self, x):
        return x + self.fc(self.ln(x))


class Script(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = torch.nn.Sequential(Block(), Block())
        self.text_projection = torch.nn.Parameter(exact(4, 2))
        self.register_buffer("input_resolution", torch.tensor(224))
        self.sizes = [1, 2, 3]

    def forward(self, x):
        return self.blocks(x) @ self.text_projection


script = fill(Script()).half()
torch.jit.script(script).save(str(out / "script.pt"))
(out / "script.json").write_text(json.dumps(
    {k: v.double().flatten().tolist() for k, v in script.state_dict().items()},
    sort_keys=True, separators=(",", ":")))


# Text towers made of BERT, in the names of Hugging Face's joint models.
from transformers import (  # noqa: E402
    AlignConfig, AlignModel, BertConfig, BertForMaskedLM, BertModel, BlipConfig,
    BlipForImageTextRetrieval)

sizes = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
             vocab_size=24, max_position_embeddings=10, bos_token_id=1, sep_token_id=2)
bert = fill(BertModel(BertConfig(**sizes)))
plain = {k: v.contiguous() for k, v in bert.state_dict().items()}
save_file(plain, out / "bert.safetensors")
masked = fill(BertForMaskedLM(BertConfig(**sizes)))
masked.bert.load_state_dict({k: v for k, v in plain.items() if not k.startswith("pooler")})
old = {k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"):
       v for k, v in masked.state_dict().items()}
torch.save(old, out / "bert-old.bin")
blip = fill(BlipForImageTextRetrieval(BlipConfig(
    text_config=dict(**sizes, encoder_hidden_size=8),
    vision_config=dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
                       intermediate_size=8, image_size=16, patch_size=16),
    image_text_hidden_size=4)))
save_file({k: v.contiguous().clone() for k, v in blip.state_dict().items()
           if "vision_model" not in k or "class_embedding" in k}, out / "blip.safetensors")
align = fill(AlignModel(AlignConfig(text_config=sizes, projection_dim=4)))
save_file({k: v.contiguous().clone() for k, v in align.state_dict().items()
           if not k.startswith("vision_model") or k.endswith("embeddings.convolution.weight")},
          out / "align.safetensors")


# Swin for faces: patch 2, the original code's places of the merging layers, a wrapper.
import timm  # noqa: E402

swin = timm.models.swin_transformer.SwinTransformer(
    img_size=112, patch_size=2, embed_dim=2, depths=(1, 1, 2, 1), num_heads=(1, 1, 2, 2),
    num_classes=0)
fill(swin)
canonical = {k: v.contiguous() for k, v in swin.state_dict().items()}
head = torch.nn.Sequential(
    torch.nn.Linear(16, 16, bias=False), torch.nn.BatchNorm1d(16, eps=2e-5),
    torch.nn.Linear(16, 6, bias=False), torch.nn.BatchNorm1d(6, eps=2e-5))
fill(head)
canonical.update({f"feature.{k}": v for k, v in head.state_dict().items()})


def original(name):
    parts = name.split(".")
    if parts[0] == "layers" and parts[2] == "downsample":
        parts[1] = str(int(parts[1]) - 1)
    return ".".join(parts)


save_file(canonical, out / "swin-face.safetensors")
torch.save({"epoch": 3, "state_dict_backbone": {f"module.{original(k)}": v
                                                 for k, v in canonical.items()},
            "state_dict_softmax_fc": {"weight": exact(3, 6)}}, out / "swin-face.pt")

# A sharded model.
names = sorted(plain)
shards = {"model-00001-of-00002.safetensors": names[::2],
          "model-00002-of-00002.safetensors": names[1::2]}
folder = out / "sharded"
folder.mkdir(exist_ok=True)
for shard, members in shards.items():
    save_file({name: plain[name] for name in members}, folder / shard)
index = {"metadata": {"total_size": sum(v.numel() * 4 for v in plain.values())},
         "weight_map": {n: s for s, members in shards.items() for n in members}}
(folder / "model.safetensors.index.json").write_text(json.dumps(index, sort_keys=True))
