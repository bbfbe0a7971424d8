"""Reference values of the metrics from scikit-learn, statsmodels and numpy.

Run: python Tests/Golden/metrics.py > Tests/MetricsTests/Golden/metrics.json
Needs: scikit-learn >= 1.7, statsmodels. The versions used are written into the file.
"""

import json

import numpy
import sklearn
import statsmodels
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint


def calibration_error(labels, probabilities, bins=15):
    edges = numpy.linspace(0, 1, bins + 1)
    confidence = probabilities.max(1)
    hits = probabilities.argmax(1) == labels
    error = 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            error += inside.mean() * abs(hits[inside].mean() - confidence[inside].mean())
    return error


MASK = (1 << 64) - 1


def mixed(state):
    """SplitMix64: the next state and output."""
    state = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return state, z ^ (z >> 31)


def stream(seed, number, bound):
    """Whole numbers below `bound` from xoshiro256**, keyed as Platform's SeededGenerator."""
    _, key = mixed(seed)
    _, state = mixed(key ^ ((number * 0xD1B54A32D192ED03) & MASK))
    s = []
    for _ in range(4):
        state, word = mixed(state)
        s.append(word)
    rotate = lambda x, k: ((x << k) | (x >> (64 - k))) & MASK
    while True:
        result = (rotate((s[1] * 5) & MASK, 7) * 9) & MASK
        shifted = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = rotate(s[3], 45)
        product = result * bound
        if (product & MASK) >= ((1 << 64) - bound) % bound:
            yield product >> 64


def bootstrap(seed, samples, resamples, rates):
    generator = numpy.random.default_rng(seed)
    first, second = (generator.random(samples) < rate for rate in rates)
    gains = second.astype(int) - first.astype(int)
    differences = []
    for number in range(resamples):
        draws = stream(seed, number, samples)
        differences.append(gains[[next(draws) for _ in range(samples)]].mean())
    return {
        "seed": seed, "resamples": resamples,
        "first": first.astype(int).tolist(), "second": second.astype(int).tolist(),
        "difference": float(gains.mean()),
        "interval": numpy.quantile(differences, [0.025, 0.975]).tolist(),
    }


def case(seed, samples, classes, sharpness, absent=()):
    generator = numpy.random.default_rng(seed)
    present = [c for c in range(classes) if c not in absent]
    weights = generator.dirichlet(numpy.ones(len(present)))
    labels = generator.choice(present, samples, p=weights)
    logits = generator.normal(size=(samples, classes))
    logits[numpy.arange(samples), labels] += sharpness
    probabilities = numpy.exp(logits) / numpy.exp(logits).sum(1, keepdims=True)
    predictions = probabilities.argmax(1)
    every = list(range(classes))
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, predictions, labels=every, zero_division=numpy.nan
    )
    low, high = proportion_confint((labels == predictions).sum(), samples, method="wilson")
    clean = lambda values: [None if numpy.isnan(v) else float(v) for v in values]
    return {
        "classes": classes,
        "labels": labels.tolist(),
        "probabilities": probabilities.ravel().tolist(),
        "accuracy": metrics.accuracy_score(labels, predictions),
        "interval": [low, high],
        "mean_accuracy": metrics.balanced_accuracy_score(labels, predictions),
        "macro_f1": metrics.f1_score(labels, predictions, average="macro"),
        "precision": clean(precision),
        "recall": clean(recall),
        "f1": clean(f1),
        "support": [int(s) for s in support],
        "confusion": metrics.confusion_matrix(labels, predictions, labels=every).tolist(),
        "top2": metrics.top_k_accuracy_score(labels, probabilities, k=2, labels=every),
        "ece": calibration_error(labels, probabilities),
        "brier": metrics.brier_score_loss(
            labels, probabilities, labels=every, scale_by_half=False),
        "nll": metrics.log_loss(labels, probabilities, labels=every),
    }


def main():
    counts = [(0, 0), (1, 0), (0, 9), (12, 5), (40, 41), (3, 60), (700, 820), (1500, 1500)]
    proportions = [(0, 1), (1, 1), (0, 20), (559, 636), (2757, 3068), (3068, 3068), (1, 100000)]
    print(json.dumps({
        "versions": {"scikit-learn": sklearn.__version__, "statsmodels": statsmodels.__version__,
                     "numpy": numpy.__version__},
        "cases": [
            case(1, 200, 7, 2.0),
            case(2, 60, 8, 1.0, absent=(2, 7)),
            case(3, 40, 3, 0.5),
            case(4, 1, 3, 1.0, absent=(0, 1)),
        ],
        "bootstrap": [bootstrap(7, 101, 500, (0.7, 0.8)), bootstrap(8, 30, 99, (0.5, 0.5))],
        "mcnemar": [
            {"only_first": b, "only_second": c,
             "p": float(mcnemar([[10, b], [c, 10]], exact=True).pvalue) if b + c else 1.0}
            for b, c in counts
        ],
        "wilson": [
            {"correct": k, "total": n, "interval": list(proportion_confint(k, n, method="wilson"))}
            for k, n in proportions
        ],
    }))


main()
