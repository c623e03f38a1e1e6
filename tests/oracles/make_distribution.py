"""Cases of the losses between distributions, from the libraries that have them and at 50 digits.

It needs jax, keras, kornia, mpmath, numpy, optax, scikit-learn, scipy, torch and torchmetrics:

    python tests/oracles/make_distribution.py

The cases of PyTorch's kl_div are made by make_torch.py.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jax
import kornia
import mpmath
import numpy as np
import optax
import torch
import torchmetrics.functional.regression as tm
from mpmath import mpf
from oracle import INF, MAX, NAN, TINY, Case, case, write
from scipy import special, stats
from scipy.spatial import distance
from sklearn.decomposition._nmf import _beta_divergence
from sklearn.metrics import pairwise

os.environ["KERAS_BACKEND"] = "numpy"
import keras

jax.config.update("jax_enable_x64", True)
RNG = np.random.default_rng(30)
SHAPES = [(5, 4), (1, 6), (3, 9), (3, 1)]
SINGLE = {"rtol": 1e-5, "atol": 1e-7, "why": "the library computes in float32"}
ROUNDS = {"atol": 1e-15, "why": "the library's own sum is rounded"}

Arrays = dict[str, Any]
Row = list[mpf]


def distributions(*shape: int) -> np.ndarray:
    """Rows that sum to about 1, some probabilities 0."""
    raw = RNG.dirichlet(np.ones(shape[-1]), size=shape[:-1])
    raw[raw < 0.03] = 0.0
    return np.round(raw / raw.sum(axis=-1, keepdims=True), 6)


def positive(*shape: int) -> np.ndarray:
    raw = RNG.dirichlet(np.full(shape[-1], 3.0), size=shape[:-1]) + 0.01
    return np.round(raw / raw.sum(axis=-1, keepdims=True), 6)


def masses(*shape: int) -> np.ndarray:
    """Rows in [0, 1] that do not sum to 1."""
    return np.round(RNG.uniform(size=shape), 4)


def arrays(x: Any, y: Any) -> Arrays:
    return {"prediction": x, "target": y}


def name_of(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def reduced(elements: Any) -> dict[str, float]:
    return {"mean": np.mean(elements), "sum": np.sum(elements)}


def tensors(data: Arrays) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor(np.array(v, dtype=np.float64)) for v in data.values())


# --- at 50 digits: one row -----------------------------------------------------------------------


def normal(x: Row) -> Row:
    total = mpmath.fsum(x)
    return [v / total for v in x]


def ratio_log(x: mpf, y: mpf) -> mpf:
    """x log(x / y)."""
    if x == 0:
        return mpf(0)
    return mpf("inf") if y == 0 else x * mpmath.log(x / y)


def exact(row: Callable[..., Any], data: Arrays, *, normalize: bool = True) -> list[float]:
    found = []
    for x, y in zip(*(np.array(v, dtype=np.float64).tolist() for v in data.values()), strict=True):
        p, q = [mpf(v) for v in x], [mpf(v) for v in y]
        if normalize:
            p, q = normal(p), normal(q)
        # 50 digits leave 1e-50 of a sum that is 0.
        found.append(float(mpmath.chop(row(p, q), tol=mpf("1e-45"))))
    return found


def total(term: Callable[[mpf, mpf], Any]) -> Callable[[Row, Row], mpf]:
    return lambda x, y: mpmath.fsum(term(a, b) for a, b in zip(x, y, strict=True))


def kl(x: Row, y: Row) -> mpf:
    return total(lambda a, b: ratio_log(b, a))(x, y)


def js(x: Row, y: Row) -> mpf:
    half = [(a + b) / 2 for a, b in zip(x, y, strict=True)]
    return (kl(half, x) + kl(half, y)) / 2


def squared_hellinger(x: Row, y: Row) -> mpf:
    return total(lambda a, b: (mpmath.sqrt(a) - mpmath.sqrt(b)) ** 2)(x, y) / 2


def bhattacharyya(x: Row, y: Row) -> mpf:
    affinity = total(lambda a, b: mpmath.sqrt(a * b))(x, y)
    return -mpmath.log(affinity) if affinity else mpf("inf")


def renyi(x: Row, y: Row, alpha: float) -> mpf:
    if alpha == 1.0:
        return kl(x, y)
    if alpha == INF:
        ratios = [b / a if a else mpf("inf") for a, b in zip(x, y, strict=True) if b]
        return mpmath.log(max(ratios))
    order, powers = mpf(alpha), []
    for a, b in zip(x, y, strict=True):
        if b and not a and alpha > 1:
            return mpf("inf")
        powers.append(b**order * a ** (1 - order) if a and b else mpf(0))
    whole = mpmath.fsum(powers)
    return mpmath.log(whole) / (order - 1) if whole else mpf("inf")


def itakura_saito(x: float, y: float) -> float:
    ratio = mpf(y) / mpf(x)
    return float(ratio - mpmath.log(ratio) - 1)


def generalized(x: float, y: float) -> float:
    x, y = mpf(x), mpf(y)
    return float((y * (mpmath.log(y) - x) if y else 0) - y + mpmath.exp(x))


def close_rows() -> Arrays:
    """Distributions that differ by 1e-2 to 1e-9 of a probability, and not at all."""
    x = np.full((5, 4), 0.25) + np.array([[0.125, -0.125, 0.0625, -0.0625]])
    step = np.array([[2.0**-7], [2.0**-14], [2.0**-20], [2.0**-30], [0.0]])
    return arrays(x, x + step * np.array([[1.0, -1.0, -1.0, 1.0]]))


CORNERS = arrays(
    [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.25, 0.5, 0.25], [0.5, 0.0, 0.5]],
    [[0.0, 0.0, 1.0], [0.25, 0.25, 0.5], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.5, 0.0, 0.5]],
)
TINIES = arrays(
    [[TINY, 1.0], [1e-300, 1.0], [1e-20, 1.0], [1e-200, 1e-200], [1.0, TINY]],
    [[1.0, TINY], [0.5, 0.5], [1e-10, 1.0], [1e-200, 3e-200], [1.0, TINY]],
)
NOTHING = arrays([[0.0, 0.0], [0.5, 0.5], [0.0, 0.0]], [[0.5, 0.5], [0.0, 0.0], [0.0, 0.0]])


def exact_cases(name: str, row: Callable[..., Any], **params: Any) -> Iterator[Case]:
    """What every loss between distributions is held to: edges, and close distributions."""
    suffix = "".join(f"-{k}{v}" for k, v in params.items())
    for label, data in (("corners", CORNERS), ("tinies", TINIES)):
        found = exact(row, data)
        yield case(name, label + suffix, data, "mpmath", elements=found, **params)
    data = close_rows()
    found = exact(row, data)
    yield case(name, "close" + suffix, data, "mpmath", elements=found, **params)
    data = arrays(masses(4, 5), masses(4, 5))
    found = exact(row, data)
    yield case(name, "masses" + suffix, data, "mpmath", elements=found, **params)
    yield case(name, "nothing" + suffix, NOTHING, "mpmath", elements=[NAN] * 3, **params)


# --- the losses ----------------------------------------------------------------------------------


def kl_divergence() -> Iterator[Case]:
    name = "kl-divergence"
    for shape in SHAPES:
        data = arrays(positive(*shape), distributions(*shape))
        x, y = tensors(data)
        found = tm.kl_divergence(y, x, reduction="none")
        yield case(name, name_of(shape), data, "torchmetrics", elements=found,
                   reductions={"mean": tm.kl_divergence(y, x),
                               "sum": tm.kl_divergence(y, x, reduction="sum")},
                   **ROUNDS)  # fmt: skip
        found = optax.kl_divergence(np.log(data["prediction"]), data["target"])
        yield case(name, f"optax-{name_of(shape)}", data, "optax", elements=found, normalize=False,
                   **ROUNDS)  # fmt: skip
    plain = arrays(masses(4, 5), masses(4, 5))
    found = stats.entropy(plain["target"], plain["prediction"], axis=1)
    yield case(name, "scipy", plain, "scipy", elements=found, **ROUNDS)
    for label, data in (("keras", plain), ("keras-corners", CORNERS)):
        x, y = (np.array(v) for v in data.values())
        found = keras.losses.kl_divergence(y, x)
        yield case(name, label, data, "keras", elements=found, normalize=False, clip=1e-7, **SINGLE)
        clipped = arrays(np.maximum(x, 1e-7), np.maximum(y, 1e-7))
        found = exact(kl, clipped, normalize=False)
        yield case(name, f"{label}-exact", data, "mpmath", elements=found, normalize=False,
                   clip=1e-7, **ROUNDS)  # fmt: skip
    x, y = tensors(CORNERS)
    found = tm.kl_divergence(y, x, reduction="none")
    yield case(name, "torchmetrics-corners", CORNERS, "torchmetrics", elements=found)
    yield from exact_cases(name, kl)


def generalized_kl() -> Iterator[Case]:
    name = "generalized-kl-div"
    for shape in [(8,), (5, 4), (2, 3, 2)]:
        data = {
            "log_prediction": np.round(RNG.normal(size=shape), 4),
            "target": np.round(np.abs(RNG.normal(size=shape)), 4),
        }
        found = special.kl_div(data["target"], np.exp(data["log_prediction"]))
        rows = len(found)
        yield case(name, name_of(shape), data, "scipy", elements=found,
                   reductions=reduced(found) | {"batchmean": np.sum(found) / rows},
                   **ROUNDS)  # fmt: skip
        if len(shape) == 2:
            found = optax.losses.generalized_kl_divergence(*data.values())
            yield case(name, "optax", data, "optax",
                       reductions={"batchmean": np.mean(found), "sum": np.sum(found)},
                       **ROUNDS)  # fmt: skip
    target = [0.0, 1.0, 1.0, 1.0, 2.0, 1e300, 1e-300, 1.0, 5.0, 1e5]
    log = [1.0, 0.0, 1e-3, -1e-6, 1e-9, 600.0, -600.0, -800.0, 30.0, 11.5]
    data = {"log_prediction": log, "target": target}
    found = [generalized(x, y) for x, y in zip(log, target, strict=True)]
    yield case(name, "exact", data, "mpmath", elements=found)
    data = {
        "log_prediction": [-INF, -INF, 0.0, INF, INF, 800.0, NAN, -1e300, 0.0],
        "target": [0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, MAX],
    }
    found = [0.0, INF, 1.0, INF, INF, INF, NAN, 0.0, INF]
    yield case(name, "edges", data, "mpmath", elements=found)
    found = _beta_divergence(np.array([[0.5, 2.0]]), np.array([[1.0]]), np.array([[1.0, 3.0]]), 1)
    data = {"log_prediction": [np.log([1.0, 3.0]).tolist()], "target": [[0.5, 2.0]]}
    yield case(name, "sklearn", data, "scikit-learn", reductions={"sum": found})


def jensen_shannon() -> Iterator[Case]:
    name = "jensen-shannon"
    for shape in SHAPES:
        data = arrays(distributions(*shape), distributions(*shape))
        x, y = tensors(data)
        found = tm.jensen_shannon_divergence(x, y, reduction="none")
        yield case(name, name_of(shape), data, "torchmetrics", elements=found,
                   reductions={"mean": tm.jensen_shannon_divergence(x, y)}, **ROUNDS)  # fmt: skip
        for base in (None, 2.0, 10.0):
            found = distance.jensenshannon(*data.values(), base=base, axis=1)
            given = {} if base is None else {"base": base}
            # A single outcome is certain: its 0 is a root of rounding otherwise.
            if shape[1] > 1:
                yield case(name, f"scipy-{name_of(shape)}-base{base}", data, "scipy",
                           elements=found, sqrt=True, **given)  # fmt: skip
    data = arrays(distributions(3, 2, 6), distributions(3, 2, 6))
    maps = [v.reshape(3, 2, 2, 3) for v in tensors(data)]
    found = kornia.losses.js_div_loss_2d(*maps, reduction="none")
    rows = {role: values.reshape(6, 6) for role, values in data.items()}
    yield case(name, "kornia", rows, "kornia", elements=found.reshape(6), normalize=False,
               **ROUNDS)  # fmt: skip
    yield from exact_cases(name, js)
    yield from exact_cases(name, lambda x, y: mpmath.sqrt(js(x, y)), sqrt=True)
    data = arrays(masses(4, 5), masses(4, 5))
    found = exact(js, data, normalize=False)
    yield case(name, "as-they-are", data, "mpmath", elements=found, normalize=False)


def hellinger() -> Iterator[Case]:
    name = "hellinger"
    for shape in SHAPES:
        data = arrays(distributions(*shape), distributions(*shape))
        found = exact(lambda x, y: mpmath.sqrt(squared_hellinger(x, y)), data)
        yield case(name, name_of(shape), data, "mpmath", elements=found, reductions=reduced(found))
    # The Euclidean distance of the roots.
    data = arrays(distributions(6, 5), distributions(6, 5))
    roots = [np.sqrt(v) for v in data.values()]
    found = pairwise.paired_euclidean_distances(*roots) / np.sqrt(2)
    yield case(name, "sklearn", data, "scikit-learn", elements=found, normalize=False)
    yield from exact_cases(name, lambda x, y: mpmath.sqrt(squared_hellinger(x, y)))
    yield from exact_cases(name, squared_hellinger, squared=True)


def affinity() -> Iterator[Case]:
    name = "bhattacharyya"
    for shape in SHAPES:
        data = arrays(distributions(*shape), distributions(*shape))
        found = exact(bhattacharyya, data)
        yield case(name, name_of(shape), data, "mpmath", elements=found, reductions=reduced(found))
    # Of normal distributions that differ in the mean: (m - m')^2 / 8 s^2, here by quadrature.
    grid = np.linspace(-8.0, 10.0, 37)
    data = arrays([stats.norm.pdf(grid)], [stats.norm.pdf(grid, loc=2.0)])
    yield case(name, "normal", data, "scipy", elements=[0.5])
    yield from exact_cases(name, bhattacharyya)


def total_variation() -> Iterator[Case]:
    name = "total-variation"
    for shape in SHAPES:
        data = arrays(distributions(*shape), distributions(*shape))
        found = pairwise.paired_manhattan_distances(*data.values()) / 2
        yield case(name, name_of(shape), data, "scikit-learn", elements=found,
                   reductions=reduced(found), normalize=False, **ROUNDS)  # fmt: skip
    row = total(lambda a, b: abs(a - b) / 2)
    for record in exact_cases(name, row):
        if "tinies" in record["id"]:
            record |= {"atol": 1e-16, "why": "a sum of 1 + 1e-10 is rounded"}
        yield record


def chi_square() -> Iterator[Case]:
    name = "chi-square"
    for shape in SHAPES:
        data = arrays(distributions(*shape), distributions(*shape))
        found = -np.diagonal(pairwise.additive_chi2_kernel(*data.values()))
        yield case(name, name_of(shape), data, "scikit-learn", elements=found,
                   reductions=reduced(found), normalize=False)  # fmt: skip
        expected, observed = (v / v.sum(axis=1, keepdims=True)
                              for v in (positive(*shape), distributions(*shape)))  # fmt: skip
        found = stats.chisquare(observed, expected, axis=1).statistic
        for kind, data in (
            ("pearson", arrays(expected, observed)), ("neyman", arrays(observed, expected)),
        ):  # fmt: skip
            yield case(name, f"{kind}-{name_of(shape)}", data, "scipy", elements=found, kind=kind)
    row = total(lambda a, b: (a - b) ** 2 / (a + b) if a or b else 0)
    yield from exact_cases(name, row)
    yield from exact_cases(name, lambda x, y: row(x, y) / 2, factor=0.5)
    for kind in ("pearson", "neyman"):
        row = total(lambda a, b, k=kind: (a - b) ** 2 / max(a if k == "pearson" else b, mpf(1e-7)))
        yield from exact_cases(name, row, kind=kind)


def renyi_divergence() -> Iterator[Case]:
    name = "renyi"
    for alpha in (0.25, 0.5, 1.0, 2.0, 5.5, INF):
        for shape in SHAPES[1:3]:
            data = arrays(positive(*shape), distributions(*shape))
            found = exact(lambda x, y, a=alpha: renyi(x, y, a), data)
            label = f"{name_of(shape)}-alpha{alpha:g}"
            yield case(name, label, data, "mpmath", elements=found, reductions=reduced(found),
                       alpha=alpha)  # fmt: skip
        # Rounded ratios of 1 + t give t^2 but for about 1e-16 t.
        for record in exact_cases(name, lambda x, y, a=alpha: renyi(x, y, a), alpha=alpha):
            if "close" in record["id"]:
                record |= {"atol": 1e-19, "why": "sums of rounded terms"}
            yield record
    data = arrays(distributions(5, 4) + 0.1, distributions(5, 4))
    data["prediction"] /= data["prediction"].sum(axis=1, keepdims=True)
    found = stats.entropy(data["target"], data["prediction"], axis=1)
    yield case(name, "scipy", data, "scipy", elements=found, alpha=1.0)
    found = exact(lambda x, y: renyi(x, y, 1.0 + 1e-9), data)
    yield case(name, "almost-1", data, "mpmath", elements=found, alpha=1.0 + 1e-9)


def wasserstein() -> Iterator[Case]:
    name = "wasserstein"
    for shape in SHAPES:
        data = arrays(distributions(*shape), distributions(*shape))
        bins = np.arange(shape[1], dtype=float)
        rows = list(zip(*data.values(), strict=True))
        found = [stats.wasserstein_distance(bins, bins, x, y) for x, y in rows]
        yield case(name, name_of(shape), data, "scipy", elements=found, reductions=reduced(found),
                   **ROUNDS)  # fmt: skip
        found = [stats.wasserstein_distance(bins / 4, bins / 4, x, y) for x, y in rows]
        yield case(name, f"width-{name_of(shape)}", data, "scipy", elements=found, width=0.25,
                   **ROUNDS)  # fmt: skip
        found = [stats.energy_distance(bins, bins, x, y) ** 2 / 2 for x, y in rows]
        yield case(name, f"squared-{name_of(shape)}", data, "scipy", elements=found, squared=True,
                   **ROUNDS)  # fmt: skip

    def carried(power: int) -> Callable[[Row, Row], mpf]:
        def row(x: Row, y: Row) -> mpf:
            gaps = [a - b for a, b in zip(x, y, strict=True)]
            sums = [mpmath.fsum(gaps[: i + 1]) for i in range(len(gaps) - 1)]
            return mpmath.fsum(abs(s) ** power for s in sums)

        return row

    yield from exact_cases(name, carried(1))
    yield from exact_cases(name, carried(2), squared=True)


def spectra() -> Iterator[Case]:
    name = "itakura-saito"
    for shape in [(8,), (5, 4), (2, 3, 2)]:
        data = arrays(masses(*shape) * 8 + 0.01, masses(*shape) * 8 + 0.01)
        x, y = (v.reshape(1, -1) for v in data.values())
        whole = _beta_divergence(y, np.ones((1, 1)), x, 0)
        yield case(name, f"sklearn-{name_of(shape)}", data, "scikit-learn",
                   reductions={"sum": whole, "mean": whole / x.size}, **ROUNDS)  # fmt: skip
    y = [1.0, 1.0 + 1e-3, 1.0 - 1e-8, 1e-250, 1e200, 3.0, 1.0, 7e-10]
    x = [1.0, 1.0, 1.0, 1e-240, 1e-90, 1e300, 1e-100, 7.0000001e-10]
    found = [itakura_saito(a, b) for a, b in zip(x, y, strict=True)]
    yield case(name, "exact", arrays(x, y), "mpmath", elements=found)
    x, y = [0.0, 0.0, 2.0, 1e-9, 5.0], [0.0, 3.0, 0.0, 1.0, 1e-9]
    found = [itakura_saito(max(a, 1e-300), max(b, 1e-300)) for a, b in zip(x, y, strict=True)]
    yield case(name, "zeros", arrays(x, y), "mpmath", elements=found)
    found = [itakura_saito(max(a, 1e-3), max(b, 1e-3)) for a, b in zip(x, y, strict=True)]
    yield case(name, "eps", arrays(x, y), "mpmath", elements=found, eps=1e-3)
    yield case(name, "infinite", arrays([1.0], [INF]), "mpmath", elements=[INF])


def cases() -> Iterator[Case]:
    for family in (
        kl_divergence, generalized_kl, jensen_shannon, hellinger, affinity, total_variation,
        chi_square, renyi_divergence, wasserstein, spectra,
    ):  # fmt: skip
        yield from family()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    write("distribution", cases())
