"""Identities between losses: one is another in disguise, or a limit of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losscli import losses, spec
from losscli.domain import Array
from losscli.numerics import log_softmax_parts


def same(actual: Array, expected: Array) -> None:
    """The same bits, NaN included."""
    np.testing.assert_array_equal(actual, expected)


reals = st.floats(-30, 30)


def columns(*strategies: st.SearchStrategy[float]) -> st.SearchStrategy[list[Array]]:
    """One array for each strategy, all of one length."""
    return st.lists(st.tuples(*strategies), min_size=1, max_size=8).map(
        lambda rows: [np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)]
    )


def matrices(low: float = -30, high: float = 30) -> st.SearchStrategy[Array]:
    shape = st.tuples(st.integers(1, 5), st.integers(2, 5))
    return shape.flatmap(lambda s: arrays(np.float64, s, elements=st.floats(low, high)))


def close(actual: Array, expected: Array, *, rtol: float = 1e-13, atol: float = 1e-14) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


@given(columns(reals, reals), st.floats(1e-3, 50))
def test_smooth_l1_is_huber_over_beta(xy: list[Array], beta: float) -> None:
    close(losses.smooth_l1(*xy, beta=beta), losses.huber(*xy, delta=beta) / beta)


@given(columns(reals, reals))
def test_regression_limits(xy: list[Array]) -> None:
    same(losses.smooth_l1(*xy, beta=0), losses.mae(*xy))
    close(losses.huber(*xy, delta=1e3), losses.mse(*xy) / 2)
    for loss in (losses.mse, losses.mae, losses.huber, losses.smooth_l1):
        same(loss(xy[0], xy[0]), np.zeros(len(xy[0])))
        same(loss(*xy), loss(*xy[::-1]))


@given(matrices(), st.data())
def test_cross_entropy_is_nll_of_log_softmax(logits: Array, data: st.DataObject) -> None:
    rows, classes = logits.shape
    target = data.draw(arrays(np.float64, rows, elements=st.integers(0, classes - 1).map(float)))
    weight = data.draw(st.lists(st.floats(0, 4), min_size=classes, max_size=classes))
    shifted, log_total = log_softmax_parts(logits)
    log_probs = shifted - log_total[:, None]
    close(
        losses.cross_entropy(logits, target, weight=weight),
        losses.nll(log_probs, target, weight=weight),
    )
    one_hot = np.eye(classes)[target.astype(int)]
    close(losses.cross_entropy(logits, one_hot), losses.cross_entropy(logits, target))
    smooth = 0.75 * one_hot + 0.25 / classes
    close(
        losses.cross_entropy(logits, smooth),
        losses.cross_entropy(logits, target, label_smoothing=0.25),
    )


@given(matrices(-8, 8), st.floats(-1e3, 1e3))
def test_cross_entropy_does_not_see_an_offset(logits: Array, offset: float) -> None:
    target = np.zeros(len(logits))
    moved = losses.cross_entropy(logits + offset, target)
    close(moved, losses.cross_entropy(logits, target), atol=1e-12)


@given(columns(reals, reals, st.sampled_from([0.0, 1.0])))
def test_two_classes_are_one_logit(rows: list[Array]) -> None:
    x0, x1, target = rows
    two = losses.cross_entropy(np.stack([x0, x1], axis=1), target)
    close(two, losses.bce_with_logits(x1 - x0, target), atol=0)


@given(columns(st.floats(-12, 12), st.floats(0, 1), st.floats(0, 4)))
def test_bce_with_logits_is_bce_of_sigmoid(rows: list[Array]) -> None:
    x, target, weight = rows
    probability = 1 / (1 + np.exp(-x))
    close(
        losses.bce_with_logits(x, target, weight),
        losses.bce(probability, target, weight),
        rtol=1e-10,
        atol=1e-10,
    )


@given(columns(reals, st.floats(0, 1)))
def test_bce_with_logits_is_symmetric(rows: list[Array]) -> None:
    x, target = rows
    close(losses.bce_with_logits(-x, 1 - target), losses.bce_with_logits(x, target))
    close(losses.bce_with_logits(x, target, pos_weight=1), losses.bce_with_logits(x, target))


@given(columns(reals, st.floats(0, 1)))
def test_focal_without_focus_is_bce(rows: list[Array]) -> None:
    close(losses.focal(*rows, gamma=0, alpha=None), losses.bce_with_logits(*rows), atol=0)
    close(losses.focal(*rows, alpha=0.5), losses.focal(*rows, alpha=None) / 2, atol=0)
    assert (losses.focal(*rows, alpha=None) <= losses.bce_with_logits(*rows)).all()


@given(columns(reals, reals, st.sampled_from([-1.0, 1.0])), st.floats(-3, 3))
def test_margin_ranking_is_antisymmetric(rows: list[Array], margin: float) -> None:
    x1, x2, target = rows
    same(
        losses.margin_ranking(x1, x2, target, margin=margin),
        losses.margin_ranking(x2, x1, -target, margin=margin),
    )


@given(columns(st.floats(0, 30), st.sampled_from([-1.0, 1.0])), st.floats(0, 5))
def test_hinge_embedding_with_any_target_has_both_terms(rows: list[Array], margin: float) -> None:
    distance, target = rows
    similar = losses.hinge_embedding(distance, np.ones_like(target), margin=margin)
    dissimilar = losses.hinge_embedding(distance, -np.ones_like(target), margin=margin)
    same(similar, distance)
    same(losses.hinge_embedding(distance, 0 * target, margin=margin), similar + dissimilar)


def triples(
    *, low: float = -30, high: float = 30, width: int = 1
) -> st.SearchStrategy[list[Array]]:
    shape = st.tuples(st.integers(1, 4), st.integers(width, 9))
    block = shape.flatmap(lambda s: arrays(np.float64, (3, *s), elements=st.floats(low, high)))
    return block.map(list)


norms = st.sampled_from([1.0, 2.0, 3.0, 0.5, np.inf])


@given(triples(), norms)
def test_triplet_margin_compares_two_distances(abc: list[Array], p: float) -> None:
    a, b, c = abc
    near, far = losses.pairwise_distance(a, b, p=p), losses.pairwise_distance(a, c, p=p)
    plain = losses.triplet_margin(a, b, c, p=p, margin=0.5)
    close(plain, np.maximum(near - far + 0.5, 0))
    swapped = losses.triplet_margin(a, b, c, p=p, margin=0.5, swap=True)
    assert (swapped >= plain).all()


@given(triples(), st.sampled_from([1.0, 2.0, 3.0, np.inf]))
def test_pairwise_distance_is_a_distance(abc: list[Array], p: float) -> None:
    a, b, c = abc

    def distance(x: Array, y: Array) -> Array:
        return losses.pairwise_distance(x, y, p=p, eps=0)

    same(distance(a, a), np.zeros(len(a)))
    same(distance(a, b), distance(b, a))
    assert (distance(a, c) <= (distance(a, b) + distance(b, c)) * (1 + 1e-12)).all()


@given(triples(low=0.5), st.floats(0.25, 4))  # far from 0, where PyTorch's epsilon would show
def test_cosine_embedding_sees_direction_only(abc: list[Array], scale: float) -> None:
    a, b, _ = abc
    for sign in (1.0, -1.0):
        target = np.full(len(a), sign)
        close(
            losses.cosine_embedding(scale * a, b, target),
            losses.cosine_embedding(a, b, target),
            atol=1e-9,
        )
    one = np.ones(len(a))
    assert (losses.cosine_embedding(a, scale * a, one) < 1e-9).all()
    close(losses.cosine_embedding(a, -a, one), 2 * one, atol=1e-9)


@given(triples(low=-8, high=8, width=2))
def test_kl_div_of_distributions(xyz: list[Array]) -> None:
    x, y, _ = xyz
    log_q, log_p = (
        shifted - log_total[:, None] for shifted, log_total in map(log_softmax_parts, (x, y))
    )
    elements = losses.kl_div(log_q, np.exp(log_p))
    close(elements, losses.kl_div(log_q, log_p, log_target=True), atol=1e-13)
    assert (elements.sum(axis=1) >= -1e-14).all()
    close(losses.kl_div(log_p, log_p, log_target=True), np.zeros_like(log_p), atol=0)
    entropy = -(np.exp(log_p) * log_p).sum(axis=1)
    close(elements.sum(axis=1), losses.cross_entropy(x, np.exp(log_p)) - entropy, atol=1e-12)


@pytest.mark.parametrize("weight", [None, [1.0, 0.5, 2.0]])
def test_an_ignored_target_adds_nothing(weight: list[float] | None) -> None:
    logits, target = np.array([[1.0, 2.0, np.nan], [0.5, 0.0, -1.0]]), np.array([7.0, 1.0])
    for name in ("cross-entropy", "nll"):
        bound = spec.find(name)(weight=weight, ignore_index=7)
        assert bound.loss.kernel(logits, target, **bound.arguments)[0] == 0.0
        assert bound.loss.divisor is not None
        divisor = bound.loss.divisor(logits, target, **bound.arguments)
        assert divisor is not None
        assert divisor.tolist() == [0.0, 0.5 if weight else 1.0]
