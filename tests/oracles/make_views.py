"""Cases of the contrastive losses that need pytorch-metric-learning or torch alone.

It needs mpmath, numpy, pytorch-metric-learning 2.9.0 and torch:

    python tests/oracles/make_views.py
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import torch
from mpmath import mpf
from oracle import Case, case, write
from pytorch_metric_learning import distances, losses, reducers

warnings.filterwarnings("ignore")
PML, MPMATH, TORCH = "pytorch-metric-learning", "mpmath", "torch"
rng = np.random.default_rng(43)


def data(groups: int, items: int, width: int, classes: int) -> dict[str, Any]:
    labels = np.stack([rng.permutation(np.arange(items) % classes) for _ in range(groups)])
    return {"embeddings": np.round(rng.normal(size=(groups, items, width)), 3), "labels": labels}


BATCHES = {
    "pairs": data(3, 6, 3, 3),
    "classes": data(2, 7, 4, 2),
    "wide": data(1, 4, 8, 2),
    "one-class-alone": {"embeddings": data(1, 5, 3, 2)["embeddings"], "labels": [[0, 0, 1, 1, 2]]},
    "scaled": {"embeddings": 1e3 * data(1, 5, 3, 2)["embeddings"], "labels": [[4, 4, 0, 0, 4]]},
}
PLAIN = distances.SNRDistance(normalize_embeddings=False)
SETTINGS: dict[str, list[tuple[str, dict[str, Any], Any]]] = {
    "angular": [
        ("", {}, losses.AngularLoss()),
        ("-narrow", {"alpha": 10.0}, losses.AngularLoss(10)),
    ],
    "intra-pair-variance": [
        ("", {}, losses.IntraPairVarianceLoss()),
        ("-wide", {"pos_eps": 0.25, "neg_eps": 0.5}, losses.IntraPairVarianceLoss(0.25, 0.5)),
    ],
    "snr-contrastive": [
        ("", {}, losses.SignalToNoiseRatioContrastiveLoss()),
        (
            "-all",
            {"pos_margin": 0.5, "neg_margin": 2.0, "average": "all"},
            losses.SignalToNoiseRatioContrastiveLoss(
                pos_margin=0.5, neg_margin=2.0, reducer=reducers.MeanReducer()
            ),
        ),
        (
            "-plain",
            {"normalize": False},
            losses.SignalToNoiseRatioContrastiveLoss(distance=PLAIN),
        ),
    ],
    "fast-ap": [
        ("", {}, losses.FastAPLoss()),
        ("-four", {"num_bins": 4}, losses.FastAPLoss(4)),
    ],
    "histogram": [
        ("", {}, losses.HistogramLoss()),
        ("-eight", {"n_bins": 8}, losses.HistogramLoss(n_bins=8)),
    ],
}
TOLERANCE = {
    "rtol": 1e-9,
    "atol": 1e-9,
    "why": "the library takes distances from squared norms, which cancel",
}
ROUGH = {"rtol": 1e-5, "atol": 1e-6, "why": "the library places the bins in float32"}


def torch_loss(loss: Any, batch: dict[str, Any]) -> list[float]:
    return [
        loss(torch.tensor(x, dtype=torch.float64), torch.tensor(y)).item()
        for x, y in zip(batch["embeddings"], np.asarray(batch["labels"]), strict=True)
    ]


def of_length_one(batch: dict[str, Any]) -> dict[str, Any]:
    """The library's angular loss scales the like pair only, and takes unlike items as they are."""
    x = np.asarray(batch["embeddings"], float)
    return batch | {"embeddings": x / np.linalg.norm(x, axis=-1, keepdims=True)}


def labelled() -> Iterator[Case]:
    for name, settings in SETTINGS.items():
        for label, batch in BATCHES.items():
            batch = of_length_one(batch) if name == "angular" else batch
            for suffix, params, loss in settings:
                elements = torch_loss(loss, batch)
                within = ROUGH if name == "histogram" else TOLERANCE
                yield case(name, label + suffix, batch, PML, elements=elements, **within, **params)
    alone = {"embeddings": [[[1.0, 2.0], [0.5, 0.25]]], "labels": [[0, 1]]}
    for name in ("angular", "fast-ap", "histogram"):
        yield case(name, "no-like-pair", alone, PML, elements=[0.0])


# --- 50 digits -----------------------------------------------------------------------------------


def dot(a: Any, b: Any) -> mpf:
    return mpmath.fsum(u * v for u, v in zip(a, b, strict=True))


def unit(rows: Any) -> list[Any]:
    found = []
    for row in rows:
        x = [mpf(float(v)) for v in row]
        length = mpmath.sqrt(dot(x, x))
        found.append([v / length for v in x])
    return found


def mean(values: list[Any]) -> mpf:
    return mpmath.fsum(values) / len(values) if values else mpf(0)


def angular(x: Any, labels: Any, alpha: float = 40.0) -> mpf:
    u, n = unit(x), range(len(labels))
    tangent = mpmath.tan(mpmath.radians(mpf(alpha))) ** 2
    found = []
    for i in n:
        for j in n:
            if i == j or labels[i] != labels[j]:
                continue
            rest = [
                mpmath.exp(
                    4 * tangent * (dot(u[i], u[k]) + dot(u[j], u[k]))
                    - 2 * (1 + tangent) * dot(u[i], u[j])
                )
                for k in n
                if labels[k] != labels[i]
            ]
            found.append(mpmath.log1p(mpmath.fsum(rest)))
    return mean(found)


