"""What the ranking losses have to do with each other, and their edges."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losscli import losses
from losscli.domain import Array
from losscli.spec import find, registered

LISTS = [loss for loss in registered().values() if loss.family == "ranking" and loss.is_list]
MEASURES = [losses.ndcg, losses.average_precision, losses.reciprocal_rank, losses.approx_ndcg]

small = st.integers(1, 6)
scores = small.flatmap(lambda n: arrays(np.float64, (3, n), elements=st.floats(-20, 20)))


def close(actual: Array, expected: Any, rtol: float = 1e-12) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-15)


def one_relevant(x: Array, grade: float = 1.0) -> Array:
    """One relevant item in each list, here and there."""
    target = np.zeros_like(x)
    target[np.arange(len(x)), np.arange(len(x)) % x.shape[1]] = grade
    return target


@given(x=scores)
def test_one_relevant_item_makes_many_losses_one(x: Array) -> None:
    target = one_relevant(x)
    expected = losses.cross_entropy(x, target.argmax(axis=1))
    for alike in (losses.listnet, losses.unique_softmax):
        close(alike(x, target), expected)
    close(losses.listnet(x, target, normalize="sum"), expected)
    close(losses.poly1_softmax(x, target, epsilon=0), expected)
    rank = losses.reciprocal_rank(x, target)
    close(losses.average_precision(x, target), rank)
    close(losses.err(x, target), rank)
    close(losses.ndcg(x, target, ties="order"), 1 - 1 / np.log2(1 + 1 / (1 - rank)), rtol=1e-9)


@given(x=arrays(np.float64, (4, 2), elements=st.floats(-20, 20)))
def test_a_list_of_two_is_a_pair(x: Array) -> None:
    target = np.tile([2.0, 1.0], (4, 1))
    first, second = x.T
    for alike in (losses.pair_logit, losses.listmle):
        close(alike(x, target), losses.bpr(first, second))
    hinge = losses.margin_ranking(first, second, np.ones(4), margin=0.5)
    close(losses.pairwise_hinge(x, target, margin=0.5), hinge)


@given(x=scores)
def test_a_cold_approx_ndcg_is_ndcg(x: Array) -> None:
    x, target = np.round(x, 1), np.arange(x.size).reshape(x.shape) % 4.0
    if any(len(set(row)) < len(row) for row in x.tolist()):
        return
    close(losses.approx_ndcg(x, target, temperature=1e-3), losses.ndcg(x, target), rtol=1e-9)


@given(x=scores, data=st.data())
def test_ndcg_loss2_bounds_the_ndcg_lost(x: Array, data: st.DataObject) -> None:
    target = data.draw(arrays(np.float64, x.shape, elements=st.integers(0, 4)))
    bound = losses.lambda_ndcg(x, target, weighting="ndcg_loss2") / math.log(2)
    assert (losses.ndcg(x, target, ties="order") <= bound + 1e-12).all()


@given(x=scores, data=st.data())
def test_lambda_weightings_add_up(x: Array, data: st.DataObject) -> None:
    target = data.draw(arrays(np.float64, x.shape, elements=st.integers(0, 4)))
    swap, bound, both = (
        losses.lambda_ndcg(x, target, weighting=weighting, mu=3)
        for weighting in ("lambdarank", "ndcg_loss2", "ndcg_loss2++")
    )
    close(both, swap + 3 * bound)


@given(x=scores, data=st.data())
def test_averaged_ties_are_the_mean_of_all_orders(x: Array, data: st.DataObject) -> None:
    x = np.round(x[:1, :4] / 10)
    target = data.draw(arrays(np.float64, x.shape, elements=st.integers(0, 3)))
    every = [
        losses.ndcg(x[:, list(order)], target[:, list(order)], ties="order")
        for order in itertools.permutations(range(x.shape[1]))
    ]
    close(losses.ndcg(x, target), np.mean(every, axis=0), rtol=1e-9)
    close(losses.ndcg(x, target, ties="worst"), np.max(every, axis=0))


@pytest.mark.parametrize("measure", [losses.average_precision, losses.reciprocal_rank, losses.err])
def test_worst_ties_put_the_least_relevant_first(measure: Callable[..., Array]) -> None:
    x, target = [[1.0, 1.0, 1.0]], [[1, 0, 0]]
    assert measure(x, target).item() == 0.0
    assert measure(x, target, ties="worst").item() == pytest.approx(2 / 3)


def test_auc_is_the_share_of_wrong_pairs() -> None:
    rng = np.random.default_rng(5)
    x, y = np.round(rng.normal(size=40), 1), rng.integers(0, 2, 40)
    wrong = [
        float(x[j] > x[i]) + 0.5 * float(x[j] == x[i])
        for i in np.flatnonzero(y == 1)
        for j in np.flatnonzero(y == 0)
    ]
    close(losses.auc(x, y), np.mean(wrong))


@pytest.mark.parametrize("measure", MEASURES)
def test_a_list_without_a_relevant_item(measure: Callable[..., Array]) -> None:
    x, target = [[1.0, 2.0]], [[0, 0]]
    found = [measure(x, target, empty_target_action=a).item() for a in ("pos", "neg", "skip")]
    assert found == [0.0, 1.0, 0.0]
    divisor = find(measure.__name__).divisor
    assert divisor is not None
    assert divisor(np.array(x), np.zeros((1, 2)), empty_target_action="skip").tolist() == [0.0]
    assert divisor(np.array(x), np.zeros((1, 2)), empty_target_action="neg") is None


def test_a_cut_average_precision_has_three_divisors() -> None:
    x, target = [4.0, 3.0, 2.0, 1.0], [1, 0, 1, 1]
    found = {
        normalize: losses.average_precision(x, target, k=2, normalize=normalize).item()
        for normalize in ("ideal", "relevant", "found")
    }
    assert found == pytest.approx({"ideal": 1 / 2, "relevant": 2 / 3, "found": 0.0})


def test_a_late_swap_in_a_long_list_keeps_its_digits() -> None:
    items = 100_000
    target = np.zeros(items)
    target[:-2] = target[-1] = 1.0
    lost = losses.ndcg(-np.arange(items), target).item()
    steps = math.log(items / (items + 1)) / math.log(items) / math.log(items + 1) * -math.log(2)
    best = math.fsum(1 / math.log2(1 + r) for r in range(1, items))
    assert lost == pytest.approx(steps / best, rel=1e-9)


@given(x=scores)
def test_a_user_without_patience_sees_the_first_item(x: Array) -> None:
    target = np.tile(np.linspace(0.1, 0.9, x.shape[1]), (len(x), 1))
    seen = 1 - target[np.arange(len(x)), x.argmax(axis=1)]
    close(losses.pfound(x, target, decay=0), seen)
    close(losses.pfound(x, target, k=1), seen)
    close(losses.err(x, target, k=1), seen)


@given(x=scores, data=st.data())
def test_query_cross_entropy_from_its_parts(x: Array, data: st.DataObject) -> None:
    target = data.draw(arrays(np.float64, x.shape, elements=st.floats(0, 1)))
    plain = losses.bce_with_logits(x, target).sum(axis=1)
    close(losses.query_cross_entropy(x, target, alpha=0), plain)
    shifted = losses.query_cross_entropy(x, target, alpha=1)
    assert (shifted <= plain + 1e-12).all()
    close(losses.query_cross_entropy(x + 3, target, alpha=1), shifted, rtol=1e-9)
    close(losses.query_cross_entropy(x, target, alpha=0.25), 0.75 * plain + 0.25 * shifted)


@given(x=scores, shift=arrays(np.float64, (3, 1), elements=st.floats(-9, 9)))
def test_query_rmse_knows_no_level(x: Array, shift: Array) -> None:
    target = np.round(x[::-1] / 2)
    found = losses.query_rmse(x, target)
    np.testing.assert_allclose(losses.query_rmse(x + shift, target), found, rtol=1e-9, atol=1e-13)
    residual = target - x
    residual -= residual.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found, np.sqrt(np.mean(residual**2)), rtol=1e-9, atol=1e-13)


def test_query_rmse_of_lists_of_different_lengths() -> None:
    bound = find("query-rmse")()
    short = bound.gather([np.array([[0.0, 1.0]]), np.array([[3.0, 2.0]])], None)
    long = bound.gather([np.array([[1.0, 1.0, 1.0]]), np.array([[0.0, 3.0, 0.0]])], None)
    for mine, later in zip(short, long, strict=True):
        mine.merge(later)
    assert bound.finish(short) == pytest.approx(math.sqrt((2 + 6) / 5))


@pytest.mark.parametrize("loss", LISTS, ids=[loss.name for loss in LISTS])
@pytest.mark.parametrize("items", [0, 1])
def test_lists_of_no_item_and_of_one(loss: Any, items: int) -> None:
    x, target = np.full((2, items), 2.5), np.ones((2, items))
    with np.errstate(all="ignore"):
        made = loss.kernel(x, target, **loss().arguments)
    for array in made if isinstance(made, tuple) else (made,):
        assert array.shape == (2,)
        assert np.isfinite(array).all()
    if loss.divisor and (divisor := loss.divisor(x, target, **loss().arguments)) is not None:
        assert divisor.shape == (2,)
