"""Least-squares similarities by Umeyama's method with NumPy's SVD.

Needs: numpy safetensors. Writes Tests/FacesTests/Golden/umeyama.safetensors.
"""

import pathlib

import numpy
from safetensors.numpy import save_file


def umeyama(source, target):
    mean_s, mean_t = source.mean(0), target.mean(0)
    s, t = source - mean_s, target - mean_t
    u, d, vt = numpy.linalg.svd(t.T @ s / len(s))
    signs = numpy.array([1.0, numpy.sign(numpy.linalg.det(u) * numpy.linalg.det(vt))])
    rotation = u @ numpy.diag(signs) @ vt
    scale = (d * signs).sum() / (s**2).sum(1).mean()
    linear = scale * rotation
    return numpy.concatenate([linear, (mean_t - linear @ mean_s)[:, None]], 1)


template = numpy.array([
    [38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
    [70.7299, 92.2041]])
rng = numpy.random.default_rng(4)
angle = numpy.radians(25)
turn = 3.1 * numpy.array([[numpy.cos(angle), -numpy.sin(angle)],
                          [numpy.sin(angle), numpy.cos(angle)]])
mirror = numpy.array([[-1.0, 0.0], [0.0, 1.0]])
sources = [
    template @ turn.T + [200, 90],
    template @ turn.T + [200, 90] + rng.normal(0, 6, (5, 2)),
    (template @ mirror.T) * 2.2 + [400, 10] + rng.normal(0, 3, (5, 2)),
    rng.uniform(0, 500, (5, 2)),
]
target = pathlib.Path(__file__).parent.parent / "FacesTests/Golden/umeyama.safetensors"
save_file({
    "sources": numpy.stack(sources),
    "matrices": numpy.stack([umeyama(s, template) for s in sources]),
    "template": template,
}, target)
