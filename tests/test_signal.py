"""How the signal losses relate, and what their docstrings say in words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import losscli
from losscli import losses
from losscli.domain import Array

LOSSES = [losses.snr, losses.si_sdr, losses.si_snr, losses.sd_sdr, losses.esr]
each_loss = pytest.mark.parametrize("loss", LOSSES)

seeds = st.integers(0, 2**32 - 1)


def noisy(seed: int) -> tuple[Array, Array]:
    """A noisy rendering of three signals, and the signals."""
    rng = np.random.default_rng(seed)
    target = rng.normal(size=(3, 16))
    return target + 0.1 * rng.normal(size=target.shape), target


def close(actual: Array, expected: Array, *, rtol: float = 1e-11) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-12)


@given(seeds, st.floats(0.1, 10.0))
def test_si_sdr_does_not_hear_loudness(seed: int, gain: float) -> None:
    x, y = noisy(seed)
    close(losses.si_sdr(gain * x, y), losses.si_sdr(x, y))
    close(losses.si_sdr(x, gain * y), losses.si_sdr(x, y))
    assert (losses.snr(10 * x, y) > losses.snr(x, y)).all()


@given(seeds, st.floats(-5.0, 5.0))
def test_si_snr_does_not_hear_an_offset(seed: int, offset: float) -> None:
    x, y = noisy(seed)
    np.testing.assert_array_equal(losses.si_snr(x, y), losses.si_sdr(x, y, zero_mean=True))
    close(losses.si_snr(x + offset, y - offset), losses.si_snr(x, y))
    close(losses.snr(x + offset, y, zero_mean=True), losses.snr(x, y, zero_mean=True))


@given(seeds)
def test_ratios_of_one_error(seed: int) -> None:
    x, y = noisy(seed)
    close(10 * np.log10(losses.esr(x, y)), losses.snr(x, y), rtol=1e-7)
    # The scaled target is never farther than the target itself.
    assert (losses.si_sdr(x, y) <= losses.sd_sdr(x, y) + 1e-9).all()


def test_decibels() -> None:
    y = np.array([[1.0, -2.0, 3.0, -4.0]])
    for error, decibels in ((1.0, 0.0), (0.1, -20.0), (0.01, -40.0), (10.0, 20.0)):
        close(losses.snr(y * (1 + error), y), np.array([decibels]))


def test_silence_is_0_decibels() -> None:
    silence = np.zeros((1, 4))
    for loss in LOSSES:
        assert loss(silence, silence) == 0
        assert loss(np.zeros((1, 0)), np.zeros((1, 0))) == 0


@each_loss
def test_every_signal_has_its_own_length(loss: Callable[..., Array]) -> None:
    target = [[1.0, 2.0, 3.0], [1.0, -1.0], [0.5, 0.25, 0.5, 1.0]]
    prediction = [[1.0, 2.5, 3.0], [0.5, -1.0], [0.5, 0.5, 0.5, 0.75]]
    name = loss.__name__.replace("_", "-")
    result = losscli.compute(name, prediction, target, reduction="none")
    alone = [loss([x], [y])[0] for x, y in zip(prediction, target, strict=True)]
    np.testing.assert_array_equal(result.elements, alone)
