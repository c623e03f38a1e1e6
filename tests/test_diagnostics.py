"""Every finding fires on the mistake it is about, and not on data that only comes near it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import losscli
from losscli.analysis.annotate import annotate
from losscli.analysis.facts import Facts
from losscli.analysis.word import guide_word
from losscli.codes import CODES
from losscli.findings import Diagnostic
from losscli.results import Result
from losscli.spec import parse

RNG = np.random.default_rng(5)
N = 200
NUMBERS = RNG.normal(size=N)
TRUTH = NUMBERS + RNG.normal(size=N)
LOGITS = RNG.normal(size=(N, 10)) * 3
LABELS = np.arange(N) % 10
COIN = np.arange(N) % 2
TEXT_ORDER = ["1", "10", "2"]
NAMES = np.array(TEXT_ORDER)[LABELS % 3]
WORDS = np.array(["a", "c", "b"])[LABELS % 3]


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


PROBABILITIES = softmax(LOGITS)
SIGMOIDS = 1 / (1 + np.exp(-NUMBERS))
ONE_HOT = np.eye(10)[LABELS]
NOISE = RNG.normal(size=N)
KNOWING = LOGITS / 3 + 5 * ONE_HOT
RATES = np.exp(1.0 + NUMBERS / 2) * 4
SPIKED = TRUTH + np.where(np.arange(N) == 7, 60.0, 0.5)


def run(loss: str, *arrays: Any, **named: Any) -> Result:
    return losscli.compute(loss, *arrays, **named)


def frame(*names: str) -> pd.DataFrame:
    """Scores of three classes under these names."""
    return pd.DataFrame(KNOWING[:, :3], columns=list(names))


def gaussian(spread: Callable[[Any], Any]) -> Result:
    """A calibrated model whose column ``var`` holds something made of its standard deviations."""
    std = np.exp(2.5 + NUMBERS / 5)
    return run("gaussian-nll", TRUTH, TRUTH + std * NOISE, var=spread(std))


def of(result: Result, code: str) -> Diagnostic:
    (found,) = [diagnostic for diagnostic in result.diagnostics if diagnostic.code == code]
    return found


def kl(**named: Any) -> Result:
    return run("kl-div", np.log(PROBABILITIES), PROBABILITIES[::-1], **named)


Run = Callable[[], Result]

# One row more than quantiles are exact for.
MILLION = np.arange(2.0**20 + 1)

FIRES: list[tuple[str, Run]] = [
    ("LC101", lambda: run("cross-entropy", PROBABILITIES, LABELS)),
    ("LC101", lambda: run("cross-entropy", PROBABILITIES.astype(np.float32), LABELS)),
    ("LC101", lambda: run("cross-entropy", PROBABILITIES[:1], LABELS[:1])),
    ("LC101", lambda: run("bce-with-logits", SIGMOIDS, COIN)),
    ("LC101", lambda: run("bce-with-logits", PROBABILITIES, ONE_HOT)),
    ("LC101", lambda: run("focal", SIGMOIDS, COIN)),
    ("LC102", lambda: run("cross-entropy", np.log(PROBABILITIES), LABELS)),
    ("LC103", lambda: run("nll", -np.abs(LOGITS), LABELS)),
    ("LC103", lambda: run("kl-div", -np.abs(LOGITS), PROBABILITIES)),
    ("LC104", lambda: run("kl-div", np.log(PROBABILITIES), PROBABILITIES * 0.9)),
    ("LC104", lambda: run("cross-entropy", LOGITS, PROBABILITIES * 0.9)),
    ("LC105", lambda: run("cross-entropy", LOGITS, LABELS % 9 + 1)),
    ("LC105", lambda: run("cross-entropy", KNOWING[:, :9], LABELS % 8 + 1)),
    ("LC106", lambda: run("mse", np.rint(10 * NUMBERS), TRUTH)),
    ("LC106", lambda: run("bce", COIN, SIGMOIDS)),
    ("LC107", lambda: run("mse", NUMBERS, np.full(N, 2.0))),
    ("LC107", lambda: run("bce-with-logits", NUMBERS, np.ones(N))),
    ("LC107", lambda: run("cross-entropy", LOGITS, np.where(COIN, 3, -100))),
    ("LC107", lambda: run("cross-entropy", LOGITS, np.tile(ONE_HOT[4], (N, 1)))),
    ("LC108", lambda: run("cross-entropy", ONE_HOT, LABELS)),
    ("LC108", lambda: run("bce-with-logits", COIN, COIN[::-1])),
    ("LC201", lambda: run("mse", np.where(LABELS == 3, np.nan, NUMBERS), TRUTH)),
    ("LC201", lambda: run("kl-div", np.where(ONE_HOT == 1, 0, -np.inf), PROBABILITIES)),
    ("LC201", lambda: run("mse", np.full(N, 1e200), TRUTH)),
    ("LC202", lambda: run("cross-entropy", LOGITS, np.full(N, -100))),
    ("LC202", lambda: run("cross-entropy", LOGITS, np.full(N, -100), reduction="sum")),
    ("LC202", lambda: run("mse", NUMBERS, TRUTH, sample_weight=np.zeros(N))),
    ("LC203", kl),
    ("LC204", lambda: run("cross-entropy", LOGITS, LABELS, weight=np.arange(1, 11))),
    ("LC204", lambda: run("mse", NUMBERS, TRUTH, sample_weight=LABELS + 1)),
    ("LC205", lambda: run("cross-entropy", LOGITS, np.where(COIN, LABELS, -100))),
    ("LC205", lambda: run("mse", NUMBERS, TRUTH, sample_weight=COIN)),
    ("LC206", lambda: run("mse", SPIKED, TRUTH)),
    ("LC206", lambda: run("mse", [15.0, *[1.0, -1.0] * 9, 1.0], np.tile([0.0, 0.5], 10))),
    ("LC207", lambda: run("mse", NUMBERS, NUMBERS)),
    ("LC207", lambda: run("mae", [1.0, 2.0, 3.0], [1.0, 2.0, 3.0])),
    ("LC207", lambda: run("bce", COIN, COIN)),
    ("LC207", lambda: run("bce-with-logits", 2000.0 * COIN - 1000, COIN)),
    ("LC208", lambda: run("mse", np.full(N, 1.5), TRUTH)),
    ("LC209", lambda: run("median-absolute-error", MILLION, 1.5 * MILLION)),
    ("LC208", lambda: run("cross-entropy", np.tile(LOGITS[0], (N, 1)), LABELS)),
    ("LC131", lambda: run("cross-entropy", frame("p_1", "p_10", "p_2"), LABELS % 3)),
    ("LC131", lambda: run("cross-entropy", frame("p_0", "p_1", "p_2"), NAMES, classes=TEXT_ORDER)),
    ("LC131", lambda: run("cross-entropy", KNOWING[:, :3], NAMES, classes=TEXT_ORDER)),
    ("LC130", lambda: run("cross-entropy", frame("p_0", "p_2", "p_1"), LABELS % 3)),
    ("LC132", lambda: run("cross-entropy", np.roll(KNOWING, 1, axis=1), LABELS)),
    ("LC132", lambda: run("log-loss", np.roll(softmax(KNOWING), 3, axis=1), LABELS)),
    ("LC132", lambda: run("cross-entropy", LOGITS[:, :2] - 9 * np.eye(2)[COIN], COIN)),
    ("LC133", lambda: run("cross-entropy", LOGITS[:, :4], np.arange(N) % 3)),
    ("LC140", lambda: run("mape", NUMBERS + 10, np.where(LABELS == 3, 0, TRUTH + 10))),
    ("LC140", lambda: run("mape", NUMBERS + 10, np.where(LABELS == 3, 1e-9, TRUTH + 10))),
    ("LC140", lambda: run("smape", NUMBERS * COIN, TRUTH * COIN)),
    ("LC141", lambda: run("msle", np.abs(NUMBERS) - 0.5, np.abs(TRUTH))),
    ("LC141", lambda: run("gamma-deviance", RATES, np.where(LABELS == 3, 1e-9, RATES))),
    ("LC142", lambda: run("poisson-nll", RATES, np.rint(RATES))),
    ("LC142", lambda: run("poisson-nll", np.log(RATES), np.rint(RATES), log_input=False)),
    ("LC143", lambda: gaussian(lambda std: std)),
    ("LC143", lambda: gaussian(lambda std: 2 * np.log(std))),
    ("LC143", lambda: run("crps-gaussian", RATES, RATES + 10 * NOISE, std=np.full(N, 100.0))),
    ("LC144", lambda: run("huber", NUMBERS, TRUTH, delta=2.0)),
    ("LC144", lambda: run("smooth-l1", NUMBERS, TRUTH, beta=0.5)),
    ("LC145", lambda: run("cross-entropy", LOGITS, LABELS, weight=np.ones(10))),
    ("LC145", lambda: run("cross-entropy", LOGITS, LABELS, ignore_index=255)),
    ("LC145", lambda: run("mse", NUMBERS, TRUTH, sample_weight=np.full(N, 2.0))),
    ("LC150", lambda: run("mse", NUMBERS.astype(np.float32), TRUTH)),
    ("LC150", lambda: run("mse", NUMBERS.astype(np.float16), TRUTH)),
    (
        "LC153",
        lambda: run("cross-entropy", LOGITS, LABELS, weight=np.arange(1, 11), label_smoothing=0.1),
    ),
    ("LC213", lambda: run("bce", np.where(LABELS == 3, 0, SIGMOIDS), COIN)),
    ("LC213", lambda: run("log-loss", ONE_HOT[::-1], LABELS)),
    ("LC211", lambda: run("mse", -3 * TRUTH, TRUTH)),
    ("LC211", lambda: run("mae", -3 * TRUTH, TRUTH)),
    ("LC211", lambda: run("rmse", -3 * TRUTH, TRUTH)),
    ("LC211", lambda: run("cross-entropy", -KNOWING, LABELS)),
    ("LC211", lambda: run("bce", 1 - SIGMOIDS, SIGMOIDS)),
    ("LC212", lambda: run("bce-with-logits", 1e-4 * NUMBERS, COIN)),
    ("LC212", lambda: run("bce", 0.5 + 1e-5 * NUMBERS, COIN)),
    ("LC212", lambda: run("cross-entropy", 1e-5 * LOGITS, LABELS)),
    ("LC212", lambda: run("log-loss", softmax(1e-5 * LOGITS), LABELS)),
]

SILENT: list[tuple[str, Run]] = [
    # Logits that are positive, or sum to 1, or are few.
    ("LC101", lambda: run("cross-entropy", np.abs(LOGITS), LABELS)),
    ("LC101", lambda: run("cross-entropy", LOGITS - LOGITS.mean(axis=1)[:, None] + 0.1, LABELS)),
    ("LC101", lambda: run("cross-entropy", PROBABILITIES * 1.01, LABELS)),
    ("LC101", lambda: run("bce-with-logits", [0.8, 0.5, 0.2], [1, 0, 1])),
    ("LC101", lambda: run("bce-with-logits", np.append(SIGMOIDS, 1.2), np.append(COIN, 1))),
    ("LC101", lambda: run("bce-with-logits", np.append(SIGMOIDS, -0.2), np.append(COIN, 0))),
    ("LC101", lambda: run("bce", SIGMOIDS, COIN)),
    ("LC101", lambda: run("mse", SIGMOIDS, COIN)),
    ("LC102", lambda: run("cross-entropy", -np.abs(LOGITS), LABELS)),
    ("LC102", lambda: run("nll", np.log(PROBABILITIES), LABELS)),
    ("LC103", lambda: run("nll", np.log(PROBABILITIES.astype(np.float32)), LABELS)),
    ("LC103", lambda: run("cross-entropy", -np.abs(LOGITS), LABELS)),
    ("LC104", lambda: run("kl-div", np.log(PROBABILITIES), np.round(PROBABILITIES, 4))),
    ("LC104", lambda: run("bce-with-logits", LOGITS, PROBABILITIES * 0.9)),
    ("LC104", lambda: run("cross-entropy", LOGITS, LABELS)),
    (
        "LC104",
        lambda: run("kl-div", np.log(PROBABILITIES), np.log(PROBABILITIES[::-1]), log_target=True),
    ),
    ("LC105", lambda: run("cross-entropy", LOGITS, LABELS)),
    ("LC105", lambda: run("cross-entropy", LOGITS, np.maximum(LABELS, 2))),
    ("LC105", lambda: run("cross-entropy", LOGITS[:9], np.arange(1, 10))),
    ("LC105", lambda: run("cross-entropy", LOGITS, LABELS, ignore_index=0)),
    # A model that knows the labels as they are: class 0 truly never occurs.
    ("LC105", lambda: run("cross-entropy", KNOWING[LABELS > 0], LABELS[LABELS > 0])),
    ("LC106", lambda: run("mse", NUMBERS, np.rint(TRUTH))),
    ("LC106", lambda: run("mse", np.rint(NUMBERS), np.rint(TRUTH))),
    ("LC106", lambda: run("mse", np.arange(19.0), TRUTH[:19])),
    ("LC106", lambda: run("mse", np.full(N, 2.0), TRUTH)),
    ("LC107", lambda: run("bce-with-logits", NUMBERS, COIN)),
    ("LC107", lambda: run("cross-entropy", LOGITS[:3], [1, 1, 1])),
    ("LC107", lambda: run("kl-div", np.log(PROBABILITIES), np.full((N, 10), 0.1))),
    ("LC108", lambda: run("cross-entropy", PROBABILITIES, LABELS)),
    ("LC108", lambda: run("mse", COIN, COIN[::-1])),
    ("LC201", lambda: run("cross-entropy", LOGITS * 1e300, LABELS)),
    ("LC201", lambda: run("cross-entropy", LOGITS, np.full(N, -100))),
    ("LC202", lambda: run("cross-entropy", LOGITS, np.where(LABELS, -100, 0))),
    ("LC203", lambda: kl(reduction="batchmean")),
    ("LC203", lambda: kl(reduction="sum")),
    ("LC203", lambda: run("kl-div", np.log(SIGMOIDS), SIGMOIDS[::-1])),
    ("LC204", lambda: run("cross-entropy", LOGITS, LABELS)),
    ("LC204", lambda: run("mse", NUMBERS, TRUTH, sample_weight=LABELS + 1, reduction="sum")),
    ("LC205", lambda: run("cross-entropy", LOGITS, LABELS)),
    ("LC206", lambda: run("mse", NUMBERS, TRUTH)),
    ("LC206", lambda: run("mae", SPIKED, TRUTH)),
    ("LC206", lambda: run("mse", SPIKED[:19], TRUTH[:19])),
    # One of 20 rows has 88 % of the loss.
    ("LC206", lambda: run("mse", [12.0, *[1.0, -1.0] * 9, 1.0], np.zeros(20))),
    ("LC207", lambda: run("mse", NUMBERS, np.append(NUMBERS[:-1], 0.0))),
    ("LC207", lambda: run("margin-ranking", NUMBERS + 9, NUMBERS - 9, np.ones(N))),
    ("LC207", lambda: run("mse", [1.0], [1.0])),
    # Events that are rare, in so few rows.
    ("LC207", lambda: run("mae", np.zeros(9), np.zeros(9))),
    ("LC207", lambda: run("mae", COIN[:9], COIN[:9])),
    ("LC208", lambda: run("mse", [2.0, 2.0, 2.0], [1.0, 2.0, 3.0])),
    ("LC209", lambda: run("median-absolute-error", MILLION[:-1], 1.5 * MILLION[:-1])),
    ("LC208", lambda: run("mse", np.append(np.full(N, 1.5), 1.6), np.append(TRUTH, 0))),
    # In order of numbers; names that are no numbers; numbers of different things.
    ("LC130", lambda: run("cross-entropy", frame("p_0", "p_1", "p_2"), LABELS % 3)),
    ("LC130", lambda: run("cross-entropy", frame("cat", "ant", "bee"), LABELS % 3)),
    ("LC130", lambda: run("cross-entropy", frame("a_2", "b_1", "c_0"), LABELS % 3)),
    ("LC130", lambda: run("cross-entropy", frame("p_1", "p_10", "p_2"), LABELS % 3)),
    ("LC131", lambda: run("cross-entropy", frame("p_1", "p_2", "p_10"), LABELS % 3)),
    # Columns and labels that are compared by name.
    ("LC131", lambda: run("cross-entropy", frame("1", "10", "2"), NAMES, classes=TEXT_ORDER)),
    ("LC131", lambda: run("cross-entropy", frame("p_1", "p_10", "p_2"), NAMES, classes=TEXT_ORDER)),
    (
        "LC131",
        lambda: run("cross-entropy", frame("p_0", "p_1", "p_2"), WORDS, classes=["a", "c", "b"]),
    ),
    # A good model, one that knows nothing, one that confuses two classes, and too few rows.
    ("LC132", lambda: run("cross-entropy", KNOWING, LABELS)),
    ("LC132", lambda: run("cross-entropy", LOGITS, LABELS)),
    ("LC132", lambda: run("cross-entropy", KNOWING[:, [1, 0, *range(2, 10)]], LABELS)),
    ("LC132", lambda: run("cross-entropy", np.roll(KNOWING, 1, axis=1)[:90], LABELS[:90])),
    ("LC133", lambda: run("cross-entropy", LOGITS[:, :5], np.arange(N) % 4)),
    ("LC133", lambda: run("cross-entropy", LOGITS, LABELS)),
    ("LC140", lambda: run("mape", NUMBERS + 10, TRUTH + 10)),
    ("LC140", lambda: run("smape", NUMBERS * COIN, TRUTH)),
    ("LC140", lambda: run("mae", NUMBERS, np.zeros(N))),
    ("LC141", lambda: run("msle", np.abs(NUMBERS), np.abs(TRUTH))),
    ("LC141", lambda: run("gamma-deviance", RATES, RATES / 100)),
    ("LC142", lambda: run("poisson-nll", np.log(RATES), np.rint(RATES))),
    ("LC142", lambda: run("poisson-nll", RATES, np.rint(RATES), log_input=False)),
    ("LC142", lambda: run("poisson-nll", np.log(RATES / 3), np.rint(RATES))),
    ("LC143", lambda: gaussian(np.square)),
    ("LC143", lambda: gaussian(lambda std: 2 * std**2)),
    ("LC143", lambda: run("crps-gaussian", RATES, RATES + 10 * NOISE, std=np.full(N, 10.0))),
    ("LC144", lambda: run("huber", NUMBERS, TRUTH)),
    ("LC145", lambda: run("cross-entropy", LOGITS, LABELS, weight=np.arange(1, 11))),
    ("LC145", lambda: run("cross-entropy", LOGITS, LABELS, ignore_index=3)),
    ("LC145", lambda: run("cross-entropy", LOGITS, LABELS)),
    ("LC145", lambda: run("mse", NUMBERS, TRUTH, sample_weight=COIN + 1)),
    ("LC150", lambda: run("mse", NUMBERS, TRUTH)),
    ("LC150", lambda: run("cross-entropy", LOGITS, LABELS.astype(np.int8))),
    ("LC153", lambda: run("cross-entropy", LOGITS, LABELS, label_smoothing=0.1)),
    ("LC153", lambda: run("cross-entropy", LOGITS, LABELS, weight=np.arange(1, 11))),
    # A probability of 0 for what did not happen costs nothing.
    ("LC213", lambda: run("bce", np.where(COIN == 0, 0, SIGMOIDS), COIN)),
    ("LC213", lambda: run("bce", SIGMOIDS, COIN)),
    ("LC213", lambda: run("bce", np.where(LABELS == 3, 0, SIGMOIDS), COIN, eps=0.0)),
    ("LC213", lambda: run("log-loss", PROBABILITIES, LABELS)),
    ("LC211", lambda: run("mse", NUMBERS, TRUTH)),
    ("LC211", lambda: run("mse", np.full(N, TRUTH.mean() + 0.01), TRUTH)),
    ("LC211", lambda: run("cross-entropy", KNOWING, LABELS)),
    ("LC211", lambda: run("mse", -3 * TRUTH[:19], TRUTH[:19])),
    ("LC211", lambda: run("bce", SIGMOIDS, np.ones(N))),
    ("LC211", lambda: run("bce", np.full(N, 0.7) + SIGMOIDS / 9, np.arange(N) < 9)),
    ("LC211", lambda: run("cross-entropy", -KNOWING[:90], LABELS[:90])),
    ("LC211", lambda: run("rmse", 0.8 * NOISE[:25], NUMBERS[:25])),
    ("LC212", lambda: run("bce-with-logits", NUMBERS, COIN)),
    ("LC212", lambda: run("bce-with-logits", np.zeros(N), COIN)),
    ("LC212", lambda: run("cross-entropy", 0.1 * LOGITS, LABELS)),
]


def named(cases: list[tuple[str, Run]]) -> list[Any]:
    return [pytest.param(code, call, id=f"{code}-{i}") for i, (code, call) in enumerate(cases)]


@pytest.mark.parametrize(("code", "call"), named(FIRES))
def test_fires(code: str, call: Run) -> None:
    found = of(call(), code)
    assert found.severity in (CODES[code].severity, CODES[code].gravest)
    assert found.message


@pytest.mark.parametrize(("code", "call"), named(SILENT))
def test_does_not_fire(code: str, call: Run) -> None:
    assert code not in [diagnostic.code for diagnostic in call().diagnostics]


@pytest.mark.parametrize(
    "call",
    [
        lambda: run("mse", NUMBERS, TRUTH),
        lambda: run("mae", NUMBERS, TRUTH),
        lambda: run("huber", NUMBERS, TRUTH),
        lambda: run("mse", [2.5, 0, 2], [3, -0.5, 2]),
        lambda: run("cross-entropy", LOGITS, LABELS),
        lambda: run("cross-entropy", [[2, 1, 0.1]], [0]),
        lambda: run("bce-with-logits", [0.8, -0.5, 1.2], [1, 0, 1]),
        lambda: run("bce-with-logits", NUMBERS, COIN),
        lambda: run("bce", SIGMOIDS, COIN),
        lambda: run("nll", np.log(PROBABILITIES), LABELS),
        lambda: run("focal", NUMBERS, COIN),
        lambda: kl(reduction="batchmean"),
        lambda: run("triplet-margin", LOGITS, LOGITS + 1, LOGITS - 1),
        lambda: run("cosine-embedding", LOGITS, LOGITS + 1, 2 * COIN - 1),
        lambda: run("margin-ranking", [1, 2, 3], [0.5, 2.5, 2], [1, -1, 1], margin=1.0),
        lambda: run("pairwise-distance", [[0, 0], [1, 1]], [[1, 1], [2, 2]]),
        lambda: run("hinge-embedding", np.abs(NUMBERS), 2 * COIN - 1),
    ],
)
def test_sound_data_is_left_alone(call: Run) -> None:
    # Random scores are worse than a constant, and that is no fault of the check.
    assert [found for found in call().diagnostics if found.code != "LC211"] == []


def test_every_code_is_tested_or_belongs_to_the_guide() -> None:
    assert {code for code, _ in FIRES} == {code for code, _ in SILENT}
    # Those that stop a run or are about losses of one's own have tests where these are tested.
    own = {code for code in CODES if code.startswith("LC4") or CODES[code].stops}
    combined = {"LC210"}
    assert {code for code, _ in FIRES} | {"LC301", "LC302"} | combined == set(CODES) - own


def test_codes_are_explained() -> None:
    for key, code in CODES.items():
        assert key == code.code
        assert code.title[0].islower()
        assert not code.title.endswith(".")
        assert code.why.endswith(".")


def test_both_readings_and_the_floor() -> None:
    result = run("cross-entropy", PROBABILITIES, LABELS)
    message = of(result, "LC101").message
    as_probabilities = -np.log(PROBABILITIES[np.arange(N), LABELS]).mean()
    assert "less than 1.461" in message
    assert f"Read as logits the mean is {result.value:.6g}" in message
    assert f"as probabilities {as_probabilities:.6g}" in message


def test_the_floor_is_what_perfect_probabilities_cost() -> None:
    assert run("cross-entropy", ONE_HOT, LABELS).value == pytest.approx(1.4611502, rel=1e-6)
    assert "1.461" in of(run("cross-entropy", ONE_HOT, LABELS), "LC108").message


def test_one_column_reads_as_bce() -> None:
    message = of(run("bce-with-logits", SIGMOIDS, COIN), "LC101").message
    assert f"as probabilities {run('bce', SIGMOIDS, COIN).value:.6g}" in message
    assert "0.313" in message


@pytest.mark.parametrize(
    "parameters",
    [{"weight": np.arange(1, 11)}, {"label_smoothing": 0.1}, {"sample_weight": LABELS + 1}],
)
def test_no_second_reading_where_it_would_be_another_mean(parameters: dict[str, Any]) -> None:
    message = of(run("cross-entropy", PROBABILITIES, LABELS, **parameters), "LC101").message
    assert "Read as" not in message


def test_no_second_reading_over_other_rows() -> None:
    found = of(run("cross-entropy", PROBABILITIES, LABELS, ignore_index=3), "LC101")
    assert "Read as" not in found.message


def test_the_first_bad_rows_are_named() -> None:
    prediction = NUMBERS.copy()
    prediction[[2, 5, 8, 11, 14, 17, 20]] = np.nan
    result = run("mse", prediction, TRUTH)
    found = of(result, "LC201")
    assert "7 rows have no finite loss: row 3 (nan), row 6 (nan)" in found.message
    assert found.message.endswith("and 2 more")
    assert "prediction holds 7 NaN" in found.hint
    assert result.failed


def test_a_sum_beyond_the_largest_double_names_no_row() -> None:
    result = replace(run("mae", NUMBERS, TRUTH), value=math.inf)
    (found,) = annotate(parse("mae"), result, None).diagnostics
    assert found.code == "LC201"
    assert "although every row is finite" in found.message


def test_ignored_rows_say_why() -> None:
    message = of(run("cross-entropy", LOGITS, np.where(COIN, LABELS, -100)), "LC205").message
    assert message.startswith("100 of 200 rows")
    assert message.endswith("ignore_index = -100")
    assert "weight" in of(run("mse", NUMBERS, TRUTH, sample_weight=COIN), "LC205").message


def test_kl_names_batchmean_with_its_value() -> None:
    found = of(kl(), "LC203")
    assert "2,000 elements, not by 200 rows" in found.message
    assert f"{kl().reductions['batchmean']:.6g}" in found.message
    assert "batchmean" in found.hint


def test_errors_come_first() -> None:
    result = run("mse", np.full(N, np.nan), TRUTH, sample_weight=LABELS + 1)
    assert result.diagnostics[0].severity == "error"


def test_a_bare_value_still_knows_the_kind_of_input() -> None:
    block = {"logits": PROBABILITIES, "target": LABELS.astype(float)}
    facts = Facts.of(block, 0, detail=False)
    bound, result = parse("cross-entropy"), run("cross-entropy", PROBABILITIES, LABELS)
    assert "LC101" in [d.code for d in annotate(bound, result, facts).diagnostics]
    assert guide_word(bound, facts) is None


def test_without_facts_the_result_alone_is_judged() -> None:
    bound, result = parse("mse"), run("mse", SPIKED, TRUTH)
    assert [d.code for d in annotate(bound, result, None).diagnostics] == ["LC206"]
    assert guide_word(bound, None) is None


@pytest.mark.parametrize(
    ("call", "loss", "agrees", "words"),
    [
        (lambda: run("mse", SPIKED, TRUTH), "huber", False, "of the squared error, so Huber or L1"),
        (lambda: run("mae", SPIKED, TRUTH), "huber", True, "the worst 1 % carry"),
        (lambda: run("mse", NUMBERS, TRUTH), "mse", True, "so MSE"),
        (lambda: run("huber", NUMBERS, TRUTH), "mse", False, "so MSE"),
        (lambda: run("mse", np.rint(NUMBERS), np.rint(TRUTH)), "mse", True, "so MSE"),
        (lambda: run("cross-entropy", LOGITS, LABELS), "cross-entropy", True, "10 classes, so"),
        (lambda: run("nll", np.log(PROBABILITIES), LABELS), "cross-entropy", True, "10 classes"),
        (lambda: run("cross-entropy", LOGITS[:, :2], COIN), "cross-entropy", True, "2 classes"),
        (lambda: run("bce-with-logits", NUMBERS, COIN), "bce-with-logits", True, "two classes"),
        (lambda: run("bce", SIGMOIDS, COIN), "bce", True, "BCE of probabilities"),
        (lambda: run("mse", SIGMOIDS, COIN), "bce", False, "two classes"),
        (lambda: run("focal", NUMBERS, COIN), "bce-with-logits", False, "two classes"),
        (lambda: run("focal", NUMBERS, LABELS == 1), "bce-with-logits", False, "two classes"),
        (lambda: run("focal", NUMBERS, np.arange(N) < 9), "bce-with-logits", True, "see focal"),
        (kl, "kl-div", True, "distribution over 10 classes, so KL"),
    ],
)
def test_the_guides_word(call: Run, loss: str, agrees: bool, words: str) -> None:
    word = call().recommendation
    assert word is not None
    assert (word.loss, word.agrees) == (loss, agrees)
    assert words in word.because


@pytest.mark.parametrize(
    "call",
    [
        lambda: run("mse", NUMBERS[:19], TRUTH[:19]),
        lambda: run("triplet-margin", LOGITS, LOGITS + 1, LOGITS - 1),
        lambda: run("hinge-embedding", np.abs(NUMBERS), 2 * COIN - 1),
        lambda: run("margin-ranking", NUMBERS, TRUTH, 2 * COIN - 1),
        lambda: run("cosine-embedding", LOGITS, LOGITS + 1, 2 * COIN - 1),
    ],
)
def test_the_guide_is_silent_where_the_data_is(call: Run) -> None:
    assert call().recommendation is None


def test_findings_are_strict_json() -> None:
    result = run("mse", np.where(LABELS == 3, np.nan, NUMBERS), TRUTH)
    assert math.isnan(result.value)
    assert '"code": "LC201"' in result.to_json()
