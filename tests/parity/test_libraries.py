"""Random data through scikit-learn, keras and losscli. Runs where they are installed."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import losscli

ORACLES = Path(__file__).parent.parent / "oracles"
# scikit-learn computes in the type of the predictions, which costs digits of its own.
DIGITS = {"float64": 1e-12, "float32": 1e-5, "float16": 1e-2}
PROBABILITY = st.floats(0.0, 1.0, width=16)


@st.composite
def weighted_chances(draw: st.DrawFn) -> tuple[Any, ...]:
    n = draw(st.integers(2, 8))
    chances = draw(arrays(np.float64, n, elements=PROBABILITY))
    yes = draw(arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0])))
    weight = draw(arrays(np.float64, n, elements=st.floats(0.125, 4.0, width=16)))
    return chances, yes, weight, draw(st.sampled_from([*DIGITS]))


@given(data=weighted_chances())
def test_log_loss_is_that_of_scikit_learn(data: tuple[Any, ...]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    chances, yes, weight, dtype = data
    p = chances.astype(dtype)
    expected = metrics.log_loss(yes, p, sample_weight=weight, labels=[0, 1])
    found = losscli.compute("bce", p, yes, sample_weight=weight, convention="sklearn")
    assert found.value == pytest.approx(expected, rel=DIGITS[dtype], abs=DIGITS[dtype])
    both = np.column_stack([1 - p, p])
    several = losscli.compute("log-loss", both, yes, sample_weight=weight, convention="sklearn")
    assert several.value == pytest.approx(expected, rel=DIGITS[dtype], abs=DIGITS[dtype])


@given(data=weighted_chances())
def test_weighted_means_are_those_of_keras(data: tuple[Any, ...]) -> None:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    losses = pytest.importorskip("keras.losses")
    chances, yes, weight, _ = data
    column = np.newaxis
    for name, own in (
        ("mse", losses.MeanSquaredError()),
        ("bce", losses.BinaryCrossentropy()),
        ("binary-focal", losses.BinaryFocalCrossentropy()),
    ):
        expected = float(own(yes[:, column], chances[:, column], sample_weight=weight))
        found = losscli.compute(name, chances, yes, sample_weight=weight, convention="keras")
        # keras computes in float32, where 1 - 1e-7 is 1 - 1.19e-7.
        assert found.value == pytest.approx(expected, rel=2e-2, abs=1e-6)


def test_the_libraries_still_say_what_the_oracles_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("keras", "jax", "torch", "sklearn", "mpmath"):
        pytest.importorskip(name)
    monkeypatch.syspath_prepend(ORACLES)
    oracles: Any = importlib.import_module("make_conventions")
    stored = json.loads((ORACLES / "conventions.json").read_text())
    now = [*oracles.of_keras(), *oracles.of_sklearn(), *oracles.of_torch()]
    for one, other in zip(stored["cases"], now, strict=True):
        assert one["id"] == other["id"]
        for reduction, value in one["reductions"].items():
            assert other["reductions"][reduction] == pytest.approx(value, rel=1e-12), one["id"]
