"""Weighted sums of losses: how they are written, and what they are worth."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st

import losscli
import losscli.losses  # registers them
from losscli.combination import Combination, Part, parse, parse_several, split_commas, unite
from losscli.data.arrays import from_arrays
from losscli.engine.evaluation import of_models
from losscli.spec import BoundLoss
from losscli.together import Samples, Together

pytestmark = pytest.mark.usefixtures("among_the_samples")

RNG = np.random.default_rng(12)
N = 400
PREDICTION, TARGET = RNG.normal(size=(2, N))
ERROR = PREDICTION - TARGET
LOGITS = RNG.normal(size=(N, 4)) * 2.0
LABELS = RNG.integers(0, 4, N)
WEIGHTS = [0.25, 1.0, 2.0, 4.0]
PROBABILITY = RNG.uniform(0.05, 0.95, N)
YES = RNG.integers(0, 2, N)

# How it is written.

SPECS = ["mse", "mae", "huber(delta=2.0)", "smooth-l1", "cross-entropy(weight=[1.0, 2.5])"]
SINGLE = st.sampled_from(SPECS).map(parse)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.builds(Part, NUMBERS, SINGLE), min_size=1, max_size=5))
def test_text_and_value_are_inverse(parts: list[Part]) -> None:
    combination = Combination(tuple(parts))
    again = parse(str(combination))
    assert again == combination
    assert hash(again) == hash(combination)
    assert str(again) == str(combination)


READINGS = {
    "0.5*mse + 0.5*mae": [(0.5, "mse"), (0.5, "mae")],
    ".5 * L1Loss+.5*MSELoss": [(0.5, "mae"), (0.5, "mse")],
    "mse + 0.1*mae": [(1.0, "mse"), (0.1, "mae")],
    "mse - 0.1*smooth-l1": [(1.0, "mse"), (-0.1, "smooth-l1")],
    "mse-0.1*mae": [(1.0, "mse"), (-0.1, "mae")],
    "-mse + mae": [(-1.0, "mse"), (1.0, "mae")],
    "+mse": [(1.0, "mse")],
    "2*(mse + mae) - 1e-3*(huber(delta=2) - mse)": [
        (2.0, "mse"), (2.0, "mae"), (-0.001, "huber(delta=2.0)"), (0.001, "mse"),
    ],
    "2*0.5*mse": [(1.0, "mse")],
    "(mse)": [(1.0, "mse")],
    "0*mse + mae": [(0.0, "mse"), (1.0, "mae")],
    "bce-with-logits+mse": [(1.0, "bce-with-logits"), (1.0, "mse")],
    "mse + huber(delta=1e-3)": [(1.0, "mse"), (1.0, "huber(delta=0.001)")],
}  # fmt: skip


@pytest.mark.parametrize("text", READINGS)
def test_how_a_combination_is_written(text: str) -> None:
    combination = parse(text)
    assert isinstance(combination, Combination)
    assert [(part.weight, str(part.bound)) for part in combination.parts] == READINGS[text]


@pytest.mark.parametrize("text", ["mse", "smooth-l1", " huber(delta=2) ", "nn.MSELoss"])
def test_a_loss_alone_stays_one(text: str) -> None:
    assert isinstance(parse(text), BoundLoss)


FAULTS = {
    "": "a loss is missing",
    "mse +": "a loss is missing",
    "0.5*": "a loss is missing",
    "mse + + mae": "a loss is missing",
    "0.5": "0.5 is no loss",
    "0.5 mse": r"0.5\*mse",
    "mse*0.5": r"stands before its loss: 0.5\*mse",
    "mse)": "closes no bracket",
    "(mse + mae": "a bracket is not closed",
    "huber(delta=2 + mse": "cannot read",
    "1e999*mse": "not finite",
    "nan*mse": "stands before its loss",
    "mse + nope": "unknown loss 'nope'",
    "mse-mae": "a minus stands between blanks: 'mse - mae'",
    "mse + huber(gamma=1)": "no parameter 'gamma'",
    "mse + __import__('os')": "unknown loss|cannot read",
}


@pytest.mark.parametrize("text", FAULTS)
def test_what_is_no_combination(text: str) -> None:
    with pytest.raises(losscli.LosscliError, match=FAULTS[text]):
        parse(text)


def test_several_are_cut_at_commas_in_no_bracket() -> None:
    text = "mse, cross-entropy(weight=[1, 2],label_smoothing=0.1) ,0.5*mse + 0.5*mae"
    assert split_commas(text) == [
        "mse",
        "cross-entropy(weight=[1, 2],label_smoothing=0.1)",
        "0.5*mse + 0.5*mae",
    ]
    assert [str(one) for one in parse_several(text)] == [
        "mse",
        "cross-entropy(weight=[1.0, 2.0], label_smoothing=0.1)",
        "0.5*mse + 0.5*mae",
    ]
    for missing in ("mse,,mae", "mse,", ",mse"):
        with pytest.raises(losscli.UsageError, match="missing"):
            parse_several(missing)


def test_losses_share_the_data_that_has_one_place() -> None:
    united = unite(parse_several("mse,bce-with-logits,margin-ranking")[:2])
    assert [role.name for role in united.roles] == [
        "prediction", "target", "weight", "sample_weight",
    ]  # fmt: skip
    assert united.names[1]["logits"] == "prediction"
    assert united.roles[0].own_names == ("prediction", "logits")
    with pytest.raises(losscli.UsageError, match="mse takes PREDICTION TARGET, but triplet-margin"):
        unite(parse_several("mse,triplet-margin"))
    with pytest.raises(losscli.UsageError, match="target is input 2 of gaussian-nll and input 3"):
        unite(parse_several("gaussian-nll,interval-score"))


# What it is worth.


def test_mse_and_l1_half_and_half() -> None:
    result = losscli.compute("0.5*mse + 0.5*mae", PREDICTION, TARGET)
    rows = 0.5 * ERROR**2 + 0.5 * np.abs(ERROR)
    assert result.value == pytest.approx(rows.mean(), rel=1e-14)
    np.testing.assert_allclose(result.per_sample, rows, rtol=1e-14)
    np.testing.assert_allclose(result.elements, rows, rtol=1e-14)
    assert result.reductions["sum"] == pytest.approx(rows.sum(), rel=1e-14)
    assert result.distribution is not None
    assert result.distribution.stderr == pytest.approx(rows.std(ddof=1) / math.sqrt(N), rel=1e-12)
    assert result.distribution.median == pytest.approx(np.median(rows))
    assert [bad.row for bad in result.worst[:3]] == (np.argsort(-rows)[:3] + 1).tolist()
    assert (result.divisor, result.divisor_meaning) == (N, "rows")
    mse, mae = result.parts
    assert mse.result.value == losscli.compute("mse", PREDICTION, TARGET).value
    assert mae.contribution == 0.5 * losscli.compute("mae", PREDICTION, TARGET).value
    assert mse.share + mae.share == pytest.approx(1.0)


def test_parts_may_have_parameters() -> None:
    total = losscli.compute("0.7*huber(delta=2) + 0.3*mse", PREDICTION, TARGET).value
    huber = losscli.compute("huber", PREDICTION, TARGET, delta=2.0).value
    assert total == 0.7 * huber + 0.3 * losscli.compute("mse", PREDICTION, TARGET).value


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weigh", [False, True])
def test_parts_have_the_value_they_have_alone(reduction: str, weigh: bool) -> None:
    named = {"sample_weight": YES + 0.5 if weigh else None}
    parts = ["cross-entropy(weight=[0.25, 1.0, 2.0, 4.0])", "multi-margin", "cross-entropy"]
    weights = [0.7, -0.3, 0.0]
    text = f"0.7*{parts[0]} - 0.3*{parts[1]} + 0.0*{parts[2]}"
    whole = losscli.compute(text, LOGITS, LABELS, reduction=reduction, **named)
    alone = [losscli.compute(p, LOGITS, LABELS, reduction=reduction, **named) for p in parts]
    assert [part.result.value for part in whole.parts] == [one.value for one in alone]
    expected = sum(w * one.value for w, one in zip(weights, alone, strict=True))
    assert whole.value == pytest.approx(expected, rel=1e-14)
    rows = sum(w * one.per_sample for w, one in zip(weights, alone, strict=True))
    np.testing.assert_allclose(whole.per_sample, rows, rtol=1e-12)


def test_parts_that_divide_by_different_numbers() -> None:
    text = f"0.7*cross-entropy(weight={WEIGHTS}) + 0.3*multi-margin"
    whole = losscli.compute(text, LOGITS, LABELS)
    assert math.isnan(whole.divisor)
    assert abs(whole.value - np.mean(whole.per_sample)) > 0.1
    assert "LC210" in {found.code for found in whole.diagnostics}
    assert whole.distribution is not None
    assert whole.distribution.stderr == pytest.approx(jackknife(text, LOGITS, LABELS), rel=0.02)


def jackknife(text: str, *data: np.ndarray) -> float:
    """The standard error of a value, from leaving out each row in turn."""
    keep = ~np.eye(N, dtype=bool)
    left = [losscli.compute(text, *(x[rows] for x in data), threads=1).value for rows in keep]
    return math.sqrt((N - 1) * np.var(left))


def test_rows_of_several_elements_average_to_the_value() -> None:
    prediction, target = RNG.normal(size=(2, N, 3))
    whole = losscli.compute("mse + 0.5*cosine-distance", prediction, target)
    assert whole.value == pytest.approx(float(np.mean(whole.per_sample)), rel=1e-12)
    assert "LC210" not in {found.code for found in whole.diagnostics}


def test_a_set_loss_as_a_part() -> None:
    bce = losscli.compute("bce", PROBABILITY, YES)
    dice = losscli.compute("dice", PROBABILITY, YES)
    whole = losscli.compute("0.5*bce + 0.5*dice", PROBABILITY, YES)
    assert whole.value == 0.5 * bce.value + 0.5 * dice.value
    assert (whole.reduction, whole.per_sample, whole.distribution) == ("overall", None, None)
    rows = losscli.compute("0.5*bce + 0.5*dice", PROBABILITY, YES, reduction="mean")
    each = losscli.compute("dice", PROBABILITY, YES, reduction="mean").per_sample
    np.testing.assert_allclose(rows.per_sample, 0.5 * bce.per_sample + 0.5 * each, rtol=1e-12)
    with pytest.raises(losscli.UsageError, match="no reduction 'sum'"):
        losscli.compute("0.5*bce + 0.5*dice", PROBABILITY, YES, reduction="sum")


def test_a_part_without_a_finite_value_is_named() -> None:
    target = np.where(np.arange(N) == 7, 1e200, TARGET)
    whole = losscli.compute("0*mse + mae", PREDICTION, target)
    assert math.isnan(whole.value)
    (error,) = [found for found in whole.diagnostics if found.severity == "error"]
    assert error.code == "LC201"
    assert error.message.startswith("mse: the result is inf: 1 row has no finite loss: row 8")


def test_what_is_found_in_every_part_is_said_once() -> None:
    whole = losscli.compute("mse + mae", PREDICTION, np.where(np.arange(N) == 7, np.nan, TARGET))
    assert [found.code for found in whole.diagnostics if found.severity == "error"] == ["LC201"]


def test_a_sum_beyond_the_largest_double() -> None:
    whole = losscli.compute("1e308*mse + 1e308*mae", [3.0], [1.0])
    assert whole.status == "inf"
    assert [found.code for found in whole.diagnostics if found.severity == "error"] == ["LC201"]


def test_slices_are_sums_of_slices() -> None:
    by = np.where(YES, "yes", "no")
    for text in ("0.5*mse + 0.25*mae", "0.5*mse + 0.25*rmse"):
        whole = losscli.compute(text, PREDICTION, TARGET, by=by)
        for one in whole.slices:
            rows = by == one.slice["by"]
            own = losscli.compute(text, PREDICTION[rows], TARGET[rows])
            assert one.value == pytest.approx(own.value, rel=1e-12)
            if own.distribution is not None:
                assert one.stderr == pytest.approx(own.distribution.stderr, rel=1e-10)


def test_groups() -> None:
    query = np.repeat(np.arange(N // 8), 8)
    whole = losscli.compute("ndcg + 0.1*mse", PREDICTION, YES, group=query)
    ndcg = losscli.compute("ndcg", PREDICTION, YES, group=query)
    mse = losscli.compute("mse", PREDICTION, YES, group=query)
    assert whole.value == pytest.approx(ndcg.value + 0.1 * mse.value)
    np.testing.assert_allclose(whole.per_sample, ndcg.per_sample + 0.1 * mse.per_sample)
    assert whole.group == ndcg.group


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_many_blocks_of_different_width(threads: int, tmp_path: Path) -> None:
    rows = 150_000
    logits = np.random.default_rng(1).normal(size=(rows, 6))
    labels = np.arange(rows) % 6
    columns = {f"logits_{i}": column for i, column in enumerate(logits.T)}
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({**columns, "target": labels}), path, row_group_size=10_007)
    text = "0.5*cross-entropy + 0.5*multi-margin(margin=2.0)"
    whole = losscli.compute(text, str(path), threads=threads)
    parts = [losscli.compute(part, str(path)) for part in text.replace("0.5*", "").split(" + ")]
    assert [part.result.value for part in whole.parts] == [one.value for one in parts]
    np.testing.assert_array_equal(
        whole.per_sample, 0.5 * parts[0].per_sample + 0.5 * parts[1].per_sample
    )


def test_the_samples_of_a_combination_for_whoever_compares() -> None:
    combination = parse("mse + 0.5*mae")
    roles, evaluations = of_models(combination, "mean", ["old", "new"])
    inputs = from_arrays(roles, [PREDICTION, PREDICTION + 1.0, TARGET], {})
    seen: list[Samples] = []
    old, new = Together(evaluations, inputs, take_samples=seen.append).evaluate()
    assert old.value == losscli.compute("mse + 0.5*mae", PREDICTION, TARGET).value
    assert new.value == losscli.compute("mse + 0.5*mae", PREDICTION + 1.0, TARGET).value
    sample = seen[0][0]
    assert sample is not None
    assert sample.loss.sum() / (len(sample) * sample.divisor) == pytest.approx(old.value)
    assert [weight for weight, _ in sample.parts] == [1.0, 0.5]


def test_models_compared_by_a_combination() -> None:
    models = {"old": PREDICTION, "new": 0.9 * PREDICTION}
    found = losscli.compare("0.5*mse + 0.5*mae", TARGET, models)
    rows = [losscli.compute("0.5*mse + 0.5*mae", p, TARGET).per_sample for p in models.values()]
    difference = found["new"].difference
    assert difference is not None
    assert difference.value == pytest.approx(np.mean(rows[1] - rows[0]))
    logits = {"old": LOGITS, "new": 0.9 * LOGITS}
    with pytest.raises(losscli.UsageError, match="divide by different numbers"):
        losscli.compare(f"multi-margin + cross-entropy(weight={WEIGHTS})", LABELS, logits)
    chances = {"old": PROBABILITY, "new": PROBABILITY**2}
    with pytest.raises(losscli.UsageError, match="--reduction mean"):
        losscli.compare("0.5*bce + 0.5*dice", YES, chances)


def test_parameters_belong_into_the_specs() -> None:
    with pytest.raises(losscli.ParameterError, match="no parameter 'delta'"):
        losscli.compute("0.5*mse + 0.5*huber", PREDICTION, TARGET, delta=2.0)


def test_rows_that_lack_a_value_count_in_no_part(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("prediction,target\n1,2\n,3\n4,4\n7,5\n")
    words = ("compute", "mse + mae", str(path), "--missing", "drop")
    record = json.loads(run(*words, "-f", "json").out)
    assert (record["value"], record["n"], record["missing"]) == (pytest.approx(8 / 3), 4, 1)
    assert run(*words, "--reduction", "none", "-f", "value").out == "2.0\nnan\n0.0\n6.0\n"
    several = run("compute", "mse,mae", *words[2:], "-f", "value").out.split()
    assert sum(map(float, several)) == pytest.approx(8 / 3)


def test_how_the_data_were_read_stands_in_the_signature_of_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("prediction_0,prediction_1,target_0,target_1\n1,2,1,1\n2,,3,4\n")
    words = ("compute", "mse + mae", str(path), "--missing", "ignore-elements", "-f", "json")
    record = json.loads(run(*words).out)
    assert record["missing_elements"] == 1
    assert "|missing-elements:1|" in record["signature"]
    path.write_text("prediction,target\n1,1\n-2,0\n")
    words = ("compute", "hinge + squared-hinge", str(path), "--labels", "01", "-f", "json")
    assert "|labels:01|" in json.loads(run(*words).out)["signature"]


def test_losses_of_ones_own_as_parts(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\n"
        "def tail(pred, target, above=1.0):\n"
        "    return np.maximum(np.abs(pred - target) - above, 0)\n"
        "def rmse(pred, target):\n"
        "    return np.sqrt(((pred - target) ** 2).mean())\n"
    )
    text = f"0.7*huber(delta=2) + 0.3*{path}:tail(above=0.5)"
    tail = np.maximum(np.abs(ERROR) - 0.5, 0)
    huber = losscli.compute("huber", PREDICTION, TARGET, delta=2.0)
    whole = losscli.compute(text, PREDICTION, TARGET)
    assert whole.value == pytest.approx(0.7 * huber.value + 0.3 * tail.mean())
    assert "code:" in whole.signature
    assert parse(str(parse(text))) == parse(text)
    once = losscli.compute(f"mae + {path}:rmse", PREDICTION, TARGET)
    assert once.value == pytest.approx(np.abs(ERROR).mean() + np.sqrt(np.mean(ERROR**2)))
    assert once.reduction == "overall"
    several = losscli.compute_all(["mse", f"{path}:tail"], PREDICTION, TARGET)
    assert (
        several[f"{path}:tail"].value == losscli.compute(f"{path}:tail", PREDICTION, TARGET).value
    )


def test_findings_may_be_allowed_or_strict(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("prediction,target\n" + "".join(f"1.5,{i}\n" for i in range(30)))
    for losses in ("mse,mae", "mse + mae"):
        words = ("compute", losses, str(path))
        assert run(*words).code == 0
        assert run(*words, "--strict").code == 1
        assert run(*words, "--strict", "--allow", "LC208").code == 0


# Several losses in Python.


def test_compute_all_is_compute_of_each() -> None:
    specs = ["mse", "huber(delta=2.0)", "rmse", "0.5*mse + 0.5*mae"]
    for given_as in (specs, ",".join(specs)):
        results = losscli.compute_all(given_as, PREDICTION, TARGET, sample_weight=YES)
        assert list(results) == specs
        for spec, result in results.items():
            assert result == losscli.compute(spec, PREDICTION, TARGET, sample_weight=YES)


def test_compute_all_gives_a_role_to_the_losses_that_have_it() -> None:
    weight = RNG.uniform(0.5, 2.0, N)
    results = losscli.compute_all(["mse", "log-cosh"], PREDICTION, TARGET, weight=weight)
    assert results["mse"] == losscli.compute("mse", PREDICTION, TARGET, weight=weight)
    assert results["log-cosh"] == losscli.compute("log-cosh", PREDICTION, TARGET)
    with pytest.raises(losscli.UsageError, match="no role 'nothing'"):
        losscli.compute_all(["mse", "mae"], PREDICTION, TARGET, nothing=weight)
    with pytest.raises(losscli.UsageError, match="is there twice"):
        losscli.compute_all("mse,MSELoss", PREDICTION, TARGET)
    with pytest.raises(losscli.UsageError, match="a row is a list to ndcg"):
        losscli.compute_all("ndcg,mse", PREDICTION, TARGET)


# The command line.


def test_the_page_shows_the_parts() -> None:
    ran = run("compute", "0.5*mse + 0.5*mae", "preds.csv", "targets.csv")
    assert (ran.code, ran.err) == (0, "")
    assert "98.7 %" in ran.out
    assert ran.last_line == "0.5*mse + 0.5*mae = 1782.6240371067963  (mean over 111 rows)"
    assert run("compute", "0.5*mse + 0.5*mae", "predictions.csv", "-f", "markdown").code == 0


def test_show_lists_the_parts() -> None:
    ran = run("show", "0.5*mse + 0.5*huber(delta=2)")
    assert ran.code == 0
    assert "0.5  huber(delta=2.0)" in ran.out
    assert "losscli show huber" in ran.out
    assert ran.last_line.strip() == (
        "losscli compute '0.5*mse + 0.5*huber(delta=2.0)' PREDICTION TARGET"
    )
    record = json.loads(run("show", "0.5*mse + 0.5*mae", "-f", "json").out)
    assert [part["loss"]["name"] for part in record["parts"]] == ["mse", "mae"]
    assert run("show", "0.5*mse + 0.5*mae", "-f", "markdown").code == 0
    assert run("show", "0.5*mse +").code == 2


def test_json_has_the_parts() -> None:
    record = json.loads(run("compute", "0.5*bce + 0.5*dice", "cancer_probs.csv", "-f", "json").out)
    assert record["loss"]["spec"] == "0.5*bce + 0.5*dice"
    assert record["divisor"] is None
    assert [(p["weight"], p["loss"]["name"], p["reduction"]) for p in record["parts"]] == [
        (0.5, "bce", "mean"),
        (0.5, "dice", "overall"),
    ]
    total = sum(part["contribution"] for part in record["parts"])
    assert total == pytest.approx(record["value"], rel=1e-15)


def test_a_combination_has_the_options_of_a_loss(tmp_path: Path) -> None:
    words = ("compute", "mse - 0.5*mae", "predictions.csv")
    path = tmp_path / "rows.csv"
    ran = run(*words, "--per-sample", str(path), "--reduction", "sum", "-f", "value")
    losses = np.loadtxt(path, delimiter=",", skiprows=1)[:, 1]
    assert float(ran.out) == pytest.approx(losses.sum())
    each = run(*words, "--reduction", "none", "-f", "value").out.split()
    np.testing.assert_array_equal([float(loss) for loss in each], losses)
    slices = json.loads(run(*words, "--by", "sex", "-f", "json").out)["slices"]
    assert {one["slice"]["sex"] for one in slices} == {"female", "male"}
    assert run("check", "0.5*mse + 0.5*mae", "predictions.csv", "--max", "2000").code == 0
    assert run("check", "0.5*mse + 0.5*mae", "predictions.csv", "--max", "1000").code == 1


@pytest.mark.parametrize("losses", ["0.5*huber + mae", "mse,huber"])
def test_an_option_of_one_loss_is_no_option_of_several(losses: str) -> None:
    ran = run("compute", losses, "predictions.csv", "--delta", "2")
    assert ran.code == 2
    assert "--delta is a parameter of huber" in ran.err
    assert "'huber(delta=...)'" in ran.err


SEVERAL = "mse,huber(delta=2),0.5*mse + 0.5*mae"


def test_several_losses_in_one_table() -> None:
    ran = run("compute", SEVERAL, "preds.csv", "targets.csv")
    assert (ran.code, ran.err) == (0, "")
    rows = [line.split("  ") for line in ran.out.splitlines()[-3:]]
    assert [row[1] for row in rows] == ["mse", "huber(delta=2.0)", "0.5*mse + 0.5*mae"]
    values = run("compute", SEVERAL, "preds.csv", "targets.csv", "-f", "value").out.split()
    for value, spec in zip(values, SEVERAL.split(","), strict=True):
        assert run("compute", spec, "preds.csv", "targets.csv", "-f", "value").out == f"{value}\n"
        assert value in ran.out


def test_several_losses_in_every_format(tmp_path: Path) -> None:
    words = ("compute", SEVERAL, "predictions.csv")
    record = json.loads(run(*words, "-f", "json").out)
    assert record["schema_version"] == 1
    alone = json.loads(run("compute", "mse", "predictions.csv", "-f", "json").out)
    assert record["results"][0] == alone
    lines = run(*words, "-f", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == record["results"]
    head, *rows = run(*words, "-f", "csv").out.splitlines()
    one = run("compute", "mse", "predictions.csv", "-f", "csv").out.splitlines()
    assert [head, rows[0]] == one
    assert len(rows) == 3
    report, page = tmp_path / "r.json", tmp_path / "r.md"
    ran = run(*words, "--json-report", str(report), "--markdown-report", str(page))
    assert ran.code == 0
    assert json.loads(report.read_text()) == record
    assert page.read_text() == run(*words, "-f", "markdown").out


def test_several_losses_write_a_column_each(tmp_path: Path) -> None:
    for name in ("rows.csv", "rows.parquet"):
        path = tmp_path / name
        ran = run("compute", SEVERAL, "predictions.csv", "--per-sample", str(path), "-f", "value")
        assert ran.code == 0
    table = pq.read_table(tmp_path / "rows.parquet")
    assert table.column_names == ["row", "mse", "huber(delta=2.0)", "0.5*mse + 0.5*mae"]
    np.testing.assert_allclose(
        [np.mean(table[i].to_numpy()) for i in (1, 2, 3)], [float(x) for x in ran.out.split()]
    )
    head = (tmp_path / "rows.csv").read_text().splitlines()[0]
    assert head.replace('"', "") == "row,mse,huber(delta=2.0),0.5*mse + 0.5*mae"


def test_findings_of_several_are_said_once(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    rows = "".join(f"1.5,{i}\n" for i in range(30))
    path.write_text(f"prediction,target\n{rows}")
    ran = run("compute", "mse,mae", str(path))
    assert ran.out.count("LC208") == 1
    record = json.loads(run("compute", "mse,mae", str(path), "-f", "json").out)
    assert [found["code"] for found in record["diagnostics"]] == ["LC208"]
    path.write_text(f"prediction,target\nnan,1\n{rows}")
    ran = run("compute", "mse,mae", str(path), "-f", "value")
    assert (ran.code, ran.out) == (2, "nan\nnan\n")


def test_slices_of_several(tmp_path: Path) -> None:
    ran = run("compute", "mse,rmse", "predictions.csv", "--by", "sex")
    assert "sex" in ran.out
    assert "rmse" in ran.out
    lines = run("compute", "mse,rmse", "predictions.csv", "--by", "sex", "-f", "csv").out
    assert [line.split(",")[:2] for line in lines.splitlines()] == [
        ["spec", "sex"],
        ["mse", "female"],
        ["mse", "male"],
        ["rmse", "female"],
        ["rmse", "male"],
    ]


def test_a_role_is_known_by_the_name_of_any_loss() -> None:
    words = ("compute", "mse,bce-with-logits", "cancer.csv", "-f", "value")
    plain = run(*words)
    assert plain.code == 0
    assert run(*words, "-c", "prediction=logit") == plain
    assert run(*words, "-c", "logits=logit") == plain
    assert run("compute", "mse,bce-with-logits", "logits=cancer.csv", "cancer.csv", *words[3:]) == (
        plain
    )


WRONG = {
    "compute mse,triplet-margin predictions.csv": "mse takes PREDICTION TARGET, but triplet-margin",
    "compute mse,mse predictions.csv": "mse is there twice",
    "compute mse,nope predictions.csv": "unknown loss 'nope'",
    "compute mse, predictions.csv": "a loss is missing",
    "compute ndcg,mse retrieval.csv": "--group COLUMN",
    "compute mse,mae predictions.csv --reduction none": "--per-sample PATH",
    "compute mse,mae predictions.csv --reduction batchmean": "mse has no reduction 'batchmean'",
    "compute mse,rmse predictions.csv --per-sample x.csv": "rmse is one number of all rows",
    "compute mse,mae predictions.csv -c nothing=age": "there is no role 'nothing'",
    "compute mse,mae predictions.csv --by sex -f value": "no place for the slices",
    "compute mse,bce predictions.csv": "70.4512",
    "compute mse+ predictions.csv": "a loss is missing",
    "compute 2*mse+ndcg predictions.csv": "list",
    "check mse,mae predictions.csv --max 3": "one loss at a time",
}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_said(line: str) -> None:
    ran = run(*line.split())
    assert (ran.code, ran.out) == (2, "")
    assert WRONG[line] in ran.err
