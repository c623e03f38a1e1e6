"""Sequences: identities between the losses, limits, and what is refused."""

from __future__ import annotations

import math
from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import losscli
from losscli import losses
from losscli.domain import Array
from losscli.errors import DataError, ParameterError

reals = st.floats(-8, 8)
tokens = st.lists(st.integers(0, 3), max_size=6)
series = st.lists(reals, min_size=1, max_size=5)
frames = st.tuples(st.integers(1, 4), st.integers(2, 3)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=reals)
)


def close(actual: object, expected: object, *, rtol: float = 1e-12, atol: float = 1e-12) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


# --- ctc -----------------------------------------------------------------------------------------


@given(frames)
def test_all_label_sequences_are_sure_to_be_one(logits: Array) -> None:
    length, classes = logits.shape
    texts = {
        tuple(c for c, _ in groupby(path) if c != 0)
        for path in product(range(classes), repeat=length)
    }
    total = sum(
        math.exp(-float(losses.ctc(logits, list(text), from_logits=True))) for text in texts
    )
    close(total, 1.0)


@given(frames, st.lists(st.integers(0, 1), max_size=3), st.integers(0, 3), st.data())
def test_what_lies_beyond_a_length_does_not_count(
    logits: Array, target: list[int], padding: int, data: st.DataObject
) -> None:
    length, classes = logits.shape
    log_probs = log_softmax(logits)
    expected = losses.ctc(log_probs, target)
    noise = data.draw(arrays(np.float64, (padding, classes), elements=reals))
    found = losses.ctc(
        [np.concatenate([log_probs, noise])], [[*target, *[1] * padding]], [length], [len(target)]
    )
    assert found.tolist() == [expected]


def test_one_frame_with_one_label_is_nll() -> None:
    logits = np.random.default_rng(1).normal(0, 3, (5, 4))
    target = np.array([1, 3, 2, 2, 1])
    found = losses.ctc(logits[:, None], target[:, None], from_logits=True)
    close(found, losses.cross_entropy(logits, target), rtol=1e-13)


def test_the_mean_of_ctc_divides_each_row_by_its_labels() -> None:
    rng = np.random.default_rng(2)
    logits, target = rng.normal(0, 1, (3, 6, 4)), [[1, 2, 3]] * 3
    result = losscli.compute(
        "ctc(from_logits=True)", log_probs=logits, targets=target, target_lengths=[3, 1, 0]
    )
    elements = losses.ctc(logits, target, None, [3, 1, 0], from_logits=True)
    close(result.value, (elements / [3, 1, 1]).mean())
    close(result.reductions["batchmean"], elements.mean())


def test_the_error_of_a_weighted_mean_of_ctc_is_that_of_the_rows_means() -> None:
    rng = np.random.default_rng(1)
    log_probs, targets = log_softmax(rng.normal(size=(50, 9, 5))), rng.integers(1, 5, (50, 3))
    lengths, weight = rng.integers(1, 4, 50), rng.integers(0, 3, 50)
    given = {"target_lengths": lengths, "sample_weight": weight}
    result = losscli.compute("ctc", log_probs, targets, **given)
    assert result.per_sample is not None
    assert result.distribution is not None
    off, counted = weight * (result.per_sample - result.value), weight > 0
    spread = off[counted].std(ddof=0) * math.sqrt(counted.sum() / (counted.sum() - 1))
    error = spread * math.sqrt(counted.sum()) / weight.sum()
    assert result.distribution.stderr == pytest.approx(error, rel=1e-9)


def test_ctc_refuses_what_is_no_class_and_no_length() -> None:
    log_probs = np.full((1, 3, 2), math.log(0.5))
    for arguments in (([[2]],), ([[-1]],), ([[1]], [4]), ([[1]], [3], [2]), ([[1]], [-1])):
        with pytest.raises(IndexError):
            losses.ctc(log_probs, *arguments)
    with pytest.raises(ParameterError, match="blank"):
        losses.ctc(log_probs, [[1]], blank=2)
    with pytest.raises(DataError):
        losscli.compute("ctc", log_probs=log_probs, targets=[[1]], input_lengths=[4])


# --- error_rate ----------------------------------------------------------------------------------


def distance(x: list[int], y: list[int], **params: float) -> float:
    return float(losses.error_rate(x, y, **params))


@given(tokens, tokens, tokens)
def test_edits_are_a_distance(x: list[int], y: list[int], z: list[int]) -> None:
    assert distance(x, x) == 0.0
    assert distance(x, y) == distance(y, x)
    assert distance(x, z) <= distance(x, y) + distance(y, z)
    assert abs(len(x) - len(y)) <= distance(x, y) <= max(len(x), len(y))


@given(tokens, tokens)
def test_a_substitution_costs_at_most_a_deletion_and_an_insertion(
    x: list[int], y: list[int]
) -> None:
    assert distance(x, y, substitution_cost=2) == distance(x, y, substitution_cost=9)
    assert distance(x, y, substitution_cost=0) == abs(len(x) - len(y))


def test_the_rate_is_of_all_words() -> None:
    result = losscli.compute(
        "wer", prediction=[[1, 2], [3], [4, 4, 4]], target=[[1, 2, 3, 4, 5], [3], []]
    )
    assert result.value == 6 / 6
    assert result.reductions["batchmean"] == 2.0


# --- soft_dtw, dtw -------------------------------------------------------------------------------


@given(series, series)
def test_soft_dtw_ends_in_dtw(x: list[float], y: list[float]) -> None:
    hard = float(losses.dtw(x, y)) ** 2
    close(losses.soft_dtw(x, y, gamma=0), hard, atol=1e-300)
    close(losses.dtw(x, y, root=False), hard, atol=1e-300)
    close(losses.soft_dtw(x, y, gamma=1e-12), hard, atol=1e-10)
    assert losses.soft_dtw(x, y) <= hard + 1e-12


@given(series, series, st.floats(0.01, 4))
def test_warping_is_symmetric_and_blind_to_waiting(
    x: list[float], y: list[float], gamma: float
) -> None:
    close(losses.soft_dtw(x, y, gamma=gamma), losses.soft_dtw(y, x, gamma=gamma), atol=1e-10)
    assert losses.dtw(x, np.repeat(x, 3)) == 0.0
    close(losses.soft_dtw(x, x, gamma=gamma, normalize=True), 0.0)
    assert losses.soft_dtw(x, y, gamma=gamma, normalize=True) >= -1e-10


@given(series)
def test_series_of_numbers_are_series_of_vectors_of_one(x: list[float]) -> None:
    y = [0.5, -1.0, 2.0]
    vectors = losses.dtw(np.reshape(x, (1, -1, 1)), np.reshape(y, (1, -1, 1)))
    assert vectors.tolist() == [losses.dtw(x, y)]
