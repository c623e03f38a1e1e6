"""What holds for every registered loss, and the identities between them.

No loss is named in the first half: a new one is tested by being declared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from strategies import Example, bad_numbers, examples, large_example

from losscli import losses, spec
from losscli.domain import POSITIVE, Array, Real
from losscli.errors import DataError, ParameterError, UsageError
from losscli.spec import Loss, parse, registered, registry


def where(keep: Callable[[Loss], object]) -> pytest.MarkDecorator:
    kept = [loss for loss in registered().values() if keep(loss)]
    return pytest.mark.parametrize("loss", kept, ids=[loss.name for loss in kept])


each_loss = where(lambda loss: True)
each_row_loss = where(lambda loss: not loss.is_set)
each_set_loss = where(lambda loss: loss.is_set)
weighted = where(lambda loss: any(role.is_weight for role in loss.roles))
with_divisor = where(lambda loss: loss.divisor)
with_minimum = where(lambda loss: loss.minimum_when_equal)


def same(actual: Array, expected: Array) -> None:
    """The same bits, NaN included."""
    np.testing.assert_array_equal(actual, expected)


# --- laws ----------------------------------------------------------------------------------------


@each_row_loss
@given(data=st.data())
def test_shape_and_inputs_untouched(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    before = {name: array.copy() for name, array in example.given.items()}
    elements = example.elements()
    assert elements.shape == example.shape
    assert elements.dtype == np.float64
    for name, array in example.given.items():
        same(array, before[name])


@each_row_loss
@given(data=st.data())
def test_a_row_is_the_same_alone_and_in_any_order(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    elements = example.elements()
    for row in range(len(elements)):
        same(example.elements(lambda a, row=row: a[row : row + 1]), elements[row : row + 1])
    order = data.draw(st.permutations(range(len(elements))))
    same(example.elements(lambda a: a[list(order)]), elements[list(order)])


@each_row_loss
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


@each_row_loss
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
    for given_weight in (weight, weight[:1]):
        with np.errstate(invalid="ignore"):  # a loss may be infinite: 0 * inf is NaN
            weighed = given_weight * plain
        np.testing.assert_allclose(
            example.replace(weight=given_weight).elements(), weighed, rtol=1e-15, atol=0
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


@each_row_loss
@given(data=st.data())
def test_finite_and_not_negative(loss: Loss, data: st.DataObject) -> None:
    elements = data.draw(examples(loss)).elements()
    if loss.finite:
        assert np.isfinite(elements).all()
    if loss.non_negative:
        assert not (elements < 0).any()


@with_minimum
@given(data=st.data())
def test_least_when_prediction_and_target_agree(loss: Loss, data: st.DataObject) -> None:
    assert loss.minimum_when_equal is not None
    prediction, target = loss.minimum_when_equal
    example = data.draw(examples(loss))
    best = example.replace(**{prediction: example.roles[target]})
    if loss.is_set:
        assert not best.value() > example.value() + 1e-12
    else:
        assert not (best.elements() > example.elements() + 1e-12).any()


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
        if not bad or array.size == 0:
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
    assert loss.is_set or re.search(r"mean\W+divides", loss.doc)
    assert ">>> losses." in loss.doc
    for text in (loss.use_when, loss.avoid_when, loss.reference):
        assert text
        assert not text.endswith(".")
    for param in loss.params.values():
        assert param.help
        assert param.check(loss.name, param.default) == param.default
    assert loss.kernel.__name__ in losses.__all__
    assert loss.reductions[0] == ("overall" if loss.is_set else "mean")


@each_loss
@given(data=st.data())
def test_direct_call_is_the_kernel(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    call = getattr(losses, loss.kernel.__name__)
    given = {name: array.copy() for name, array in example.given.items()}
    expected = np.asarray(example.value()) if loss.is_set else example.elements()
    same(call(**given, **example.bound.params), expected)


# --- laws of set losses --------------------------------------------------------------------------


def gathered(example: Example, cuts: list[int], weight: Array | None = None) -> float:
    """The set loss of rows cut into blocks and merged."""
    bounds = [0, *sorted(cuts), len(next(iter(example.given.values())))]
    parts = []
    for start, stop in pairwise(bounds):
        block = [None if a is None else a[start:stop] for a in example.roles.values()]
        parts.append(example.bound.gather(block, None if weight is None else weight[start:stop]))
    first, *later = parts
    for part in later:
        for mine, theirs in zip(first, part, strict=True):
            mine.merge(theirs)
    return example.bound.finish(first)


@each_set_loss
@given(data=st.data())
def test_no_cut_of_the_rows_shows(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    rows = len(next(iter(example.given.values())))
    cuts = data.draw(st.lists(st.integers(0, rows), max_size=3))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(gathered(example, cuts), example.value(), rtol=1e-12, atol=1e-13)


@each_set_loss
@given(data=st.data())
def test_the_order_of_the_rows_does_not_matter(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    rows = len(next(iter(example.given.values())))
    order = data.draw(st.permutations(range(rows)))
    np.testing.assert_allclose(
        example.value(lambda a: a[list(order)]), example.value(), rtol=1e-12, atol=1e-13
    )


@each_set_loss
@given(data=st.data())
def test_a_weight_counts_a_row_so_often(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    rows = len(next(iter(example.given.values())))
    times = np.array(data.draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows)))
    repeated = example.value(lambda a: np.repeat(a, times, axis=0))
    weighted = example.value(weight=times.astype(np.float64))
    np.testing.assert_allclose(weighted, repeated, rtol=1e-12, atol=1e-13)


@each_set_loss
@given(data=st.data())
def test_a_set_loss_leaves_its_inputs_alone(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss))
    before = {name: array.copy() for name, array in example.given.items()}
    value = example.value()
    assert not (loss.non_negative and value < 0.0)
    for name, array in example.given.items():
        same(array, before[name])


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
    monkeypatch.setattr(registry, "_BY_NAME", dict(registry._BY_NAME))
    monkeypatch.setattr(registry, "_BY_KEY", dict(registry._BY_KEY))


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
