"""Numbers from a formula that the tests have, too, and a writer of safetensors."""

import json
import struct

import torch


def drawn(shape, stream, bound):
    """Numbers in +-bound, exact in single precision, from a hash of their index."""
    count, mask = torch.Size(shape).numel(), (1 << 64) - 1
    values = []
    for index in range(count):
        x = ((index + 1) * 6364136223846793005 + stream * 1442695040888963407) & mask
        x = ((x ^ (x >> 33)) * 0xFF51AFD7ED558CCD) & mask
        x ^= x >> 33
        values.append(((x >> 40) - (1 << 23)) / (1 << 23) * bound)
    return torch.tensor(values).reshape(shape)


def save(path, tensors):
    header, offset = {}, 0
    for name, tensor in tensors.items():
        size = 4 * tensor.numel()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + size],
        }
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.detach().to(torch.float32).contiguous().numpy().tobytes())
