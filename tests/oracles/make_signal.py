"""Cases of the signal losses, from torchmetrics and auraloss and at 50 digits.

It needs auraloss, mpmath, numpy, torch and torchmetrics:

    python tests/oracles/make_signal.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import auraloss.time
import mpmath
import numpy as np
import torch
import torchmetrics.functional.audio as tm
from mpmath import mpf
from oracle import INF, MAX, NAN, TINY, Case, case, write

RNG = np.random.default_rng(50)
SHAPES = [(4, 8), (1, 12), (3, 1), (2, 3)]
EPS = 2.0**-52
# Decibels of about 0 are differences of sums of 1.
ROUNDS = {"atol": 1e-14, "why": "a ratio near 1 is rounded before its logarithm"}

Arrays = dict[str, Any]
Signal = list[mpf]


def arrays(target: np.ndarray, noise: float) -> Arrays:
    """A target, and a prediction that is half as loud again and noisy."""
    prediction = 1.5 * target + noise * RNG.normal(size=target.shape)
    return {"prediction": np.round(prediction, 5), "target": target}


def signals(*shape: int) -> np.ndarray:
    return np.round(RNG.normal(size=shape) + 0.2, 4)


def tensors(data: Arrays) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor(np.array(values, dtype=np.float64)) for values in data.values())


def name_of(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


# --- at 50 digits: one signal --------------------------------------------------------------------


def exact(row: Callable[..., Any], data: Arrays, **params: Any) -> list[float]:
    rows = zip(*data.values(), strict=True)
    return [float(row([mpf(v) for v in x], [mpf(v) for v in y], **params)) for x, y in rows]


def energy(x: Signal) -> mpf:
    return mpmath.fsum(v * v for v in x)


def minus(x: Signal, y: Signal) -> Signal:
    return [a - b for a, b in zip(x, y, strict=True)]


def centred(x: Signal) -> Signal:
    return [v - mpmath.fsum(x) / len(x) for v in x]


def decibels(noise: Signal, signal: Signal, eps: float) -> mpf:
    return 10 * mpmath.log10((energy(noise) + mpf(eps)) / (energy(signal) + mpf(eps)))


def explained(x: Signal, y: Signal, eps: float) -> Signal:
    product = mpmath.fsum(a * b for a, b in zip(x, y, strict=True))
    return [(product + mpf(eps)) / (energy(y) + mpf(eps)) * v for v in y]


def snr(x: Signal, y: Signal, *, zero_mean: bool = False, eps: float = EPS) -> mpf:
    x, y = (centred(x), centred(y)) if zero_mean else (x, y)
    return decibels(minus(x, y), y, eps)


def si_sdr(x: Signal, y: Signal, *, zero_mean: bool = False, eps: float = EPS) -> mpf:
    x, y = (centred(x), centred(y)) if zero_mean else (x, y)
    s = explained(x, y, eps)
    return decibels(minus(s, x), s, eps)


def si_snr(x: Signal, y: Signal, *, eps: float = EPS) -> mpf:
    return si_sdr(x, y, zero_mean=True, eps=eps)


def sd_sdr(x: Signal, y: Signal, *, zero_mean: bool = False, eps: float = EPS) -> mpf:
    x, y = (centred(x), centred(y)) if zero_mean else (x, y)
    return decibels(minus(x, y), explained(x, y, eps), eps)


def esr(x: Signal, y: Signal, *, eps: float = 1e-8) -> mpf:
    return energy(minus(x, y)) / (energy(y) + mpf(eps))


# --- the losses ----------------------------------------------------------------------------------

EDGES = {
    "prediction": [[0.0, 0.0], [1.0, 2.0], [0.0, 0.0], [1.0, 2.0], [3.0, 4.0], [1.0, -1.0]],
    "target": [[0.0, 0.0], [0.0, 0.0], [1.0, 2.0], [1.0, 2.0], [6.0, 8.0], [1.0, 1.0]],
}
EXTREME = {
    "prediction": [[1e200, 2e200, 0.0], [1e-200, 0.0, 1e-3], [TINY, 0.0, 0.0], [1e5, 3e4, 1.0],
                   [MAX / 4, MAX / 8, 0.0]],
    "target": [[1e200, 3e200, 1e199], [1e-200, 1.0, 0.0], [0.0, TINY, 0.0], [1e4, 1e4, 0.0],
               [MAX / 8, MAX / 4, 1.0]],
}  # fmt: skip
UNDEFINED = {
    "prediction": [[NAN, 0.0], [1.0, 2.0], [INF, 1.0]],
    "target": [[1.0, 1.0], [NAN, 1.0], [1.0, 2.0]],
}


def exact_cases(name: str, row: Callable[..., Any], **params: Any) -> Iterator[Case]:
    suffix = "".join(f"-{k}{v}" for k, v in params.items())
    for shape in SHAPES:
        data = arrays(signals(*shape), 0.3)
        found = exact(row, data, **params)
        yield case(name, name_of(shape) + suffix, data, "mpmath", elements=found,
                   reductions={"mean": np.mean(found), "sum": np.sum(found)},
                   **params, **ROUNDS)  # fmt: skip
    for label, data in (("edges", EDGES), ("extreme", EXTREME)):
        found = exact(row, data, **params)
        yield case(name, label + suffix, data, "mpmath", elements=found, **params, **ROUNDS)
    yield case(name, "undefined" + suffix, UNDEFINED, "mpmath", elements=[NAN] * 3, **params)
    lists = {
        "prediction": [[1.0, 2.0, 3.5], [0.5], [1.0, -1.0], []],
        "target": [[1.0, 2.0, 3.0], [1.0], [1.0, -2.0], []],
    }
    found = [*exact(row, {role: rows[:3] for role, rows in lists.items()}, **params), 0.0]
    yield case(name, "lengths" + suffix, lists, "mpmath", elements=found, **params, **ROUNDS)


METRICS = {
    "snr": (tm.signal_noise_ratio, snr),
    "si-sdr": (tm.scale_invariant_signal_distortion_ratio, si_sdr),
}


def torchmetrics_cases() -> Iterator[Case]:
    for name, (metric, _) in METRICS.items():
        for shape in SHAPES:
            for noise in (1.0, 0.01):
                data = arrays(signals(*shape), noise)
                for params in ({}, {"zero_mean": True}) if shape[1] > 1 else ({},):
                    found = -metric(*tensors(data), **params)
                    label = f"torchmetrics-{name_of(shape)}-{noise:g}{'-zero' * len(params)}"
                    yield case(name, label, data, "torchmetrics", elements=found,
                               reductions={"mean": found.mean()}, **params, **ROUNDS)  # fmt: skip
        found = -metric(*tensors(EDGES))
        yield case(name, "torchmetrics-edges", EDGES, "torchmetrics", elements=found, **ROUNDS)
    for shape in SHAPES[:2]:
        data = arrays(signals(*shape), 0.3)
        found = -tm.scale_invariant_signal_noise_ratio(*tensors(data))
        yield case("si-snr", f"torchmetrics-{name_of(shape)}", data, "torchmetrics",
                   elements=found, **ROUNDS)  # fmt: skip


def auraloss_cases() -> Iterator[Case]:
    for shape in SHAPES:
        data = arrays(signals(*shape), 0.3)
        found = auraloss.time.ESRLoss(reduction="none")(*tensors(data))
        yield case("esr", f"auraloss-{name_of(shape)}", data, "auraloss", elements=found)
        for name, function in (
            ("snr", auraloss.time.SNRLoss), ("si-sdr", auraloss.time.SISDRLoss),
            ("sd-sdr", auraloss.time.SDSDRLoss),
        ):  # fmt: skip
            if shape[1] > 2:
                data = arrays(signals(*shape), 0.3)
                found = function(zero_mean=False, reduction="none", eps=0.0)(*tensors(data))
                yield case(name, f"auraloss-{name_of(shape)}", data, "auraloss", elements=found,
                           eps=1e-300, **ROUNDS)  # fmt: skip


def cases() -> Iterator[Case]:
    yield from torchmetrics_cases()
    yield from auraloss_cases()
    for name, row in (("snr", snr), ("si-sdr", si_sdr), ("sd-sdr", sd_sdr)):
        yield from exact_cases(name, row)
        yield from exact_cases(name, row, zero_mean=True)
        yield from exact_cases(name, row, eps=0.5)
    yield from exact_cases("si-snr", si_snr)
    yield from exact_cases("esr", esr)
    yield from exact_cases("esr", esr, eps=1.0)


if __name__ == "__main__":
    write("signal", cases())
