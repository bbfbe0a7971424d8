"""Temperature scaling by scipy, for three small sets of logits.

Run: python Tests/Golden/temperature.py > Tests/MetricsTests/Golden/temperature.json
Needs: numpy, scipy.
"""

import json

import numpy
import scipy
from scipy.optimize import brentq
from scipy.special import log_softmax, softmax

generator = numpy.random.default_rng(7)


def case(rows, classes, scale):
    logits = numpy.round(generator.normal(0, scale, (rows, classes)), 3)
    labels = generator.integers(0, classes, rows)
    # Two thirds of the labels follow the logits.
    follows = generator.random(rows) < 2 / 3
    labels[follows] = logits.argmax(1)[follows]

    def slope(b):
        return ((softmax(b * logits, axis=1) * logits).sum(1) - logits[range(rows), labels]).mean()

    b = brentq(slope, 0.01, 100, xtol=1e-15, rtol=1e-15)
    return {
        "logits": logits.ravel().tolist(),
        "labels": labels.tolist(),
        "classes": classes,
        "temperature": 1 / b,
        "nll": float(-log_softmax(b * logits, axis=1)[range(rows), labels].mean()),
        "probabilities": softmax(b * logits, axis=1)[:5].ravel().tolist(),
    }


print(
    json.dumps(
        {
            "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__},
            "cases": [case(60, 7, 3.0), case(40, 2, 1.0), case(50, 8, 20.0)],
        }
    )
)
