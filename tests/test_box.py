"""How the box losses relate, and what their docstrings say in words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from losscli import losses
from losscli.domain import Array

LOSSES = [losses.iou, losses.log_iou, losses.giou, losses.diou, losses.ciou, losses.eiou]
each_loss = pytest.mark.parametrize("loss", LOSSES)

# On a grid, so that shifts and factors are exact.
steps = st.integers(-20, 20).map(lambda n: n / 4)
sizes = st.integers(1, 20).map(lambda n: n / 4)
boxes = st.tuples(steps, steps, sizes, sizes).map(
    lambda b: np.array([[b[0], b[1], b[0] + b[2], b[1] + b[3]]])
)


def close(actual: Array, expected: Array) -> None:
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-15)


@given(boxes, boxes)
def test_each_adds_to_the_one_before(x: Array, y: Array) -> None:
    iou = losses.iou(x, y)
    assert 0 <= iou <= losses.giou(x, y, eps=0) <= 2
    diou = losses.diou(x, y, eps=0)
    assert iou <= diou <= losses.ciou(x, y, eps=0, iou_eps=0)
    assert diou <= losses.eiou(x, y, eps=0) <= 4
    close(losses.iou(x, y, alpha=2), 1 - (1 - iou) ** 2)
    close(np.exp(-losses.log_iou(x, y)), np.maximum(1 - iou, 1e-6))


@each_loss
@given(x=boxes, y=boxes, shift=steps)
def test_symmetric_and_blind_to_place(
    loss: Callable[..., Array], x: Array, y: Array, shift: float
) -> None:
    close(loss(y, x), loss(x, y))
    close(loss(x + shift, y + shift), loss(x, y))


@each_loss
@given(x=boxes, y=boxes, exponent=st.integers(-300, 1000))
def test_blind_to_scale(loss: Callable[..., Array], x: Array, y: Array, exponent: int) -> None:
    names = ("eps", "iou_eps") if loss is losses.ciou else ("eps",)
    exact = {} if loss is losses.log_iou else dict.fromkeys(names, 0.0)
    close(loss(np.ldexp(x, exponent), np.ldexp(y, exponent), **exact), loss(x, y, **exact))


@each_loss
@given(x=boxes, y=boxes)
def test_formats(loss: Callable[..., Array], x: Array, y: Array) -> None:
    def sized(box: Array, anchor: float) -> Array:
        corner, size = box[:, :2], box[:, 2:] - box[:, :2]
        return np.concatenate((corner + anchor * size, size), axis=1)

    close(loss(sized(x, 0.0), sized(y, 0.0), fmt="xywh"), loss(x, y))
    close(loss(sized(x, 0.5), sized(y, 0.5), fmt="cxcywh"), loss(x, y))


@given(boxes)
def test_a_perfect_box_costs_nothing(x: Array) -> None:
    assert losses.iou(x, x) == losses.log_iou(x, x) == 0
    assert losses.giou(x, x, eps=0) == losses.diou(x, x, eps=0) == 0
    assert losses.ciou(x, x, eps=0, iou_eps=0) == losses.eiou(x, x, eps=0) == 0


def test_a_box_inside_another_is_told_apart_by_its_place() -> None:
    large, left, middle = [0, 0, 6, 6], [0, 0, 2, 2], [2, 2, 4, 4]
    for loss in (losses.iou, losses.giou):
        assert loss(left, large) == loss(middle, large)
    for loss in (losses.diou, losses.ciou, losses.eiou):
        assert loss(left, large) > loss(middle, large)


def test_a_box_that_ends_before_it_begins_is_empty() -> None:
    inverted, target = [3.0, 3.0, 1.0, 1.0], [0.0, 0.0, 4.0, 4.0]
    assert losses.iou(inverted, target) == 1
    assert losses.giou(inverted, target) == 1
    for loss in (losses.diou, losses.ciou, losses.eiou):
        assert 1 <= loss(inverted, target) < 4


@each_loss
def test_points_are_no_trouble(loss: Callable[..., Array]) -> None:
    for other in ([1, 1, 1, 1], [0, 0, 2, 2], [0, 0, 0, 3]):
        assert np.isfinite(loss([1, 1, 1, 1], other))
    assert losses.ciou([1, 1, 1, 1], [0, 0, 2, 2]) == 1
