"""Signals: how much louder is a signal than what was added to it?"""

from __future__ import annotations

from typing import Annotated, NamedTuple, TypeAlias

import numpy as np

from losscli.domain import POSITIVE, Array, Signal
from losscli.numerics import dot, shrink_huge
from losscli.spec import loss

_ZeroMean: TypeAlias = Annotated[bool, "subtract each signal's mean first"]
_Eps: TypeAlias = Annotated[float, POSITIVE, "added to energies; of torchmetrics in float32 2^-23"]

# What torchmetrics adds to an energy of doubles: their spacing at 1.
_EPS = float(np.finfo(np.float64).eps)


class _Sound(NamedTuple):
    """Signals and true signals, scaled down where squares would overflow, and ``eps`` with them."""

    prediction: Array
    target: Array
    eps: Array


def _sound(prediction: Array, target: Array, eps: float, *, zero_mean: bool = False) -> _Sound:
    """Both signals as the losses take them."""
    both, scale = shrink_huge(np.concatenate((prediction, target), axis=1))
    length = target.shape[1]
    prediction, target = both[:, :length], both[:, length:]
    if zero_mean:
        prediction, target = prediction - _mean(prediction), target - _mean(target)
    return _Sound(prediction, target, eps / (scale * scale))


def _mean(x: Array) -> Array:
    """The mean of each signal, as a column."""
    mean: Array = np.add.reduce(x, axis=1, keepdims=True) / x.shape[1]
    return mean


def _energy(x: Array) -> Array:
    """The sum of squares of each signal."""
    return dot(x, x)


def _explained(sound: _Sound) -> Array:
    """The multiple of the target that comes closest to the prediction."""
    prediction, target, eps = sound
    factor = (dot(prediction, target) + eps) / (_energy(target) + eps)
    scaled: Array = factor[:, np.newaxis] * target
    return scaled


def _decibels(noise: Array, signal: Array, eps: Array) -> Array:
    """How much louder the noise is than the signal."""
    return 10.0 * np.log10((_energy(noise) + eps) / (_energy(signal) + eps))


@loss(
    aliases=("signal_noise_ratio", "signal_to_noise_ratio", "SNRLoss"),
    minimum_when_equal=("prediction", "target"),
    # 0 dB is as much noise as signal.
    non_negative=False,
    use_when="a signal is to be restored, loudness included: denoising, coding",
    avoid_when="loudness does not matter (si-sdr)",
    reference="torchmetrics.functional.audio.signal_noise_ratio",
)
def snr(
    prediction: Signal,
    target: Signal,
    *,
    zero_mean: _ZeroMean = False,
    eps: _Eps = _EPS,
) -> Array:
    r"""Negative signal-to-noise ratio: how much louder the error is than the signal, in decibels.

    prediction, target: (N, T), each row a signal of its own length -> (N,), in dB. The mean divides
    by the number of signals.

    .. math:: \ell = -10 \log_{10} \frac{\sum_t y_t^2 + \epsilon}{\sum_t (y_t - x_t)^2 + \epsilon}

    It is the metric of torchmetrics with its sign turned, so that less is better: -20 dB is an
    error of a tenth. Silence rendered as silence, and an empty signal, are 0 dB. auraloss subtracts
    the mean by default and adds 1e-8 in other places. Samples of 1e200 are scaled first.

    >>> losses.snr([[2.5, 0.0, 2.0, 8.0]], [[3.0, -0.5, 2.0, 7.0]]).round(4).tolist()
    [-16.1805]
    """
    prediction, target, added = _sound(prediction, target, eps, zero_mean=zero_mean)
    return _decibels(target - prediction, target, added)


@loss(
    aliases=("scale_invariant_signal_distortion_ratio", "SISDRLoss"),
    # 0 dB is as much noise as signal.
    non_negative=False,
    use_when="sources are separated or speech is enhanced, and loudness does not matter",
    avoid_when="loudness must come right too (snr, sd-sdr)",
    reference="Le Roux et al. 2019, arXiv:1811.02508; torchmetrics",
)
def si_sdr(
    prediction: Signal,
    target: Signal,
    *,
    zero_mean: _ZeroMean = False,
    eps: _Eps = _EPS,
) -> Array:
    r"""Negative scale-invariant signal-to-distortion ratio, in decibels.

    prediction, target: (N, T), each row a signal of its own length -> (N,), in dB. The mean divides
    by the number of signals.

    .. math:: \ell = -10 \log_{10} \frac{\sum_t s_t^2 + \epsilon}{\sum_t (s_t - x_t)^2 + \epsilon},
              \qquad s = \frac{\sum_t x_t y_t + \epsilon}{\sum_t y_t^2 + \epsilon}\; y

    with :math:`s` the multiple of the target that comes closest to the prediction. It is the metric
    of torchmetrics with its sign turned, so that less is better; so is ``si-snr``, which subtracts
    the means first. Asteroid and auraloss subtract them by default and add 1e-8 in other places.
    The paper has no ``eps``, which decides what silence and a perfect prediction get.

    >>> losses.si_sdr([[2.5, 0.0, 2.0, 8.0]], [[3.0, -0.5, 2.0, 7.0]]).round(4).tolist()
    [-18.403]
    """
    sound = _sound(prediction, target, eps, zero_mean=zero_mean)
    explained = _explained(sound)
    return _decibels(explained - sound.prediction, explained, sound.eps)


