"""Cases of the embedding losses, from the libraries that have them and at 50 digits.

It needs jax, keras, mpmath, numpy, optax, pytorch-metric-learning, scikit-learn, scipy and torch:

    python tests/oracles/make_embedding.py

The cases of PyTorch's older losses are made by make_torch.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import jax
import mpmath
import numpy as np
import optax
import torch
from mpmath import mpf
from oracle import INF, MAX, NAN, TINY, Case, case, write
from pytorch_metric_learning.distances import LpDistance
from scipy.spatial import distance
from sklearn.metrics import pairwise
from torch.nn import functional

os.environ["KERAS_BACKEND"] = "numpy"
import keras

jax.config.update("jax_enable_x64", True)
RNG = np.random.default_rng(20)
SHAPES = [(5, 4), (1, 7), (4, 1), (3, 9)]
SINGLE = {"rtol": 1e-5, "atol": 1e-6, "why": "the library computes in float32"}
CANCELS = {"atol": 2e-15, "why": "the library subtracts from 1"}


def real(*shape: int, scale: float = 2.0) -> np.ndarray:
    return np.round(RNG.normal(scale=scale, size=shape), 4)


def pairs(*shape: int) -> dict[str, np.ndarray]:
    return {"x1": real(*shape), "x2": real(*shape)}


def name_of(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def reduced(elements: Any) -> dict[str, float]:
    return {"mean": np.mean(elements), "sum": np.sum(elements)}


# --- at 50 digits: one row -----------------------------------------------------------------------


def exact(row: Callable[..., Any], *arrays: Any, **params: Any) -> list[float]:
    rows = zip(*arrays, strict=True)
    return [float(row(*([mpf(v) for v in x] for x in xs), **params)) for xs in rows]


def length(x: list[mpf]) -> mpf:
    return mpmath.sqrt(mpmath.fsum(v * v for v in x))


def cosine(x1: list[mpf], x2: list[mpf], eps: float = 1e-8) -> mpf:
    dot = mpmath.fsum(a * b for a, b in zip(x1, x2, strict=True))
    return dot / (max(length(x1), mpf(eps)) * max(length(x2), mpf(eps)))


def cosine_distance(x1: list[mpf], x2: list[mpf], epsilon: float = 0.0) -> mpf:
    return 1 - cosine(x1, x2, mpmath.sqrt(mpf(epsilon)))


def near_pairs() -> dict[str, np.ndarray]:
    """Vectors at small angles, to a length of 1e-9 and less."""
    x1 = real(5, 4)
    steps = np.array([[1e-2], [1e-5], [1e-8], [1e-12], [0.0]])
    return {"x1": x1, "x2": x1 * 3 + steps * real(5, 4)}


EXTREME = {
    "x1": [[3e200, 4e200], [3e-200, 4e-200], [1e160, 2e160], [TINY, TINY], [MAX, MAX], [1e300, 1]],
    "x2": [[4e200, 3e200], [4e-200, 3e-200], [1.0, 0.0], [TINY, 0.0], [MAX, -1.0], [1e-300, 0.0]],
}
UNDEFINED = {
    "x1": [[INF, 0.0], [NAN, 1.0], [-INF, INF]],
    "x2": [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]],
}
ZEROS = {
    "x1": [[0.0, 0.0], [0.0, 0.0], [1.0, -2.0], [0.0, 1.0]],
    "x2": [[0.0, 0.0], [3.0, 4.0], [0.0, 0.0], [0.0, 1.0]],
}
SHORT = {
    "x1": [[1e-9, 0.0], [1e-9, 0.0], [6e-4, 8e-4], [0.3, 0.4], [3.0, 4.0]],
    "x2": [[1e-9, 0.0], [5.0, 1.0], [6e-4, 8e-4], [0.3, 0.4], [0.3, 0.4]],
}


# --- the losses ----------------------------------------------------------------------------------


def similarity() -> Iterator[Case]:
    name = "cosine-similarity"
    rounding = {"atol": 1e-15, "why": "rounding of unit vectors"}
    for shape in SHAPES:
        for eps in (1e-8, 0.5):
            data = pairs(*shape)
            found = functional.cosine_similarity(*map(torch.tensor, data.values()), eps=eps)
            label = f"{name_of(shape)}-eps{eps:g}"
            yield case(name, label, data, "torch", elements=found,
                       reductions=reduced(found.numpy()), eps=eps, **rounding)  # fmt: skip
    data = pairs(6, 5)
    found = optax.cosine_similarity(*data.values())
    yield case(name, "optax", data, "optax", elements=found, eps=0.0, **rounding)
    found = np.diagonal(pairwise.cosine_similarity(*data.values()))
    yield case(name, "sklearn", data, "scikit-learn", elements=found, eps=0.0, **rounding)
    for label, data in (("zeros", ZEROS), ("undefined", UNDEFINED)):
        found = functional.cosine_similarity(*(torch.tensor(v).double() for v in data.values()))
        yield case(name, label, data, "torch", elements=found, **rounding)
    for eps in (1e-8, 1e-3, 2.0):
        found = exact(cosine, *SHORT.values(), eps=eps)
        yield case(name, f"short-eps{eps:g}", SHORT, "mpmath", elements=found, eps=eps)
    yield case(name, "extreme", EXTREME, "mpmath", elements=exact(cosine, *EXTREME.values()))
    found = exact(cosine, *EXTREME.values(), eps=0.0)
    yield case(name, "extreme-eps0", EXTREME, "mpmath", elements=found, eps=0.0)


def negative() -> Iterator[Case]:
    name = "negative-cosine"
    for shape in SHAPES:
        data = pairs(*shape)
        found = keras.losses.cosine_similarity(data["x2"], data["x1"])
        yield case(name, f"keras-{name_of(shape)}", data, "keras", elements=found, **SINGLE)
        found = [-v for v in exact(cosine, *data.values(), eps=1e-7)]
        yield case(name, name_of(shape), data, "mpmath", elements=found, reductions=reduced(found),
                   atol=1e-15, why="a sum near 0 is rounded")  # fmt: skip
    found = keras.losses.cosine_similarity(*map(np.array, ZEROS.values()))
    yield case(name, "zeros", ZEROS, "keras", elements=found, **SINGLE)
    for label, data in (("short", SHORT), ("extreme", EXTREME)):
        found = [-v for v in exact(cosine, *data.values(), eps=1e-7)]
        yield case(name, label, data, "mpmath", elements=found)
    yield case(name, "undefined", UNDEFINED, "mpmath", elements=[NAN] * 3)


def distances() -> Iterator[Case]:
    name = "cosine-distance"
    for shape in SHAPES:
        data = pairs(*shape)
        found = np.asarray(optax.cosine_distance(*data.values()))
        yield case(name, name_of(shape), data, "optax", elements=found, reductions=reduced(found),
                   **CANCELS)  # fmt: skip
    for epsilon in (0.5, 9.0, 1e-6):
        data = pairs(4, 3) if epsilon > 0.1 else SHORT
        found = optax.cosine_distance(*map(np.array, data.values()), epsilon=epsilon)
        label = f"optax-epsilon{epsilon:g}"
        yield case(name, label, data, "optax", elements=found, epsilon=epsilon, **CANCELS)
        found = exact(cosine_distance, *data.values(), epsilon=epsilon)
        yield case(name, f"epsilon{epsilon:g}", data, "mpmath", elements=found, epsilon=epsilon,
                   atol=1e-16, why="1 - 1 is 0 but for rounding")  # fmt: skip
    data = pairs(6, 5)
    found = [distance.cosine(a, b) for a, b in zip(*data.values(), strict=True)]
    yield case(name, "scipy", data, "scipy", elements=found, **CANCELS)
    found = pairwise.paired_cosine_distances(*data.values())
    yield case(name, "sklearn", data, "scikit-learn", elements=found, **CANCELS)
    found = np.diagonal(pairwise.cosine_distances(*map(np.array, ZEROS.values())))
    yield case(name, "zeros", ZEROS, "scikit-learn", elements=found)
    data = near_pairs()
    found = exact(cosine_distance, *data.values())
    # Unit vectors are rounded, so an angle t costs t^2 / 2 but for about 1e-16 t.
    yield case(name, "near", data, "mpmath", elements=found, atol=1e-22,
               why="unit vectors are rounded")  # fmt: skip
    opposite = {"x1": data["x1"], "x2": -data["x2"]}
    found = exact(cosine_distance, *opposite.values())
    yield case(name, "opposite", opposite, "mpmath", elements=found)
    found = exact(cosine_distance, *EXTREME.values())
    yield case(name, "extreme", EXTREME, "mpmath", elements=found, atol=1e-16,
               why="1 - 1 is 0 but for rounding")  # fmt: skip
    found = optax.cosine_distance(*map(np.array, UNDEFINED.values()))
    yield case(name, "undefined", UNDEFINED, "optax", elements=found)


def squared_euclidean(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ((x - y) ** 2).sum(dim=-1)


TORCH_DISTANCES: dict[str | None, Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None] = {
    None: None,
    "euclidean": lambda x, y: torch.linalg.vector_norm(x - y, dim=-1),
    "squared_euclidean": squared_euclidean,
    "manhattan": lambda x, y: (x - y).abs().sum(dim=-1),
    "chebyshev": lambda x, y: (x - y).abs().amax(dim=-1),
    "cosine": lambda x, y: 1 - functional.cosine_similarity(x, y, eps=0.0),
}


def triplet_with_distance() -> Iterator[Case]:
    name = "triplet-margin-with-distance"
    for function, measure in TORCH_DISTANCES.items():
        chosen = {"distance_function": function} if function else {}
        for params in ({}, {"margin": 0.25, "swap": True}):
            loss = torch.nn.TripletMarginWithDistanceLoss(
                distance_function=measure, reduction="none", **params
            )
            for shape in [(5, 4), (1, 3), (4, 1)]:
                anchor, negative_one = real(*shape), real(*shape)
                near = anchor + real(*shape, scale=1.0)
                data = {"anchor": anchor, "positive": near, "negative": negative_one}
                found = loss(*map(torch.tensor, data.values()))
                label = f"{function or 'default'}-{name_of(shape)}{'-swap' if params else ''}"
                yield case(name, label, data, "torch", elements=found,
                           reductions=reduced(found.numpy()), atol=1e-14,
                           why="the library adds the margin first", **chosen, **params)  # fmt: skip
    zero, one = [0.0, 0.0], [1.0, 0.0]
    edges = {
        "anchor": [zero, one, [INF, 0.0], zero, [NAN, 0.0], zero],
        "positive": [zero, one, zero, [INF, 0.0], zero, [1.0, INF]],
        "negative": [zero, one, zero, zero, zero, [INF, 1.0]],
    }
    for function in (None, "euclidean", "squared_euclidean", "manhattan", "chebyshev"):
        chosen = {"distance_function": function} if function else {}
        found = functional.triplet_margin_with_distance_loss(
            *map(torch.tensor, edges.values()), distance_function=TORCH_DISTANCES[function],
            reduction="none",
        )  # fmt: skip
        yield case(name, f"{function or 'default'}-edges", edges, "torch", elements=found, **chosen)
    far = {"anchor": [[1e200, 0.0]], "positive": [[0.0, 3e200]], "negative": [[0.0, -2e200]]}
    yield case(name, "cosine-far", far, "mpmath", elements=[0.5], distance_function="cosine",
               margin=0.5)  # fmt: skip


def other_libraries() -> Iterator[Case]:
    for p in (1.0, 2.0, 3.0):
        data = pairs(5, 4)
        found = [distance.minkowski(a, b, p=p) for a, b in zip(*data.values(), strict=True)]
        yield case(
            "pairwise-distance", f"scipy-p{p:g}", data, "scipy", elements=found, p=p, eps=0.0
        )
    found = pairwise.paired_euclidean_distances(*data.values())
    yield case("pairwise-distance", "sklearn", data, "scikit-learn", elements=found, eps=0.0)
    measure = LpDistance(normalize_embeddings=False, p=1)
    found = measure.pairwise_distance(*map(torch.tensor, data.values()))
    yield case("pairwise-distance", "lp", data, "pytorch-metric-learning", elements=found, p=1.0)
    data = {"anchor": real(5, 4), "positive": real(5, 4), "negative": real(5, 4)}
    found = optax.losses.triplet_margin_loss(*data.values(), margin=0.5, eps=0.0)
    yield case("triplet-margin", "optax", data, "optax", elements=found, eps=0.0, margin=0.5,
               atol=1e-14, why="the library adds the margin first")  # fmt: skip


def cases() -> Iterator[Case]:
    yield from similarity()
    yield from negative()
    yield from distances()
    yield from triplet_with_distance()
    yield from other_libraries()


if __name__ == "__main__":
    write("embedding", cases())
