"""Cases of losses that compare samples, or totals, by scikit-learn, scipy and at 50 digits.

It needs mpmath, numpy, scikit-learn and scipy:

    python tests/oracles/make_samples.py
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf
from oracle import NAN, Case, case, write
from scipy.stats import energy_distance
from sklearn.metrics.pairwise import rbf_kernel

RNG = np.random.default_rng(44)
MPMATH, SKLEARN, SCIPY = "mpmath", "scikit-learn", "scipy"
CANCELS = "means of kernels nearly cancel"


def sample(*shape: int, shift: float = 0.0) -> np.ndarray:
    return np.round(RNG.normal(shift, 1, shape), 3)


PAIRS: dict[str, tuple[Any, Any]] = {
    "numbers": (sample(2, 6), sample(2, 6, shift=1)),
    "uneven": ([sample(4), sample(2)], [sample(3), sample(5)]),
    "vectors": (sample(2, 5, 3), sample(2, 4, 3, shift=0.5)),
    "equal": (np.ones((1, 3)), np.ones((1, 2))),
    "far": (sample(1, 3), 1e4 + sample(1, 3)),
    "one-each": ([[1.0]], [[3.0]]),
}


def rows_of(x: Any) -> list[np.ndarray]:
    return [np.asarray(row, float).reshape(len(row), -1) for row in x]


def gap(a: np.ndarray, b: np.ndarray) -> mpf:
    squares = [(mpf(float(u)) - mpf(float(v))) ** 2 for u, v in zip(a, b, strict=True)]
    return mpmath.sqrt(mpmath.fsum(squares))


def mean(values: list[Any]) -> mpf:
    return mpmath.fsum(values) / len(values) if values else mpf("nan")


def mmd(x: np.ndarray, y: np.ndarray, bandwidth: float, unbiased: bool) -> mpf:
    def k(a: np.ndarray, b: np.ndarray) -> mpf:
        return mpmath.exp(-((gap(a, b) / mpf(bandwidth)) ** 2) / 2)

    def within(z: np.ndarray) -> mpf:
        pairs = product(range(len(z)), repeat=2)
        return mean([k(z[i], z[j]) for i, j in pairs if i != j or not unbiased])

    return within(x) + within(y) - 2 * mean([k(a, b) for a in x for b in y])


def energy(x: np.ndarray, y: np.ndarray) -> mpf:
    across = mean([gap(a, b) for a in x for b in y])
    within = [mean([gap(a, b) for a in z for b in z]) for z in (x, y)]
    return 2 * across - within[0] - within[1]


def samples() -> Iterator[Case]:
    for label, (x, y) in PAIRS.items():
        arrays = {"prediction": x, "target": y}
        pairs = list(zip(rows_of(x), rows_of(y), strict=True))
        for bandwidth, unbiased in ((1.0, False), (0.5, False), (2.0, True)):
            if unbiased and label in ("one-each",):
                continue
            elements = [mmd(a, b, bandwidth, unbiased) for a, b in pairs]
            yield case(
                "mmd", f"{label}-{bandwidth:g}", arrays, MPMATH, elements=elements, atol=1e-15,
                why=CANCELS, bandwidth=bandwidth, unbiased=unbiased,
            )  # fmt: skip
        gamma = 1 / (2 * 1.5**2)
        elements = [
            rbf_kernel(a, a, gamma).mean() + rbf_kernel(b, b, gamma).mean()
            - 2 * rbf_kernel(a, b, gamma).mean()
            for a, b in pairs
        ]  # fmt: skip
        yield case(
            "mmd", f"{label}-sklearn", arrays, SKLEARN, elements=np.maximum(elements, 0),
            rtol=1e-10, atol=1e-7 if label == "far" else 1e-14, bandwidth=1.5,
            why="scikit-learn takes distances from squared norms, which cancel",
        )  # fmt: skip
        found = [energy(a, b) for a, b in pairs]
        yield case(
            "energy-distance", f"{label}-squared", arrays, MPMATH, elements=found, root=False,
            atol=1e-15, why=CANCELS,
        )  # fmt: skip
        yield case(
            "energy-distance", label, arrays, MPMATH, elements=[mpmath.sqrt(v) for v in found],
            rtol=1e-11, atol=1e-12, why=CANCELS,
        )  # fmt: skip
        if all(a.shape[1] == 1 for a, _ in pairs):
            elements = [energy_distance(a[:, 0], b[:, 0]) for a, b in pairs]
            yield case(
                "energy-distance", f"{label}-scipy", arrays, SCIPY, elements=elements, rtol=1e-10,
                atol=1e-12, why=CANCELS,
            )  # fmt: skip
    alone = {"prediction": [[1.0]], "target": [[3.0]]}
    yield case("mmd", "one-each-unbiased", alone, MPMATH, elements=[NAN], unbiased=True)


# --- shares of a whole data set ------------------------------------------------------------------

TABLES = {
    "random": (sample(9, shift=5), sample(9, shift=5)),
    "columns": (sample(6, 3, shift=5), sample(6, 3, shift=4)),
    "huge": (np.array([1e300, 3e300]), np.array([2e300, 1e300])),
    "offset": (1e9 + sample(5), 1e9 + sample(5)),
    "negative": (sample(4, shift=-3), sample(4, shift=-3)),
    "one-row": (np.array([2.0]), np.array([3.0])),
    "constant": (np.array([1.0, 2.0]), np.array([4.0, 4.0])),
}


def columns(table: np.ndarray) -> list[list[mpf]]:
    return [[mpf(float(v)) for v in column] for column in table.reshape(len(table), -1).T]


def shares() -> Iterator[Case]:
    for label, (x, y) in TABLES.items():
        marre, ope = [], []
        for a, b in zip(columns(x), columns(y), strict=True):
            error = mean([abs(u - v) for u, v in zip(a, b, strict=True)])
            width = max(b) - min(b)
            marre.append(error / width if width else mpf("inf"))
            ope.append(abs((mpmath.fsum(a) - mpmath.fsum(b)) / mpmath.fsum(b)))
        arrays = {"prediction": x, "target": y}
        for name, found in (("marre", marre), ("ope", ope)):
            for scale in (100.0, 1.0):
                value = mpf(scale) * mean(found)
                yield case(
                    name, f"{label}-{scale:g}", arrays, MPMATH, reductions={"overall": value},
                    rtol=1e-11, why="differences are rounded before they are added", scale=scale,
                )  # fmt: skip
    nothing = {"prediction": [1.0, -1.0], "target": [2.0, -2.0]}
    yield case("ope", "total-of-nothing", nothing, MPMATH, reductions={"overall": NAN})


if __name__ == "__main__":
    write("samples", [*samples(), *shares()])
