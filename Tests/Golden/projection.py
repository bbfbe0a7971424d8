"""Points, principal components and t-SNE quality from scikit-learn.

Run: python Tests/Golden/projection.py > Tests/ProjectionTests/Golden/projection.json
Needs: scikit-learn >= 1.5, numpy.
"""

import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "2")
import numpy
import sklearn
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.neighbors import NearestNeighbors

digits = load_digits()
rows = numpy.arange(0, 1797, 6)
points = digits.data[rows]
labels = digits.target[rows]
# Whole numbers give equal distances, whose ranks are arbitrary: weights on the columns part them.
weighted = points * (1 + numpy.arange(64) ** 2 * 1e-4)


def pca_case(data, count):
    pca = PCA(count, svd_solver="full").fit(data)
    signs = numpy.sign(pca.components_[range(count), abs(pca.components_).argmax(1)])
    return {
        "variance": pca.explained_variance_.tolist(),
        "ratio": pca.explained_variance_ratio_.tolist(),
        "projected": (pca.transform(data[:20]) * signs).tolist(),
    }


def geometry(data, classes):
    overall = ((data - data.mean(0)) ** 2).sum(1).mean()
    means = numpy.stack([data[classes == k].mean(0) for k in range(10)])
    spread = [((data[classes == k] - means[k]) ** 2).sum(1).mean() / overall for k in range(10)]
    gaps = numpy.linalg.norm(means[:, None] - means[None], axis=2) / overall**0.5
    unit = means / numpy.linalg.norm(means, axis=1, keepdims=True)
    return {
        "variances": spread,
        "distances": gaps.tolist(),
        "cosines": (unit @ unit.T).tolist(),
    }


distances, indices = NearestNeighbors(n_neighbors=6).fit(points).kneighbors(points[:20])
# Ten seeds from random starts and the deterministic start from principal components.
runs = [TSNE(perplexity=20, init="pca", random_state=0)] + [
    TSNE(perplexity=20, init="random", random_state=seed) for seed in range(10)
]
maps = [run.fit_transform(weighted) for run in runs]
print(
    json.dumps(
        {
            "versions": {"scikit-learn": sklearn.__version__, "numpy": numpy.__version__},
            "points": points.astype(int).tolist(),
            "labels": labels.tolist(),
            "pca": pca_case(points, 5),
            "pca_wide": pca_case(points[:30], 5),
            "geometry": geometry(points, labels),
            "neighbour_distances": (distances[:, 1:] ** 2).tolist(),
            "tsne": {
                "perplexity": 20,
                "divergences": [float(run.kl_divergence_) for run in runs],
                "trustworthiness": [float(trustworthiness(weighted, m)) for m in maps],
            },
            "trustworthiness_of_pca": float(
                trustworthiness(weighted, PCA(2, svd_solver="full").fit_transform(weighted))
            ),
        }
    )
)
