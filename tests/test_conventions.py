"""Whose numbers: where libraries differ, and what the number counts."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import run
from pages import ROOT, blocks, outputs, shell

import losscli
import losscli.losses
from losscli.convention import CONVENTIONS, FromData
from losscli.engine.conventions import following
from losscli.errors import UsageError
from losscli.spec import registered

SURELY_WRONG = ([0.9, 0.0, 0.2], [1, 1, 0])
REST = -math.log(0.9) - math.log(0.8)
CONVENTIONAL = [loss for loss in registered().values() if loss.conventions]


@pytest.mark.parametrize(
    ("convention", "most"),
    [
        ("torch", 100.0),
        ("sklearn", -math.log(np.finfo(float).eps)),
        ("keras", -math.log(1e-7)),
        ("exact", math.inf),
    ],
)
def test_a_probability_of_0_costs_what_each_library_says(convention: str, most: float) -> None:
    result = losscli.compute("bce", *SURELY_WRONG, convention=convention)
    assert result.value == pytest.approx((most + REST) / 3, rel=1e-13)
    assert f"|convention:{convention}|" in result.signature


def test_sklearns_log_loss_is_the_default_and_kerass_is_not() -> None:
    p, y = [[1.0, 0.0], [0.3, 0.5]], [1, 1]
    default = losscli.compute("log-loss", p, y).value
    assert losscli.compute("log-loss", p, y, convention="sklearn").value == default
    keras = losscli.compute("log-loss", p, y, convention="keras").value
    assert keras == pytest.approx((-math.log(1e-7) - math.log(0.5 / 0.8)) / 2, rel=1e-7)


def test_relative_errors() -> None:
    pair = [1.0, 2.0], [0.0, 4.0]
    assert losscli.compute("mape", *pair, convention="sklearn").value == pytest.approx(
        (1 / 2**-52 + 0.5) / 2
    )
    assert losscli.compute("mape", *pair, convention="keras").value == pytest.approx(
        100 * (1e7 + 0.5) / 2
    )


def test_rmse_of_columns() -> None:
    p, t = np.array([[1.0, 5.0], [2.0, 8.0]]), np.zeros((2, 2))
    roots = np.sqrt((p**2).mean(axis=0))
    assert losscli.compute("rmse", p, t, convention="sklearn").value == pytest.approx(roots.mean())
    whole = losscli.compute("rmse", p, t, convention="keras").value
    assert whole == pytest.approx(np.sqrt((p**2).mean()))


@pytest.mark.parametrize("loss", CONVENTIONAL, ids=lambda loss: loss.name)
def test_what_a_convention_stands_for_is_a_value_of_its_parameters(loss: losscli.spec.Loss) -> None:
    for name, convention in loss.conventions.items():
        assert name in CONVENTIONS
        params = {
            k: v.value("float32", (2,)) if isinstance(v, FromData) else v
            for k, v in convention.params.items()
        }
        bound = loss(**params)
        plain = {k: v for k, v in bound.params.items() if not isinstance(v, FromData)}
        followed = following(loss(), name)
        for k in convention.params:
            if not isinstance(convention.params[k], FromData):
                assert followed.params[k] == plain[k]


def test_a_parameter_that_was_given_stays() -> None:
    found = losscli.compute("bce", *SURELY_WRONG, eps=0.01, convention="keras")
    assert found.loss.spec == "bce(eps=0.01)"


@pytest.mark.parametrize(
    ("loss", "convention", "says"),
    [
        ("mse", "keras", "has no effect on mse: libraries agree"),
        ("bce", "kears", "kears is none of torch, sklearn, keras, exact"),
        ("mse", "exact", "has no effect on mse: libraries agree about it"),
        ("r2", "keras", "has no effect on r2: libraries agree about it"),
        ("triplet-margin", "torch", "libraries agree about it where nothing is weighed"),
        ("0.5*mse + 0.5*mae", "keras", "about one loss"),
    ],
)
def test_a_convention_without_effect(loss: str, convention: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        losscli.compute(loss, [1.0], [1.0], convention=convention)


def test_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("prediction,target\n0.9,1\n0.0,1\n0.2,0\n")
    path = str(tmp_path / "b.csv")
    ran = run("compute", "bce", path, "--convention", "keras", "-f", "json")
    record = json.loads(ran.out)
    assert record["loss"]["spec"] == "bce(eps=1e-07)"
    assert record["denominator"]["clamped"] == 1
    assert run("compute", "mse", path, "--convention", "keras").code == 2
    assert "\n  keras         eps=1e-07 " in run("show", "bce").out


def test_the_denominator() -> None:
    logits = [[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    result = losscli.compute("cross-entropy", logits, [0, 1, -100], weight=[1, 3])
    counted = json.loads(result.to_json())["denominator"]
    assert counted == asdict(result.denominator)
    assert counted == {
        "rows_read": {"logits": 3, "target": 3},
        "paired": 3,
        "ignored": 1,
        "missing": 0,
        "counted": 2,
        "sum_of_weights": 4.0,
        "divisor": 4.0,
        "divisor_meaning": "sum of weights",
        "clamped": 0,
    }


@pytest.mark.parametrize("threads", [1, 2])
def test_clamps_are_counted_over_all_blocks(threads: int) -> None:
    p, y = np.full(200_000, 0.5), np.ones(200_000)
    p[[5, 70_000, 199_999]] = 0.0
    p[7] = 1.0
    assert losscli.compute("bce", p, y, threads=threads).clamped == 3


def test_the_table_says_what_the_number_counts(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text("prediction,target\n0.9,1\n0.0,1\n0.2,0\n")
    assert (
        "3 rows read and paired; divided by 3 rows; 1 clamped"
        in run("compute", "bce", str(path)).out
    )


PROBABILITIES = "prediction,target\n0.9,1\n0.0,1\n0.2,0\n"
KERAS = "bce(eps=1e-07)"


def test_every_command_that_evaluates_follows_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        Path(name).write_text(PROBABILITIES)
    keras = ("--convention", "keras", "--format", "json")
    value = json.loads(run("compute", KERAS, "a.csv", "-f", "json").out)["value"]
    several = json.loads(run("compute", "bce,mape", "a.csv", *keras).out)["results"]
    assert several[0]["loss"]["spec"] == KERAS
    assert several[0]["value"] == value
    assert "|convention:keras|" in several[0]["signature"]
    (verdict,) = json.loads(run("check", "bce", "a.csv", "--max", "9", *keras).out)["checks"]
    assert (verdict["name"], verdict["result"]["value"]) == (KERAS, value)
    assert "|convention:keras|" in verdict["result"]["signature"]
    compared = json.loads(run("compare", "bce", "a.csv", "b.csv", *keras).out)
    assert compared["loss"]["spec"] == KERAS
    assert compared["models"][0]["value"] == value


@pytest.mark.parametrize("loss", ["mse", "r2"])
@pytest.mark.parametrize(
    "words",
    [
        ("check", "{}", "a.csv", "--max", "1"),
        ("compare", "{}", "a.csv", "b.csv"),
        ("compute", "bce,{}", "a.csv"),
    ],
    ids=lambda words: words[0],
)
def test_every_command_refuses_one_without_effect(
    words: tuple[str, ...], loss: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        Path(name).write_text(PROBABILITIES)
    ran = run(*(word.format(loss) for word in words), "--convention", "keras")
    assert ran.code == 2
    assert f"--convention keras has no effect on {loss}: libraries agree about it" in ran.err


def test_a_file_of_checks_may_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(PROBABILITIES)
    check = "[[checks]]\nloss = '{}'\nfiles = 'a.csv'\nmax = 9\nconvention = 'keras'\n"
    Path("losscli.toml").write_text(check.format("bce"))
    (verdict,) = json.loads(run("check", "--format", "json").out)["checks"]
    assert verdict["result"]["loss"]["spec"] == KERAS
    Path("losscli.toml").write_text(check.format("r2"))
    ran = run("check")
    assert ran.code == 2
    assert "losscli.toml:5: --convention keras has no effect on r2" in ran.err


# --- what a mean divides by ----------------------------------------------------------------------

RNG = np.random.default_rng(11)
PAIR = RNG.normal(size=(2, 40))
CHANCES, YES = RNG.uniform(0.02, 0.98, 40), RNG.integers(0, 2, 40).astype(float)
WEIGHT = RNG.uniform(0.0, 3.0, 40)
WEIGHT[:4] = 0.0
LOGITS, LABELS = RNG.normal(size=(40, 3)), RNG.integers(0, 3, 40)
LABELS[[5, 6]] = -100
OF_CLASS = np.array([0.5, 1.0, 3.0])


def mean_of(loss: str, *data: object, convention: str, **named: object) -> tuple[float, str]:
    result = losscli.compute(loss, *data, convention=convention, **named)
    assert result.value == pytest.approx(result.reductions["sum"] / result.divisor, rel=1e-14)
    return result.value, result.divisor_meaning


@pytest.mark.parametrize(
    ("loss", "data", "convention", "divisor", "meaning"),
    [
        ("mse", PAIR, "keras", 40, "rows"),
        ("mse", PAIR, "sklearn", WEIGHT.sum(), "sum of sample weights"),
        ("mse", PAIR, "torch", WEIGHT.sum(), "sum of sample weights"),
        ("huber", PAIR, "torch", 40, "rows"),
        ("huber", PAIR, "sklearn", WEIGHT.sum(), "sum of sample weights"),
        ("bce", (CHANCES, YES), "torch", 40, "rows"),
        ("bce", (CHANCES, YES), "keras", 40, "rows"),
        ("bce", (CHANCES, YES), "sklearn", WEIGHT.sum(), "sum of sample weights"),
        ("bce", (CHANCES, YES), "exact", WEIGHT.sum(), "sum of sample weights"),
        ("pinball", PAIR, "keras", 40, "rows"),
    ],
)
def test_a_mean_with_sample_weights(
    loss: str, data: tuple[Any, ...], convention: str, divisor: float, meaning: str
) -> None:
    each = losscli.compute(loss, *data).per_sample
    assert each is not None
    value, divides = mean_of(loss, *data, convention=convention, sample_weight=WEIGHT)
    assert value == pytest.approx((WEIGHT * each).sum() / divisor, rel=1e-7)
    assert divides == meaning


@pytest.mark.parametrize("convention", ["keras", "sklearn", "torch"])
def test_a_mean_with_weights_of_elements(convention: str) -> None:
    p, y, w = CHANCES.reshape(20, 2), YES.reshape(20, 2), WEIGHT.reshape(20, 2)
    total = float((w * losscli.losses.bce(p, y)).sum())
    value, divides = mean_of("bce", p, y, convention=convention, weight=w)
    by_sum = convention == "sklearn"
    assert value == pytest.approx(total / (w.sum() if by_sum else 40), rel=1e-7)
    assert divides == ("sum of weights" if by_sum else "elements")


@pytest.mark.parametrize("convention", ["keras", "sklearn", "torch"])
def test_a_mean_with_weights_of_classes_and_ignored_rows(convention: str) -> None:
    counted = LABELS >= 0
    own = np.where(counted, OF_CLASS[LABELS.clip(0)], 0.0) * WEIGHT
    each = losscli.losses.cross_entropy(LOGITS, LABELS)
    value, divides = mean_of(
        "cross-entropy",
        LOGITS,
        LABELS,
        convention=convention,
        weight=OF_CLASS,
        sample_weight=WEIGHT,
    )
    by_count = convention == "keras"
    expected = (own * each).sum() / (counted.sum() if by_count else own.sum())
    assert value == pytest.approx(expected, rel=1e-13)
    assert divides == ("rows not ignored" if by_count else "sum of weights")


def test_a_row_of_weight_0_counts_in_keras() -> None:
    result = losscli.compute("mse", *PAIR, sample_weight=WEIGHT, convention="keras")
    assert (result.ignored, result.divisor, result.sum_of_weights) == (0, 40, WEIGHT.sum())
    assert losscli.compute("mse", *PAIR, sample_weight=WEIGHT).ignored == 4


def test_the_standard_error_is_that_of_the_mean() -> None:
    result = losscli.compute("mse", *PAIR, sample_weight=WEIGHT, convention="keras")
    each = WEIGHT * (PAIR[0] - PAIR[1]) ** 2
    assert result.distribution is not None
    assert result.distribution.stderr == pytest.approx(each.std(ddof=1) / math.sqrt(40))


@pytest.mark.parametrize("convention", ["", "keras"])
def test_a_slice_has_the_value_of_its_rows_alone(convention: str) -> None:
    by = np.array(["a", "b"] * 20)
    whole = losscli.compute("mse", *PAIR, sample_weight=WEIGHT, by=by, convention=convention)
    for one in whole.slices:
        rows = by == next(iter(one.slice.values()))
        alone = losscli.compute(
            "mse", *PAIR[:, rows], sample_weight=WEIGHT[rows], convention=convention
        )
        assert one.value == pytest.approx(alone.value, rel=1e-14)


def test_groups_divide_alike() -> None:
    group = np.repeat(np.arange(8), 5)
    keras = losscli.compute("mse", *PAIR, sample_weight=WEIGHT, group=group, convention="keras")
    rows = losscli.compute("mse", *PAIR, sample_weight=WEIGHT, convention="keras")
    assert keras.value == pytest.approx(rows.value, rel=1e-14)
    own = (WEIGHT * (PAIR[0] - PAIR[1]) ** 2).reshape(8, 5)
    np.testing.assert_allclose(keras.per_sample, own.mean(axis=1), rtol=1e-13)


@pytest.mark.parametrize("convention", ["torch", "keras", "sklearn"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_best_constant_has_the_mean_of_the_library(convention: str, weighted: bool) -> None:
    named = {"sample_weight": WEIGHT} if weighted else {}
    found = losscli.compute("bce", CHANCES, YES, convention=convention, **named).reference
    assert found is not None
    constant = np.full(40, found.prediction[0])
    expected = losscli.compute("bce", constant, YES, convention=convention, **named).value
    assert found.value == pytest.approx(expected, rel=1e-13)


def test_the_best_constant_with_weights_of_classes() -> None:
    labels = LABELS.clip(0)
    named = {"weight": OF_CLASS, "convention": "keras"}
    found = losscli.compute("cross-entropy", LOGITS, labels, **named).reference
    assert found is not None
    constant = np.tile(found.prediction, (40, 1))
    assert found.value == pytest.approx(
        losscli.compute("cross-entropy", constant, labels, **named).value, rel=1e-13
    )


@pytest.mark.parametrize("reduction", ["sum"])
def test_where_nothing_is_divided_it_has_no_effect(reduction: str) -> None:
    with pytest.raises(UsageError, match="has no effect on mse"):
        losscli.compute("mse", *PAIR, sample_weight=WEIGHT, convention="keras", reduction=reduction)


def test_both_kinds_of_weights_have_their_names() -> None:
    both = losscli.compute("bce", CHANCES, YES, weight=WEIGHT + 1, sample_weight=WEIGHT)
    assert (both.divisor, both.divisor_meaning) == (WEIGHT.sum(), "sum of sample weights")
    assert both.sum_of_weights == pytest.approx((WEIGHT * (WEIGHT + 1)).sum())
    even = losscli.compute("bce", CHANCES, YES, weight=WEIGHT, sample_weight=np.ones(40))
    assert (even.divisor, even.divisor_meaning) == (40, "sum of sample weights")
    assert even.denominator.sum_of_weights == pytest.approx(WEIGHT.sum())


@pytest.mark.parametrize(("dtype", "eps"), [("f8", 2.0**-52), ("f4", 2.0**-23), ("f2", 2.0**-10)])
@pytest.mark.parametrize("form", ["array", "npy", "parquet", "list", "feather"])
def test_scikit_learn_clips_at_the_epsilon_of_the_type(
    dtype: str, eps: float, form: str, tmp_path: Path
) -> None:
    p, y = np.array([[0.0, 1.0], [0.5, 0.5]], dtype), np.array([0, 1])
    data = _stored(form, p, y, tmp_path)
    result = losscli.compute("log-loss", *data, convention="sklearn")
    assert result.value == pytest.approx((-math.log(eps) - math.log(0.5)) / 2, rel=1e-13)


def _stored(form: str, p: np.ndarray[Any, Any], y: np.ndarray[Any, Any], folder: Path) -> Any:
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet

    if form == "array":
        return p, y
    if form == "npy":
        np.save(folder / "p.npy", p)
        np.save(folder / "y.npy", y)
        return str(folder / "p.npy"), str(folder / "y.npy")
    path = str(folder / "data")
    columns: dict[str, Any] = {f"prediction_{i}": pa.array(p[:, i]) for i in range(2)}
    if form == "list":
        columns = {"prediction": pa.FixedSizeListArray.from_arrays(pa.array(p.ravel()), 2)}
    table = pa.table({**columns, "target": pa.array(y)})
    if form == "feather":
        pyarrow.feather.write_feather(table, path, compression="uncompressed")
    else:
        pyarrow.parquet.write_table(table, path)
    return (path,)


def test_text_is_read_as_float64(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(PROBABILITIES)
    ran = run("compute", "bce", str(tmp_path / "b.csv"), "--convention", "sklearn", "-f", "json")
    assert json.loads(ran.out)["loss"]["params"]["eps"] == 2.0**-52


def test_keras_has_no_weights_of_classes_to_spread_over() -> None:
    named = {"weight": OF_CLASS, "label_smoothing": 0.1}
    with pytest.raises(UsageError, match="keras weighs a row by its class"):
        losscli.compute("cross-entropy", LOGITS, LABELS.clip(0), convention="keras", **named)
    rows = OF_CLASS[LABELS.clip(0)]
    found = losscli.compute(
        "cross-entropy", LOGITS, LABELS.clip(0), convention="keras", label_smoothing=0.1,
        sample_weight=rows,
    )  # fmt: skip
    each = losscli.losses.cross_entropy(LOGITS, LABELS.clip(0), label_smoothing=0.1)
    assert found.value == pytest.approx((rows * each).mean(), rel=1e-13)


@pytest.mark.parametrize(
    ("loss", "data"),
    [
        ("bce", (CHANCES * 0, YES * 0 + 1)),
        ("binary-focal", (CHANCES * 0, YES * 0 + 1)),
        ("log-loss", (np.tile([0.0, 1.0], (40, 1)), YES * 0)),
        ("categorical-focal", (np.tile([0.0, 1.0], (40, 1)), YES * 0)),
        ("d2-log-loss", (np.tile([0.0, 1.0], (40, 1)), YES * 0)),
    ],
)
def test_every_bounded_logarithm_is_counted(loss: str, data: tuple[Any, ...]) -> None:
    assert losscli.compute(loss, *data).clamped == 40
    assert losscli.compute(loss, *data, convention="exact").clamped == 0
    assert losscli.compute(f"0.5*{loss} + 0.5*{loss}", *data).clamped == 80


def test_a_clipped_divergence_is_counted() -> None:
    pair = [[0.0, 1.0], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]]
    assert losscli.compute("kl-divergence", *pair, convention="keras").clamped == 1
    assert losscli.compute("kl-divergence", *pair).clamped == 0


# --- Python --------------------------------------------------------------------------------------


def test_python_takes_it_everywhere() -> None:
    data, named = (CHANCES, YES), {"sample_weight": WEIGHT, "convention": "keras"}
    one = losscli.compute("bce", *data, **named)
    several = losscli.compute_all(["bce", "brier"], *data, **named)
    assert several[KERAS].value == one.value
    assert several["brier"].divisor == 40
    verdict = losscli.check("bce", *data, max=9.0, **named)
    assert verdict.result is not None
    assert verdict.result.value == one.value
    compared = losscli.compare("bce", YES, {"a": CHANCES, "b": 1 - CHANCES}, **named)
    assert compared["a"].value == one.value
    for call in (
        lambda: losscli.compute_all("mse,mae", *PAIR, convention="keras"),
        lambda: losscli.check("mse", *PAIR, max=9.0, convention="keras"),
        lambda: losscli.compare("mse", PAIR[1], {"a": PAIR[0], "b": PAIR[1]}, convention="keras"),
    ):
        with pytest.raises(UsageError, match="--convention keras has no effect on m"):
            call()


def test_models_of_different_types_have_no_common_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    single = CHANCES.astype("f4")
    with pytest.raises(
        UsageError, match=r"is bce\(eps=2\.2\S+\) for a and bce\(eps=1\.19\S+ for b"
    ):
        losscli.compare("bce", YES, {"a": CHANCES, "b": single}, convention="sklearn")
    assert losscli.compare("bce", YES, {"a": single, "b": single}, convention="sklearn")
    for name, array in (("p", CHANCES), ("q", single), ("y", YES)):
        np.save(f"{name}.npy", array)
    words = ("check", "bce", "p.npy", "y.npy", "--convention", "sklearn")
    ran = run(*words, "--against", "q.npy")
    assert ran.code == 2
    assert "whose data are of another type" in ran.err
    assert run(*words, "--against", "p.npy").code == 0


# --- the page ------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "conventions.md").read_text(encoding="utf-8")


def test_the_consoles_of_the_page_one_after_the_other(tmp_path: Path) -> None:
    found = outputs(PAGE)
    assert len(found) > 5
    for command, printed in found:
        assert shell(command, tmp_path).stdout == printed, command


def test_the_python_of_the_page_runs() -> None:
    (code,) = blocks(PAGE, "python")
    exec(compile(code, "conventions.md", "exec"), {})


def test_the_page_names_every_loss_that_has_conventions() -> None:
    assert [loss.name for loss in CONVENTIONAL if f"`{loss.name}`" not in PAGE] == []
