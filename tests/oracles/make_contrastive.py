"""The oracle cases of the contrastive losses: pytorch-metric-learning, optax, and mpmath.

Run in an environment with pytorch-metric-learning 2.9.0, optax 0.2.8 and mpmath:

    python tests/oracles/make_contrastive.py
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import jax
import mpmath
import numpy as np
import optax
import torch
from oracle import Case, case, write
from pytorch_metric_learning import distances, losses, reducers

jax.config.update("jax_enable_x64", True)
warnings.filterwarnings("ignore")
PML, OPTAX, MPMATH = "pytorch-metric-learning", "optax", "mpmath"
rng = np.random.default_rng(20261125)


def data(groups: int, items: int, width: int, classes: int) -> dict[str, Any]:
    labels = np.stack([rng.permutation(np.arange(items) % classes) for _ in range(groups)])
    return {"embeddings": np.round(rng.normal(size=(groups, items, width)), 3), "labels": labels}


BATCHES = {
    "pairs": data(3, 6, 3, 3),
    "classes": data(2, 7, 4, 2),
    "wide": data(1, 4, 8, 2),
    "one-class-alone": {"embeddings": data(1, 5, 3, 2)["embeddings"], "labels": [[0, 0, 1, 1, 2]]},
    "scaled": {"embeddings": 1e3 * data(1, 5, 3, 2)["embeddings"], "labels": [[4, 4, -1, -1, 4]]},
    "equal-vectors": {
        "embeddings": [[[1.0, 2.0], [1.0, 2.0], [-1.0, 0.5], [2.0, 1.0]]],
        "labels": [[0, 0, 1, 1]],
    },
    "opposite": {
        "embeddings": [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]],
        "labels": [[0, 0, 1, 1]],
    },
}


def torch_loss(loss: Any, batch: dict[str, Any]) -> list[float]:
    return [
        loss(torch.tensor(x, dtype=torch.float64), torch.tensor(y)).item()
        for x, y in zip(batch["embeddings"], np.asarray(batch["labels"]), strict=True)
    ]


PLAIN = {"distance": distances.LpDistance(normalize_embeddings=False)}
ALL = {"reducer": reducers.MeanReducer()}
SETTINGS: dict[str, list[tuple[str, dict[str, Any], Any]]] = {
    "nt-xent": [
        ("", {}, losses.NTXentLoss()),
        ("-warm", {"temperature": 0.5}, losses.NTXentLoss(temperature=0.5)),
    ],
    "sup-con": [
        ("", {}, losses.SupConLoss()),
        ("-warm", {"temperature": 0.5}, losses.SupConLoss(temperature=0.5)),
    ],
    "circle": [
        ("", {}, losses.CircleLoss()),
        ("-all", {"m": 0.25, "gamma": 4.0, "average": "nonzero"}, losses.CircleLoss(0.25, 4)),
    ],
    "multi-similarity": [
        ("", {}, losses.MultiSimilarityLoss()),
        (
            "-soft",
            {"alpha": 1.0, "beta": 5.0, "base": 0.25},
            losses.MultiSimilarityLoss(1, 5, 0.25),
        ),
    ],
    "tuplet-margin": [
        ("", {}, losses.TupletMarginLoss()),
        ("-soft", {"margin": 10.0, "scale": 4.0}, losses.TupletMarginLoss(10, 4)),
    ],
    "contrastive": [
        ("", {}, losses.ContrastiveLoss()),
        ("-all", {"average": "all"}, losses.ContrastiveLoss(**ALL)),
        (
            "-plain",
            {"normalize": False, "pos_margin": 0.25, "neg_margin": 2.0},
            losses.ContrastiveLoss(0.25, 2, **PLAIN),
        ),
    ],
    "batch-triplet": [
        ("", {}, losses.TripletMarginLoss()),
        ("-all", {"margin": 0.5, "average": "all"}, losses.TripletMarginLoss(0.5, **ALL)),
        ("-swap", {"margin": 0.5, "swap": True}, losses.TripletMarginLoss(0.5, swap=True)),
        ("-smooth", {"smooth": True}, losses.TripletMarginLoss(smooth_loss=True)),
        (
            "-plain",
            {"normalize": False, "margin": 1.0},
            losses.TripletMarginLoss(1.0, **PLAIN),
        ),
    ],
    "boundary-margin": [
        # The library holds beta as a float32.
        ("", {"beta": 1.25}, losses.MarginLoss(beta=1.25)),
        ("-plain", {"normalize": False, "beta": 2.0}, losses.MarginLoss(beta=2.0, **PLAIN)),
    ],
    "nca": [
        ("", {}, losses.NCALoss()),
        ("-scaled", {"softmax_scale": 0.5}, losses.NCALoss(softmax_scale=0.5)),
    ],
    "lifted-structure": [
        ("", {}, losses.LiftedStructureLoss()),
        (
            "-margins",
            {"neg_margin": 0.5, "pos_margin": 0.25},
            losses.LiftedStructureLoss(0.5, 0.25),
        ),
    ],
    "generalized-lifted-structure": [
        ("", {}, losses.GeneralizedLiftedStructureLoss()),
        ("-plain", {"normalize": False}, losses.GeneralizedLiftedStructureLoss(**PLAIN)),
    ],
}
# cdist takes the root of |x|^2 - 2xy + |y|^2, which cancels, and gives 0 a gradient-safe floor.
CANCELS = "the library takes distances from squared norms, which cancel where two vectors are near"


def labelled() -> Iterator[Case]:
    for name, settings in SETTINGS.items():
        for label, batch in BATCHES.items():
            for suffix, params, loss in settings:
                elements = torch_loss(loss, batch)
                yield case(
                    name, label + suffix, batch, PML, elements=elements, rtol=1e-9, atol=1e-9,
                    why=CANCELS, **params,
                )  # fmt: skip
    for label, batch in BATCHES.items():
        pairs = zip(batch["embeddings"], np.asarray(batch["labels"]), strict=True)
        elements = [float(optax.losses.ntxent(np.asarray(x), y)) for x, y in pairs]
        yield case(
            "nt-xent", f"{label}-optax", batch, OPTAX, elements=elements, rtol=1e-9, atol=1e-12,
            why="optax adds an epsilon to the squared norms",
        )  # fmt: skip


# --- 50 digits -----------------------------------------------------------------------------------


def mp(rows: Any) -> list[list[Any]]:
    return [[mpmath.mpf(float(v)) for v in row] for row in rows]


def dot(a: Any, b: Any) -> Any:
    return mpmath.fsum(u * v for u, v in zip(a, b, strict=True))


def unit(a: Any) -> list[Any]:
    length = max(mpmath.sqrt(dot(a, a)), mpmath.mpf(1e-12))
    return [v / length for v in a]


def cosines(x: Any, y: Any) -> list[list[Any]]:
    return [[dot(unit(a), unit(b)) for b in mp(y)] for a in mp(x)]


def mean(values: list[Any]) -> Any:
    return mpmath.fsum(values) / len(values) if values else mpmath.mpf(0)


def exact_nt_xent(x: Any, labels: Any, temperature: float) -> Any:
    s, t = cosines(x, x), mpmath.mpf(temperature)
    n = range(len(labels))
    found = []
    for i in n:
        rest = mpmath.fsum(mpmath.exp(s[i][k] / t) for k in n if labels[k] != labels[i])
        found += [
            mpmath.log1p(rest * mpmath.exp(-s[i][j] / t))
            for j in n
            if j != i and labels[j] == labels[i]
        ]
    return mean(found)


def exact_sup_con(x: Any, labels: Any, temperature: float) -> Any:
    s, t = cosines(x, x), mpmath.mpf(temperature)
    n = range(len(labels))
    found = []
    for i in n:
        total = mpmath.log(mpmath.fsum(mpmath.exp(s[i][k] / t) for k in n if k != i))
        own = [total - s[i][j] / t for j in n if j != i and labels[j] == labels[i]]
        found += [mean(own)] if own else []
    return mean(found)


def exact_info_nce(x: Any, y: Any, temperature: float, symmetric: bool, normalize: bool) -> Any:
    s = cosines(x, y) if normalize else [[dot(a, b) for b in mp(y)] for a in mp(x)]
    t = mpmath.mpf(temperature)
    n = range(len(s))

    def one_way(at: Any) -> Any:
        return mean(
            [
                mpmath.log1p(
                    mpmath.fsum(mpmath.exp((at(i, j) - at(i, i)) / t) for j in n if j != i)
                )
                for i in n
            ]
        )

    forth = one_way(lambda i, j: s[i][j])
    return (forth + one_way(lambda i, j: s[j][i])) / 2 if symmetric else forth


def exact_siglip(x: Any, y: Any, temperature: float, bias: float) -> Any:
    s = cosines(x, y)
    n = range(len(s))
    terms = [
        mpmath.log1p(mpmath.exp((-1 if i == j else 1) * (temperature * s[i][j] + bias)))
        for i in n
        for j in n
    ]
    return mpmath.fsum(terms) / len(s)


def views(groups: int, items: int, width: int) -> dict[str, Any]:
    shape = (groups, items, width)
    x = np.round(rng.normal(size=shape), 3)
    return {"anchor": x, "positive": np.round(x + 0.3 * rng.normal(size=shape), 3)}


VIEWS = {
    "small": views(2, 3, 2),
    "wide": views(1, 4, 8),
    "one-pair": views(2, 1, 3),
    "zero-vector": {"anchor": [[[0.0, 0.0], [1.0, 0.0]]], "positive": [[[0.5, 0.5], [1.0, 0.0]]]},
    "huge": {
        "anchor": [[[1e200, 0.0], [0.0, 1e-200]]],
        "positive": [[[3e150, 4e150], [5e-324, 1e-320]]],
    },
}


def both_views() -> Iterator[Case]:
    for label, arrays in VIEWS.items():
        groups = list(zip(arrays["anchor"], arrays["positive"], strict=True))
        for symmetric in (False, True):
            params: dict[str, Any] = {"temperature": 0.25, "symmetric": symmetric}
            elements = [exact_info_nce(x, y, normalize=True, **params) for x, y in groups]
            suffix = "-symmetric" if symmetric else ""
            yield case("info-nce", label + suffix, arrays, MPMATH, elements=elements, **params)
        elements = [exact_siglip(x, y, 10.0, -10.0) for x, y in groups]
        yield case("siglip", label, arrays, MPMATH, elements=elements)
        elements = [exact_siglip(x, y, 3.0, 0.5) for x, y in groups]
        yield case(
            "siglip", f"{label}-warm", arrays, MPMATH, elements=elements, temperature=3.0, bias=0.5
        )
        if label == "huge":
            continue
        elements = [exact_info_nce(x, y, 1.0, symmetric=False, normalize=False) for x, y in groups]
        yield case("n-pairs", label, arrays, MPMATH, elements=elements)
        squares = [
            mean([dot(a, a) + dot(b, b) for a, b in zip(mp(x), mp(y), strict=True)])
            for x, y in groups
        ]
        pairs = zip(elements, squares, strict=True)
        regularised = [e + mpmath.mpf(0.25) * q for e, q in pairs]
        yield case("n-pairs", f"{label}-reg", arrays, MPMATH, elements=regularised, l2_reg=0.25)
    x, y = torch.tensor(VIEWS["wide"]["anchor"][0]), torch.tensor(VIEWS["wide"]["positive"][0])
    batch, labels = torch.cat([x, y]), torch.arange(4).repeat(2)
    plain = distances.DotProductSimilarity(normalize_embeddings=False)
    pml = losses.NPairsLoss(distance=plain)(batch, labels).item()
    yield case("n-pairs", "pml", VIEWS["wide"], PML, elements=[pml])
    pml = losses.NPairsLoss()(batch, labels).item()
    yield case("info-nce", "pml", VIEWS["wide"], PML, elements=[pml], temperature=1.0)


def edges() -> Iterator[Case]:
    confident = {
        "embeddings": [[[1.0, 0.0], [1.0, 1e-9], [-1.0, 0.0], [-1.0, 1e-9]]],
        "labels": [[0, 0, 1, 1]],
    }
    for label, batch in {"confident": confident, "pairs-exact": BATCHES["pairs"]}.items():
        groups = list(zip(batch["embeddings"], np.asarray(batch["labels"]), strict=True))
        for name, exact in (("nt-xent", exact_nt_xent), ("sup-con", exact_sup_con)):
            elements = [exact(x, y, 0.05) for x, y in groups]
            yield case(name, label, batch, MPMATH, elements=elements, temperature=0.05)
    alone = {"embeddings": [[[1.0, 2.0], [0.5, 0.5]]], "labels": [[0, 1]]}
    # Of no items at all, the library's mean is NaN.
    for name in sorted(SETTINGS.keys() - {"nca"}):
        _, params, loss = SETTINGS[name][0]
        elements = torch_loss(loss, alone)
        yield case(name, "no-like-pair", alone, PML, elements=elements, **params)


if __name__ == "__main__":
    write("contrastive", [*labelled(), *both_views(), *edges()])
