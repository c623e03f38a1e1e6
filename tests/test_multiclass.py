"""Identities, limits and edges of the multiclass losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import losscli
from losscli import losses
from losscli.domain import Array
from losscli.spec import find


@dataclass(frozen=True)
class Rows:
    """Logits, their softmax, and a target for each row."""

    logits: Array
    target: Array

    @property
    def classes(self) -> int:
        return self.logits.shape[1]

    @property
    def probabilities(self) -> Array:
        terms = np.exp(self.logits - self.logits.max(axis=1, keepdims=True))
        return terms / terms.sum(axis=1, keepdims=True)

    @property
    def one_hot(self) -> Array:
        return np.eye(self.classes)[self.target.astype(int)]

    @property
    def of_target(self) -> Array:
        return self.probabilities[np.arange(len(self.target)), self.target.astype(int)]


@st.composite
def rows(draw: st.DrawFn, size: float = 8.0, classes: int | None = None) -> Rows:
    n, c = draw(st.integers(1, 5)), classes or draw(st.integers(2, 5))
    logits = draw(arrays(np.float64, (n, c), elements=st.floats(-size, size)))
    target = draw(arrays(np.float64, n, elements=st.integers(0, c - 1).map(float)))
    return Rows(logits, target)


def close(actual: Array, expected: Array, *, rtol: float = 1e-12, atol: float = 1e-13) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def same(actual: Array, expected: Array) -> None:
    np.testing.assert_array_equal(actual, expected)


# --- one is another in disguise ------------------------------------------------------------------


@pytest.mark.parametrize(
    "disguised",
    [
        lambda x, y: losses.softmax_focal(x, y, gamma=0),
        lambda x, y: losses.poly_cross_entropy(x, y, epsilon=0),
        lambda x, y: losses.symmetric_cross_entropy(x, y, alpha=1, beta=0),
        lambda x, y: losses.logit_adjusted_cross_entropy(x, y),
        lambda x, y: losses.logit_adjusted_cross_entropy(x, y, prior=[3.0] * x.shape[1]),
        lambda x, y: losses.logit_adjusted_cross_entropy(
            x, y, prior=range(1, 1 + len(x[0])), tau=0
        ),
        lambda x, y: losses.class_balanced_cross_entropy(x, y),
        lambda x, y: losses.class_balanced_cross_entropy(x, y, counts=[7.0] * x.shape[1]),
        lambda x, y: losses.class_balanced_cross_entropy(
            x, y, counts=range(1, 1 + len(x[0])), beta=0
        ),
        lambda x, y: losses.taylor_cross_entropy(x, y, order=4000),
        lambda x, y: losses.linear_cross_entropy(x, np.eye(x.shape[1]), y),
        lambda x, y: losses.cross_entropy(x, np.eye(x.shape[1])[y.astype(int)]),
    ],
)
@given(given_rows=rows(size=2.0))
def test_cross_entropy_in_disguise(
    disguised: Callable[[Array, Array], Array], given_rows: Rows
) -> None:
    x, y = given_rows.logits, given_rows.target
    close(disguised(x, y), losses.cross_entropy(x, y))


@given(rows())
def test_probabilities_say_what_logits_say(r: Rows) -> None:
    cross_entropy = losses.cross_entropy(r.logits, r.target)
    close(losses.log_loss(r.probabilities, r.target), cross_entropy)
    close(losses.log_loss(r.probabilities / 3, r.target, renormalize=True), cross_entropy)
    close(losses.log_loss(r.probabilities, r.one_hot), cross_entropy)
    focal = losses.categorical_focal(r.probabilities, r.target, alpha=1, gamma=1.5, eps=1e-300)
    close(focal, losses.softmax_focal(r.logits, r.target, gamma=1.5))


@given(rows())
def test_bounded_losses_of_the_probability(r: Rows) -> None:
    missing = 1 - r.of_target
    close(losses.taylor_cross_entropy(r.logits, r.target, order=1), missing)
    close(losses.generalized_cross_entropy(r.probabilities, r.target, q=1), missing)
    reverse = losses.symmetric_cross_entropy(r.logits, r.target, alpha=0, log_zero=-1)
    close(reverse, missing)
    near = losses.generalized_cross_entropy(r.probabilities, r.target, q=1e-12)
    close(near, losses.log_loss(r.probabilities, r.target), rtol=1e-10)


@given(rows())
def test_perplexity_is_the_exponential_of_cross_entropy(r: Rows) -> None:
    mean = losses.cross_entropy(r.logits, r.target).mean()
    close(losses.perplexity(r.logits, r.target), np.exp(mean))
    close(losses.perplexity(np.zeros((1, r.classes)), [0.0]), np.float64(r.classes))


@given(rows(size=30.0))
def test_one_against_the_rest_is_bce_of_columns(r: Rows) -> None:
    columns = losses.bce_with_logits(r.logits, r.one_hot).mean(axis=1)
    close(losses.one_vs_rest_bce(r.logits, r.target), columns)


@given(rows())
def test_two_ordered_classes_are_brier(r: Rows) -> None:
    two = Rows(r.logits[:, :2], np.minimum(r.target, 1))
    brier = losses.multiclass_brier(two.probabilities, two.target, scale_by_half=True)
    close(losses.squared_emd(two.probabilities, two.target), brier)
    close(brier, (1 - two.of_target) ** 2)
    index, soft = ((two.probabilities, y) for y in (two.target, two.one_hot))
    same(losses.squared_emd(*index), losses.squared_emd(*soft))
    same(losses.multiclass_brier(*index), losses.multiclass_brier(*soft))


@given(rows(size=30.0))
def test_thresholds(r: Rows) -> None:
    one = r.logits[:, :1]
    above = np.minimum(r.target, 1)
    close(losses.coral(one, above), losses.bce_with_logits(one[:, 0], above))
    close(losses.corn(one, above), losses.coral(one, above))
    assert (losses.corn(r.logits, r.target) <= losses.coral(r.logits, r.target)).all()
    top = np.full(len(r.target), float(r.classes))
    close(losses.corn(r.logits, top), losses.coral(r.logits, top))


# --- margins -------------------------------------------------------------------------------------


@given(rows(size=30.0))
def test_margins_bound_each_other(r: Rows) -> None:
    x, y = r.logits, r.target
    hinge, bare = losses.multiclass_hinge(x, y), losses.multiclass_perceptron(x, y)
    error = losses.multiclass_error(x, y, ties="wrong")
    assert (error <= hinge).all()
    assert (bare <= hinge).all()
    close(np.clip(hinge, bare, bare + 1), hinge)
    assert (hinge <= r.classes * losses.multi_margin(x, y) + 1e-12).all()
    assert (hinge <= losses.categorical_hinge(x, y)).all()
    close(losses.categorical_hinge(x + 60, y), hinge)
    close(losses.multiclass_hinge(x, y, squared=True), hinge**2)


@given(rows(size=3.0, classes=2))
def test_two_classes_are_one_score(r: Rows) -> None:
    lead = (r.logits[:, 1] - r.logits[:, 0]) * (2 * r.target - 1)
    close(losses.multi_margin(r.logits, r.target), np.maximum(1 - lead, 0) / 2)
    close(losses.multiclass_hinge(r.logits, r.target), np.maximum(1 - lead, 0))
    short = np.where(lead <= -1, -lead, (1 - np.minimum(lead, 1)) ** 2 / 4)
    close(losses.multiclass_sparsemax(r.logits, r.target), short)


@given(rows(size=3.0))
def test_sparsemax_is_a_tight_convex_cousin_of_the_hinge(r: Rows) -> None:
    sparse = losses.multiclass_sparsemax(r.logits, r.target)
    hinge = losses.multiclass_hinge(r.logits, r.target)
    same(sparse[hinge == 0], np.zeros(np.count_nonzero(hinge == 0)))
    assert (sparse <= hinge + 1e-12).all()
    assert (sparse >= losses.multiclass_perceptron(r.logits, r.target) - 1e-12).all()


def test_one_class_is_always_right() -> None:
    one = [[3.0], [-2.0]]
    for name in ("multi_margin", "multiclass_hinge", "multiclass_perceptron", "multiclass_error",
                 "multiclass_sparsemax", "cross_entropy"):  # fmt: skip
        same(getattr(losses, name)(one, [0, 0]), np.zeros(2))


# --- errors, teachers, weights -------------------------------------------------------------------


@given(rows(), st.integers(1, 6))
def test_more_answers_make_fewer_errors(r: Rows, top_k: int) -> None:
    error = losses.multiclass_error(r.logits, r.target, top_k=top_k)
    assert (error >= losses.multiclass_error(r.logits, r.target, top_k=top_k + 1)).all()
    same(losses.multiclass_error(r.logits, r.target, top_k=r.classes), np.zeros(len(r.target)))
    same(losses.multiclass_error(r.logits, r.logits.argmax(axis=1)), np.zeros(len(r.target)))


@given(rows(), st.floats(0.25, 8))
def test_distillation_is_cross_entropy_less_entropy(r: Rows, temperature: float) -> None:
    student, teacher = r.logits, r.logits[::-1, ::-1].copy()
    soft = Rows(teacher / temperature, r.target).probabilities
    gap = losses.cross_entropy(student / temperature, soft) - losses.cross_entropy(
        teacher / temperature, soft
    )
    found = losses.knowledge_distillation(student, teacher, temperature=temperature)
    close(found, temperature**2 * gap, atol=1e-10)
    same(losses.knowledge_distillation(student, student), np.zeros(len(student)))


def test_distillation_of_near_twins_is_half_their_squared_difference() -> None:
    gap = 2.0**-40
    found = losses.knowledge_distillation([[gap, 0.0]], [[0.0, 0.0]], temperature=1)
    close(found, [gap**2 / 8], rtol=1e-11, atol=0)


def test_weights_of_classes_follow_their_counts() -> None:
    even, counts = np.zeros((2, 2)), [1e6, 1e3]
    rare, common = 1, 0
    nearly_inverse = losses.class_balanced_cross_entropy(
        even, [common, rare], counts=counts, beta=1 - 1e-12
    )
    close(nearly_inverse[rare] / nearly_inverse[common], 1e3, rtol=1e-6)
    mean = losscli.compute(
        "class-balanced-cross-entropy(counts=[1e6, 1e3])", logits=even, target=[0, 1]
    )
    close(mean.reductions["mean"], np.log(2))


def test_the_mean_of_corn_is_over_thresholds() -> None:
    logits = [[0.0, 0.0, 0.0]] * 3
    mean = losscli.compute("corn", logits=logits, target=[0, 1, 3]).reductions["mean"]
    assert mean == pytest.approx(np.log(2))
    assert losses.corn(logits, [0, 1, 3]).tolist() == pytest.approx(np.log(2) * np.array([1, 2, 3]))


@pytest.mark.parametrize(
    "name", ["log_loss", "softmax_focal", "poly_cross_entropy", "multiclass_hinge",
             "multiclass_error", "taylor_cross_entropy", "symmetric_cross_entropy"],
)  # fmt: skip
def test_an_ignored_target_leaves_the_mean(name: str) -> None:
    first = "prediction" if name == "log_loss" else "logits"
    values = [[0.5, 0.25, 0.25], [0.25, 0.25, 0.5], [0.125, 0.75, 0.125]]
    whole = losscli.compute(f"{name}(ignore_index=2)", **{first: values}, target=[0, 2, 0])
    kept = losscli.compute(name, **{first: values[::2]}, target=[0, 0])
    assert whole.reductions["mean"] == kept.reductions["mean"]
    assert whole.elements[1] == 0.0


def test_each_library_clips_where_it_clips() -> None:
    never = [[1.0, 0.0]]
    most = {
        "scikit-learn": (2.0**-52, 36.04),
        "scikit-learn, float32": (2.0**-23, 15.94),
        "keras": (1e-7, 16.12),
        "XGBoost": (1e-16, 36.84),
        "LightGBM": (1e-15, 34.54),
    }
    for eps, cost in most.values():
        assert losses.log_loss(never, [1], eps=eps)[0] == pytest.approx(cost, abs=0.005)


@pytest.mark.parametrize(
    ("alias", "name"),
    [("keras.losses.CategoricalCrossentropy", "log-loss"),
     ("sparse_categorical_crossentropy", "log-loss"), ("sklearn.metrics.log_loss", "log-loss"),
     ("multi:softprob", "cross-entropy"), ("mlogloss", "log-loss"), ("merror", "multiclass-error"),
     ("torch.nn.functional.linear_cross_entropy", "linear-cross-entropy"),
     ("MultiClassOneVsAll", "one-vs-rest-bce"), ("CrossEntropyLoss", "cross-entropy")],
)  # fmt: skip
def test_the_names_of_other_libraries(alias: str, name: str) -> None:
    assert find(alias).name == name