def variance(x: Any, labels: Any, pos_eps: float = 0.01, neg_eps: float = 0.01) -> mpf:
    u, n = unit(x), range(len(labels))
    like = [dot(u[i], u[j]) for i in n for j in n if i != j and labels[i] == labels[j]]
    unlike = [dot(u[i], u[j]) for i in n for j in n if labels[i] != labels[j]]
    near = [max((1 - mpf(pos_eps)) * mean(like) - s, mpf(0)) ** 2 for s in like]
    far = [max(s - (1 + mpf(neg_eps)) * mean(unlike), mpf(0)) ** 2 for s in unlike]
    return mean(near) + mean(far)


def fast_ap(x: Any, labels: Any, num_bins: int = 10) -> mpf:
    u, n = unit(x), range(len(labels))
    width = mpf(4) / num_bins
    found = []
    for i in n:
        likes = [j for j in n if j != i and labels[j] == labels[i]]
        others = [j for j in n if j != i]
        if not likes:
            continue

        def pulse(j: int, b: int, i: int = i) -> mpf:
            gap = [p - q for p, q in zip(u[i], u[j], strict=True)]
            return max(1 - abs(dot(gap, gap) - b * width) / width, mpf(0))

        total = before_like = before = mpf(0)
        for b in range(num_bins + 1):
            here = mpmath.fsum(pulse(j, b) for j in likes)
            before_like += here
            before += mpmath.fsum(pulse(j, b) for j in others)
            total += here * before_like / before if here else 0
        found.append(1 - total / len(likes))
    return mean(found)


def histogram(x: Any, labels: Any, n_bins: int = 100) -> mpf:
    u, n = unit(x), range(len(labels))
    width = mpf(2) / n_bins
    both = {
        i for i in n
        if any(labels[j] != labels[i] for j in n)
        and any(labels[j] == labels[i] for j in n if j != i)
    }  # fmt: skip
    pairs = [(i, j) for i in n for j in range(i) if i in both or j in both]

    def share(b: int, alike: bool) -> mpf:
        cosines = [dot(u[i], u[j]) for i, j in pairs if (labels[i] == labels[j]) == alike]
        return mean([max(1 - abs(c + 1 - b * width) / width, mpf(0)) for c in cosines])

    before = total = mpf(0)
    for b in range(n_bins + 1):
        before += share(b, alike=True)
        total += share(b, alike=False) * before
    return total


EXACT = {
    "angular": angular,
    "intra-pair-variance": variance,
    "fast-ap": fast_ap,
    "histogram": histogram,
}


def exact() -> Iterator[Case]:
    for label in ("pairs", "wide"):
        batch = BATCHES[label]
        groups = list(zip(batch["embeddings"], np.asarray(batch["labels"]), strict=True))
        for name, of in EXACT.items():
            elements = [of(x, y) for x, y in groups]
            yield case(
                name, f"{label}-exact", batch, MPMATH, elements=elements, rtol=1e-11, atol=1e-15,
                why="cosines are rounded before they are subtracted",
            )  # fmt: skip


# --- two views -----------------------------------------------------------------------------------


def views(groups: int, items: int, width: int) -> dict[str, Any]:
    x = np.round(rng.normal(size=(groups, items, width)), 3)
    return {"anchor": x, "positive": np.round(x + 0.3 * rng.normal(size=x.shape), 3)}


VIEWS = {"small": views(2, 4, 2), "wide": views(1, 5, 8), "two-items": views(2, 2, 3)}


def barlow(x: torch.Tensor, y: torch.Tensor, lambd: float) -> float:
    """As the authors' code: batch normalisation without parameters, then the correlations."""
    norm = torch.nn.BatchNorm1d(x.shape[1], affine=False, dtype=torch.float64)
    c = norm(x).T @ norm(y) / len(x)
    on = (torch.diagonal(c) - 1).pow(2).sum()
    off = c.flatten()[:-1].view(len(c) - 1, len(c) + 1)[:, 1:].pow(2).sum()
    return (on + lambd * off).item()


def both_views() -> Iterator[Case]:
    for label, arrays in VIEWS.items():
        pairs = [
            (torch.tensor(x), torch.tensor(y))
            for x, y in zip(arrays["anchor"], arrays["positive"], strict=True)
        ]
        for lambd in (0.0051, 0.5):
            elements = [barlow(x, y, lambd) for x, y in pairs]
            yield case(
                "barlow-twins", f"{label}-{lambd:g}", arrays, TORCH, elements=elements,
                rtol=1e-10, why="one less a correlation near one cancels", lambd=lambd,
            )  # fmt: skip
        elements = [losses.VICRegLoss()(x, ref_emb=y).item() for x, y in pairs]
        yield case(
            "vicreg", label, arrays, PML, elements=elements, rtol=1e-11,
            why="sums are rounded in another order",
        )  # fmt: skip
        weights = {"invariance_lambda": 1.0, "variance_mu": 2.0, "covariance_v": 0.5, "eps": 0.01}
        elements = [losses.VICRegLoss(*weights.values())(x, ref_emb=y).item() for x, y in pairs]
        yield case(
            "vicreg", f"{label}-weights", arrays, PML, elements=elements, rtol=1e-11,
            why="sums are rounded in another order", **weights,
        )  # fmt: skip


if __name__ == "__main__":
    write("views", [*labelled(), *exact(), *both_views()])
