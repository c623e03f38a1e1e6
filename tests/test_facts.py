"""Facts depend on the rows alone, say what they measured, and stay silent where there is doubt."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from losscli.analysis.facts import Counts, Facts, percent
from losscli.analysis.measured import measurements
from losscli.domain import Array

RNG = np.random.default_rng(20240607)


def facts_of(prediction: Any, target: Any = None, name: str = "prediction") -> Facts:
    block = {name: np.asarray(prediction, np.float64)}
    if target is not None:
        block["target"] = np.asarray(target, np.float64)
    return Facts.of(block, 0)


def in_pieces(block: dict[str, Array], cuts: list[int]) -> Facts:
    facts = Facts()
    rows = len(next(iter(block.values())))
    edges = [0, *sorted(cut % (rows + 1) for cut in cuts), rows]
    for start, stop in pairwise(edges):
        facts.merge(Facts.of({k: x[start:stop] for k, x in block.items()}, start))
    return facts


def summary(facts: Facts) -> tuple[object, ...]:
    return (
        facts.rows,
        facts.task,
        facts.classes,
        facts.input_kind,
        facts.class_counts,
        facts.imbalance,
        facts.outlier_share,
        measurements(facts),
    )


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    result: Array = e / e.sum(axis=1, keepdims=True)
    return result


LOGITS = RNG.normal(size=(60, 3)) * 3
LABELS = RNG.integers(0, 3, 60).astype(np.float64)
NUMBERS = RNG.normal(size=60)
BLOCKS: dict[str, dict[str, Array]] = {
    "regression": {"prediction": NUMBERS, "target": NUMBERS + RNG.standard_t(2, 60)},
    "two outputs": {"prediction": LOGITS[:, :2], "target": LOGITS[:, 1:]},
    "classes": {"logits": LOGITS, "target": LABELS},
    "probabilities": {"logits": softmax(LOGITS), "target": LABELS},
    "log-probabilities": {"log_probs": np.log(softmax(LOGITS)), "target": LABELS},
    "one-hot": {"logits": LOGITS, "target": np.eye(3)[LABELS.astype(int)]},
    "soft": {"log_probs": np.log(softmax(LOGITS)), "target": softmax(LOGITS[::-1])},
    "binary": {"logits": NUMBERS, "target": (LABELS > 1).astype(np.float64)},
    "ignored": {"logits": LOGITS, "target": np.where(LABELS == 1, -100.0, LABELS)},
    "signs": {"input1": NUMBERS, "input2": NUMBERS, "target": np.where(LABELS > 1, 1.0, -1.0)},
    "nan": {"prediction": np.where(LABELS > 1, np.nan, NUMBERS), "target": NUMBERS},
    "zeros and one": {"prediction": np.eye(60)[0], "target": np.zeros(60)},
}


@pytest.mark.parametrize("name", BLOCKS)
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 1000), max_size=4))
def test_facts_do_not_depend_on_the_cut(name: str, cuts: list[int]) -> None:
    block = BLOCKS[name]
    assert summary(in_pieces(block, cuts)) == summary(Facts.of(block, 0))


@pytest.mark.parametrize(
    ("name", "task", "classes", "kind"),
    [
        ("regression", "regression", None, None),
        ("two outputs", "regression", None, None),
        ("classes", "classification", 3, "logits"),
        ("probabilities", "classification", 3, "probabilities"),
        ("log-probabilities", "classification", 3, "log-probabilities"),
        ("one-hot", "classification", 3, "logits"),
        ("soft", "distributions", None, "log-probabilities"),
        ("binary", "classification", 2, "logits"),
        ("ignored", "classification", 3, "logits"),
        ("signs", None, None, None),
    ],
)
def test_task_and_kind(name: str, task: str | None, classes: int | None, kind: str | None) -> None:
    facts = Facts.of(BLOCKS[name], 0)
    assert (facts.task, facts.classes, facts.input_kind) == (task, classes, kind)


def test_whole_numbers_on_both_sides_leave_the_task_open() -> None:
    assert facts_of([1, 2, 3, 4], [1, 2, 4, 4]).task is None


def test_whole_number_targets_of_a_regression() -> None:
    assert facts_of([1.5, 2.25, 3.1], [1, 25, 346]).task == "regression"


def test_several_yes_or_no_answers() -> None:
    facts = facts_of(RNG.normal(size=(30, 3)), RNG.integers(0, 2, (30, 3)))
    assert facts.is_multi_label
    assert (facts.task, facts.classes, facts.input_kind) == ("classification", 2, "logits")


def test_soft_labels_against_logits_are_a_classification() -> None:
    assert facts_of(LOGITS, softmax(LOGITS)).task == "classification"


def test_ten_numbers_in_the_unit_interval_are_probabilities_and_nine_are_not() -> None:
    x, y = np.linspace(0.1, 0.9, 10), np.arange(10) % 2
    assert facts_of(x, y).input_kind == "probabilities"
    assert facts_of(x[:9], y[:9]).input_kind is None


def test_rounded_probabilities_still_sum_to_one() -> None:
    rounded = np.round(softmax(LOGITS), 4)
    assert facts_of(rounded, LABELS).input_kind == "probabilities"
    assert facts_of(rounded * 1.01, LABELS).input_kind == "logits"


def test_hard_labels() -> None:
    assert facts_of(np.eye(3)[LABELS.astype(int)], LABELS).input_kind == "labels"
    assert facts_of([0, 1, 1], [0, 1, 0]).input_kind == "labels"


def test_outlier_share_counts_residuals_beyond_three_and_a_half_deviations() -> None:
    residual = np.concatenate([np.tile([1.0, -1.0], 49), [5.1, 5.3]])
    facts = facts_of(residual + 0.5, np.full(100, 0.5))
    # The median absolute residual is 1, so the limit is 3.5 * 1.4826 = 5.19.
    assert facts.outlier_share == 0.01
    assert facts.has_outliers is True


def test_normal_residuals_have_no_outliers_and_laplace_ones_do() -> None:
    target = np.linspace(0, 1, 20_001)
    assert facts_of(target + RNG.normal(size=target.size), target).has_outliers is False
    assert facts_of(target + RNG.laplace(size=target.size), target).has_outliers is True


def test_few_rows_have_no_outlier_share() -> None:
    target = np.linspace(0, 1, 19)
    assert facts_of(target + 1, target).outlier_share is None
    assert facts_of(target + 1, target).has_outliers is None


def test_no_scale_no_outlier_share() -> None:
    target = np.linspace(0, 1, 50)
    prediction = target + np.where(np.arange(50) < 10, 1.0, 0.0)
    facts = facts_of(prediction, target)
    assert facts.outlier_share is None
    assert facts.tail_share == pytest.approx(0.1)


def test_histogram_of_many_residuals_agrees_with_the_exact_share() -> None:
    target = np.zeros(2**16)
    residual = RNG.standard_t(3, target.size)
    exact, binned = Facts(), Facts()
    exact.merge(Facts.of({"prediction": residual, "target": target}, 0))
    binned.merge(Facts.of({"prediction": residual, "target": target}, 2**21))
    assert exact.outlier_share is not None
    assert binned.outlier_share == pytest.approx(exact.outlier_share, abs=3e-4)
    assert binned.tail_share == pytest.approx(exact.tail_share, rel=1e-3)


def test_imbalance_is_largest_to_smallest() -> None:
    labels = [0] * 90 + [1] * 10
    facts = facts_of(RNG.normal(size=100), labels, "logits")
    assert facts.imbalance == 9.0
    (shares,) = [m.value for m in measurements(facts) if m.name == "class shares"]
    assert shares == "class 0 has 90 % of the rows, class 1 has 10 %: 9 to 1"


def test_a_column_of_one_number_is_a_column() -> None:
    y = np.linspace(0, 1, 30)
    facts = facts_of((y + 1).reshape(-1, 1), y)
    assert facts.residuals is not None
    assert facts.task == "regression"


def test_only_a_prediction_has_residuals() -> None:
    assert facts_of(NUMBERS, NUMBERS, "logits").residuals is None


def test_constants() -> None:
    facts = facts_of([[1, 2]] * 5, [[1, 3]] * 5)
    assert facts.prediction is not None
    assert facts.prediction.is_constant
    assert not Facts.of(BLOCKS["nan"], 0).prediction.is_constant  # type: ignore[union-attr]


def test_the_other_reading_is_the_loss_of_the_probabilities() -> None:
    p = softmax(LOGITS)
    facts = Facts.of(BLOCKS["probabilities"], 0)
    expected = -np.log(p[np.arange(60), LABELS.astype(int)]).mean()
    assert facts.as_probabilities is not None
    assert facts.as_probabilities.mean() == pytest.approx(expected, rel=1e-14)


def test_the_other_reading_of_one_column() -> None:
    p, y = np.array([0.9, 0.2, 1.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0])
    reading = facts_of(p, y, "logits").as_probabilities
    assert reading is not None
    assert reading.mean() == pytest.approx(-(np.log(0.9) + np.log(0.8)) / 4)


def test_one_block_of_logits_ends_the_other_reading() -> None:
    facts = Facts()
    facts.merge(Facts.of(BLOCKS["probabilities"], 0))
    facts.merge(Facts.of(BLOCKS["classes"], 60))
    facts.merge(Facts.of(BLOCKS["probabilities"], 120))
    assert facts.as_probabilities is None
    assert facts.input_kind == "logits"


def test_counts_end_when_numbers_spread() -> None:
    one, far = Counts(0, np.array([1, 2])), Counts(10_000, np.array([1]))
    assert one.merge(far) is None
    merged = one.merge(Counts(-100, np.array([3])))
    assert merged is not None
    assert merged.by_value() == {-100: 3, 0: 1, 1: 2}


@pytest.mark.parametrize("x", [[np.inf, 1.0], [-np.inf, np.inf], [1e300, 0.0], [np.nan, 1.0]])
def test_odd_targets_are_no_trouble(x: list[float]) -> None:
    facts = facts_of([0.5, 0.5], x)
    assert facts.class_counts == {}
    assert measurements(facts)


def test_without_detail_only_the_kind_is_known() -> None:
    facts = Facts.of(BLOCKS["probabilities"], 0, detail=False)
    assert facts.prediction is not None
    assert facts.prediction.is_simplex
    assert facts.as_probabilities is None
    assert Facts.of(BLOCKS["regression"], 0, detail=False).residuals is None


def test_facts_keep_no_array_of_the_block() -> None:
    block = {name: x.copy() for name, x in BLOCKS["regression"].items()}
    facts = Facts.of(block, 0)
    before = measurements(facts)
    for x in block.values():
        x[:] = 0.0
    assert measurements(facts) == before


def test_no_rows() -> None:
    facts = Facts()
    facts.merge(Facts.of({"prediction": np.empty(0), "target": np.empty(0)}, 0))
    assert (facts.rows, facts.task, facts.has_outliers) == (0, None, None)


def test_percent() -> None:
    assert [percent(x) for x in (0.041, 1.0, 0.00047)] == ["4.1 %", "100 %", "0.047 %"]