@loss(
    aliases=("scale_invariant_signal_noise_ratio",),
    # 0 dB is as much noise as signal.
    non_negative=False,
    use_when="as si-sdr, and an offset of the signal should not matter either",
    avoid_when="an offset or the loudness must come right (si-sdr, snr)",
    reference="Luo and Mesgarani 2018, arXiv:1711.00541; torchmetrics",
)
def si_snr(prediction: Signal, target: Signal, *, eps: _Eps = _EPS) -> Array:
    r"""Negative scale-invariant signal-to-noise ratio, in decibels, blind to an offset.

    prediction, target: (N, T), each row a signal of its own length -> (N,), in dB. The mean divides
    by the number of signals.

    .. math:: \ell = \text{si-sdr}(x - \bar x,\; y - \bar y)

    It is ``si-sdr(zero_mean=True)``: torchmetrics has both names, and turned signs.

    >>> losses.si_snr([[2.5, 0.0, 2.0, 8.0]], [[3.0, -0.5, 2.0, 7.0]]).round(4).tolist()
    [-15.0918]
    """
    sound = _sound(prediction, target, eps, zero_mean=True)
    explained = _explained(sound)
    return _decibels(explained - sound.prediction, explained, sound.eps)


@loss(
    aliases=("scale_dependent_signal_distortion_ratio", "SDSDRLoss"),
    # 0 dB is as much noise as signal.
    non_negative=False,
    use_when="as si-sdr, but a wrong loudness should count as an error",
    avoid_when="loudness does not matter (si-sdr)",
    reference="Le Roux et al. 2019, arXiv:1811.02508",
)
def sd_sdr(
    prediction: Signal,
    target: Signal,
    *,
    zero_mean: _ZeroMean = False,
    eps: _Eps = _EPS,
) -> Array:
    r"""Negative scale-dependent signal-to-distortion ratio, in decibels.

    prediction, target: (N, T), each row a signal of its own length -> (N,), in dB. The mean divides
    by the number of signals.

    .. math:: \ell = -10 \log_{10} \frac{\sum_t s_t^2 + \epsilon}{\sum_t (y_t - x_t)^2 + \epsilon}

    with :math:`s` the multiple of the target that comes closest to the prediction, as in si-sdr.
    It is snr, but a prediction that is too quiet has less signal to show. auraloss subtracts the
    mean by default and adds 1e-8 in other places.

    >>> losses.sd_sdr([[1.0, 2.0, 2.0], [0.5, 1.0, 1.0]], [[1.0, 2.0, 3.0]] * 2).round(4).tolist()
    [-9.3666, 3.8556]
    """
    sound = _sound(prediction, target, eps, zero_mean=zero_mean)
    return _decibels(sound.target - sound.prediction, _explained(sound), sound.eps)


@loss(
    aliases=("esr_loss", "error_to_signal_ratio"),
    minimum_when_equal=("prediction", "target"),
    use_when="a device such as an amplifier is modelled, and quiet passages count like loud ones",
    avoid_when="a ratio of hundreds should not swamp the rest (snr is its logarithm)",
    reference="Wright and Välimäki 2020, arXiv:1911.08922; auraloss.time.ESRLoss",
)
def esr(
    prediction: Signal,
    target: Signal,
    *,
    eps: Annotated[float, POSITIVE, "added to the signal's energy"] = 1e-8,
) -> Array:
    r"""Energy of the error over the energy of the signal.

    prediction, target: (N, T), each row a signal of its own length -> (N,), without unit.
    The mean divides by the number of signals.

    .. math:: \ell = \frac{\sum_t (y_t - x_t)^2}{\sum_t y_t^2 + \epsilon}

    It is :math:`10^{\text{snr}/10}` but for ``eps``. The pre-emphasis filter of the paper is not
    part of it: filter both signals first.

    >>> losses.esr([[2.5, 0.0, 2.0, 8.0]], [[3.0, -0.5, 2.0, 7.0]]).round(4).tolist()
    [0.0241]
    """
    prediction, target, added = _sound(prediction, target, eps)
    return _energy(target - prediction) / (_energy(target) + added)
