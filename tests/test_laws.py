"""What holds for every registered loss, and the identities between them.

No loss is named in the first half: a new one is tested by being declared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from strategies import bad_numbers, examples, large_example

from losscli import losses, spec
from losscli.domain import POSITIVE, Array, Real
from losscli.errors import DataError, ParameterError, UsageError
from losscli.numerics import log_softmax_parts
from losscli.spec import Loss, parse, registered


def where(keep: Callable[[Loss], object]) -> pytest.MarkDecorator:
    kept = [loss for loss in registered().values() if keep(loss)]
    return pytest.mark.parametrize("loss", kept, ids=[loss.name for loss in kept])


each_loss = where(lambda loss: True)
weighted = where(lambda loss: any(role.optional for role in loss.roles))
with_divisor = where(lambda loss: loss.divisor)
with_minimum = where(lambda loss: loss.minimum_when_equal)


def same(actual: Array, expected: Array) -> None:
    """The same bits, NaN included."""
    np.testing.assert_array_equal(actual, expected)


# --- laws ----------------------------------------------------------------------------------------


@each_loss
@given(data=st.data())
def test_shape_and_inputs_untouched(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    before = {name: array.copy() for name, array in example.given.items()}
    elements = example.elements()
    assert elements.shape == example.shape
    assert elements.dtype == np.float64
    for name, array in example.given.items():
        same(array, before[name])


@each_loss
@given(data=st.data())
def test_a_row_is_the_same_alone_and_in_any_order(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    elements = example.elements()
    for row in range(len(elements)):
        same(example.elements(lambda a, row=row: a[row : row + 1]), elements[row : row + 1])
    order = data.draw(st.permutations(range(len(elements))))
    same(example.elements(lambda a: a[list(order)]), elements[list(order)])


@each_loss
@pytest.mark.parametrize("like_logits", [False, True])
def test_a_row_is_the_same_in_a_large_block(loss: Loss, like_logits: bool) -> None:
    example = large_example(loss, seed=1, like_logits=like_logits)
    elements = example.elements()
    rows = len(elements)
    for step in (1, 7, 64):
        parts = [
            example.elements(lambda a, i=i, step=step: a[i : i + step].copy(order="K"))
            for i in range(0, rows, step)
        ]
        same(np.concatenate(parts), elements)
    order = np.random.default_rng(2).permutation(rows)
    same(example.elements(lambda a: np.asarray(a[order], order="F")), elements[order])


@each_loss
@pytest.mark.parametrize("like_logits", [False, True])
def test_memory_layout_does_not_matter(loss: Loss, like_logits: bool) -> None:
    example = large_example(loss, seed=3, like_logits=like_logits)
    elements = example.elements()
    layouts = {
        "C": np.ascontiguousarray,
        "F": np.asfortranarray,
        "strided": lambda a: np.repeat(a, 2, axis=0)[::2],
        "backwards": lambda a: a[::-1].copy()[::-1],
    }
    for name, layout in layouts.items():
        np.testing.assert_allclose(
            example.elements(layout), elements, rtol=1e-15, atol=0, err_msg=name
        )


@weighted
@given(data=st.data())
def test_element_weights_multiply(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    weight = data.draw(arrays(np.float64, example.shape, elements=st.floats(0, 8)))
    plain = example.replace(weight=None).elements()
    np.testing.assert_allclose(
        example.replace(weight=weight).elements(), weight * plain, rtol=1e-15, atol=0
    )
    for_all = weight[:1]
    np.testing.assert_allclose(
        example.replace(weight=for_all).elements(), for_all * plain, rtol=1e-15, atol=0
    )


@with_divisor
@given(data=st.data())
def test_divisor_fits_the_elements(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    elements, divisor = example.elements(), example.divisor()
    if divisor is None:
        return
    assert np.broadcast_shapes(divisor.shape, elements.shape) == elements.shape
    assert (divisor >= 0).all()


@each_loss
@given(data=st.data())
def test_finite_and_not_negative(loss: Loss, data: st.DataObject) -> None:
    elements = data.draw(examples(loss)).elements()
    assert np.isfinite(elements).all()
    if loss.non_negative:
        assert (elements >= 0).all()


@with_minimum
@given(data=st.data())
def test_least_when_prediction_and_target_agree(loss: Loss, data: st.DataObject) -> None:
    assert loss.minimum_when_equal is not None
    prediction, target = loss.minimum_when_equal
    example = data.draw(examples(loss))
    best = example.replace(**{prediction: example.roles[target]}).elements()
    assert (best <= example.elements() + 1e-12).all()


@each_loss
@given(data=st.data())
def test_domains_accept_what_is_inside(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    for name, array in example.given.items():
        assert example.domains[name].first_bad(array) is None


@each_loss
@given(data=st.data())
def test_domains_find_the_first_value_outside(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    for name, array in example.given.items():
        bad = bad_numbers(example.domains[name])
        if not bad:
            continue
        planted = array.copy(order="K")
        places = data.draw(st.sets(st.integers(0, array.size - 1), min_size=1, max_size=3))
        for place in places:
            planted[np.unravel_index(place, array.shape)] = data.draw(st.sampled_from(bad))
        first = tuple(int(i) for i in np.unravel_index(min(places), array.shape))
        assert example.domains[name].first_bad(planted) == first


@each_loss
@given(data=st.data())
def test_spec_string_round_trip(loss: Loss, data: st.DataObject) -> None:
    bound = data.draw(examples(loss)).bound
    again = parse(str(bound))
    assert again == bound
    assert hash(again) == hash(bound)
    assert str(again) == str(bound)


@each_loss
def test_every_name_finds_it(loss: Loss) -> None:
    spellings = [loss.name, loss.name.upper(), loss.kernel.__name__]
    for name in [*spellings, *loss.aliases, *(loss.torch or loss.name).split(".")[-1:]]:
        assert spec.find(name) is loss


@each_loss
def test_declaration_is_complete(loss: Loss) -> None:
    assert loss.summary.endswith(".")
    assert ".. math::" in loss.doc
    assert "mean" in loss.doc
    assert "divides" in loss.doc
    for text in (loss.use_when, loss.avoid_when, loss.reference):
        assert text
        assert not text.endswith(".")
    for param in loss.params.values():
        assert param.help
        assert param.check(loss.name, param.default) == param.default
    assert loss.kernel.__name__ in losses.__all__
    assert loss.reductions[0] == "mean"


@each_loss
@given(data=st.data())
def test_direct_call_is_the_kernel(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    call = getattr(losses, loss.kernel.__name__)
    listed = {name: array.tolist() for name, array in example.given.items()}
    same(call(**listed, **example.bound.params), example.elements())


# --- identities ----------------------------------------------------------------------------------

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


# --- what a user may pass ------------------------------------------------------------------------


def test_direct_calls_take_what_users_have() -> None:
    assert losses.mse([2.5, 0, 2], [3, -0.5, 2]).tolist() == [0.25, 0.25, 0.0]
    assert losses.mse(2.5, 3) == 0.25
    assert losses.huber(np.float32([1, 2]), np.array([1, 4])).dtype == np.float64
    assert losses.mse([[1.0], [2.0]], [1.0, 4.0]).shape == (2, 1)
    assert losses.cross_entropy([2.0, 1.0, 0.1], 0) == pytest.approx(0.4170300162778335)
    assert losses.pairwise_distance([3.0, 0.0], [0.0, 4.0], eps=0) == 5.0
    assert losses.cosine_embedding([1.0, 0.0], [0.0, 1.0], 1) == 1.0


@pytest.mark.filterwarnings("error")
def test_direct_calls_do_not_warn() -> None:
    assert np.isnan(losses.bce_with_logits([np.inf], [1])[0])
    assert losses.mse([1e300], [-1e300]).tolist() == [np.inf]
    assert losses.bce([0.0], [1.0]).tolist() == [100.0]


@pytest.mark.parametrize("label", [-1, 3, 1e300, np.nan])
def test_a_label_that_is_no_class_is_no_silent_wrap(label: float) -> None:
    with pytest.raises(IndexError):
        losses.cross_entropy([[1.0, 2.0, 3.0]], [label])


@pytest.mark.parametrize(
    "arrays",
    [([1, 2, 3], [1]), ([1, 2, 3], [1, 2]), ([[1, 2]], [1, 2]), ([1, 2], [1, 2], [1, 2, 3])],
)
def test_direct_calls_broadcast_no_rows(arrays: tuple[list[float], ...]) -> None:
    with pytest.raises(DataError):
        losses.mse(*arrays)


def test_direct_calls_check_parameters() -> None:
    with pytest.raises(ParameterError, match="delta"):
        losses.huber([1.0], [2.0], delta=-1)


# --- adding a loss -------------------------------------------------------------------------------


@pytest.fixture
def _clean_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spec, "_BY_NAME", dict(spec._BY_NAME))
    monkeypatch.setattr(spec, "_BY_KEY", dict(spec._BY_KEY))


DECLARATION: dict[str, Any] = {
    "aliases": ("relu_error",),
    "use_when": "a test needs one",
    "avoid_when": "it is not a test",
    "reference": "none",
}


@pytest.mark.usefixtures("_clean_registry")
def test_a_declaration_is_all_a_loss_needs() -> None:
    @spec.loss(**DECLARATION)
    def one_sided_error(
        prediction: Real,
        target: Real,
        *,
        slope: Annotated[float, POSITIVE, "loss per unit above the target"] = 2.0,
    ) -> Array:
        """Only overshooting costs."""
        return slope * np.maximum(prediction - target, 0.0)

    declared = registered()["one-sided-error"]
    assert spec.find("ReluError") is declared
    assert [role.name for role in declared.roles] == ["prediction", "target"]
    assert declared.summary == "Only overshooting costs."
    bound = parse("one_sided_error(slope=0.5)")
    assert str(bound) == "one-sided-error(slope=0.5)"
    assert one_sided_error([3.0, 1.0], [1.0, 3.0], slope=0.5).tolist() == [1.0, 0.0]
    with pytest.raises(ParameterError, match="slope = 0"):
        parse("one-sided-error(slope=0)")
    with pytest.raises(ParameterError, match="slope"):
        parse("one-sided-error(slop=1)")


@pytest.mark.usefixtures("_clean_registry")
def test_two_losses_cannot_share_a_name() -> None:
    def huber(prediction: Real, target: Real) -> Array:
        """Not that one."""
        return prediction - target

    with pytest.raises(UsageError, match="huber"):
        spec.loss(**DECLARATION)(huber)


def test_the_registry_is_clean() -> None:
    assert "one-sided-error" not in registered()
