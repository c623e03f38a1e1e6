"""Identities between the multi-label losses, and lists of classes of any length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import losscli
from losscli import losses
from losscli.domain import Array
from losscli.errors import DataError


class Rows(NamedTuple):
    scores: Array
    target: Array


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    """Scores, some of them tied, and 0 or 1 for each class."""
    shape = draw(st.tuples(st.integers(1, 5), st.integers(2, 5)))
    scores = st.floats(-30, 30) | st.sampled_from([0.0, 0.5, 1.0])
    return Rows(
        draw(arrays(np.float64, shape, elements=scores)),
        draw(arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0]))),
    )


def close(actual: Array, expected: Array, *, rtol: float = 1e-13, atol: float = 1e-13) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def listed(target: Array) -> Array:
    """The classes that hold, -1 after the last."""
    lists = np.full(target.shape, -1.0)
    for row, held in zip(lists, target, strict=True):
        classes = np.flatnonzero(held)
        row[: len(classes)] = classes
    return lists


@given(rows())
def test_soft_margin_averages_bce_with_logits(data: Rows) -> None:
    close(losses.multilabel_soft_margin(*data), losses.bce_with_logits(*data).mean(axis=1))


@given(rows())
def test_margin_compares_each_pair(data: Rows) -> None:
    expected = []
    for x, y in zip(*data, strict=True):
        leads = np.subtract.outer(x[y == 1], x[y == 0])
        expected.append(np.maximum(1 - leads, 0).sum() / len(x))
    close(losses.multilabel_margin(data.scores, listed(data.target)), expected)


@given(rows(), st.data())
def test_one_class_that_holds_is_multi_margin(data: Rows, draw: st.DataObject) -> None:
    count, classes = data.scores.shape
    target = draw.draw(
        arrays(np.float64, (count, 1), elements=st.integers(0, classes - 1).map(float))
    )
    close(
        losses.multilabel_margin(data.scores, target),
        losses.multi_margin(data.scores, target[:, 0]),
    )


def test_a_list_may_have_any_length() -> None:
    scores = np.array([[0.1, 0.2, 0.4, 0.8]] * 4)
    lists = [[3, 0], [0, 3, -1], [3, 0, -1, 1], []]
    result = losscli.compute("multilabel-margin", scores, lists)
    assert result.elements is not None
    close(result.elements, np.array([0.85, 0.85, 0.85, 0.0]))
    assert losses.multilabel_margin(scores, [[]] * 4).tolist() == [0.0] * 4


def test_a_class_that_is_none_is_an_error() -> None:
    with pytest.raises(IndexError):
        losses.multilabel_margin([[1.0, 2.0]], [[2, -1]])
    with pytest.raises(DataError, match=r"a class index 0 \.\. 1, or -1"):
        losscli.compute("multilabel-margin", [[1.0, 2.0]], [[2, -1]])


@given(rows(), st.sampled_from([0.0, 0.5]))
def test_wrong_labels_are_zero_one(data: Rows, threshold: float) -> None:
    wrong = losses.zero_one(*data, threshold=threshold)
    close(losses.hamming(*data, threshold=threshold), wrong.mean(axis=1))
    np.testing.assert_array_equal(
        losses.subset_zero_one(*data, threshold=threshold), wrong.max(axis=1)
    )


@given(rows())
def test_a_right_order_covers_no_more_than_it_must(data: Rows) -> None:
    ranking, coverage = losses.label_ranking(*data), losses.coverage(*data)
    held = data.target.sum(axis=1)
    assert (coverage >= held).all()
    some = (held > 0) & (held < data.target.shape[1])
    np.testing.assert_array_equal((coverage == held)[some], (ranking == 0)[some])
    assert (ranking[~some] == 0).all()


@given(rows())
def test_order_is_all_that_counts(data: Rows) -> None:
    moved = Rows(np.searchsorted(np.unique(data.scores), data.scores) - 7.0, data.target)
    for loss in (losses.label_ranking, losses.coverage):
        np.testing.assert_array_equal(loss(*moved), loss(*data))
