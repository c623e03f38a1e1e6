"""Whose numbers: where libraries differ, and what the number counts."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from test_cli import run

import losscli
import losscli.losses
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
def test_conventions_are_parameters_and_one_is_the_default(loss: losscli.spec.Loss) -> None:
    assert any(not given for given in loss.conventions.values())
    for name, given in loss.conventions.items():
        assert name in ("torch", "sklearn", "keras", "exact")
        assert str(loss().following(name)) == str(loss(**given))


def test_a_parameter_that_was_given_stays() -> None:
    found = losscli.compute("bce", *SURELY_WRONG, eps=0.01, convention="keras")
    assert found.loss.spec == "bce(eps=0.01)"


@pytest.mark.parametrize(
    ("loss", "convention", "says"),
    [
        ("mse", "keras", "has no effect on mse: libraries agree"),
        ("bce", "kears", "has no effect on bce: it has torch, sklearn, keras, exact"),
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
    assert "keras: eps=1e-07" in run("show", "bce").out


def test_the_denominator() -> None:
    logits = [[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    result = losscli.compute("cross-entropy", logits, [0, 1, -100], weight=[1, 3])
    assert result.denominator == {
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


@pytest.mark.parametrize(
    "words",
    [
        ("check", "mse", "a.csv", "--max", "1"),
        ("compare", "mse", "a.csv", "b.csv"),
        ("compute", "bce,mse", "a.csv"),
    ],
)
def test_every_command_refuses_one_without_effect(words: tuple[str, ...]) -> None:
    ran = run(*words, "--convention", "keras")
    assert (ran.code, ran.out) == (2, "")
    assert "--convention keras has no effect on mse" in ran.err


def test_a_file_of_checks_may_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(PROBABILITIES)
    check = "[[checks]]\nloss = '{}'\nfiles = 'a.csv'\nmax = 9\nconvention = 'keras'\n"
    Path("losscli.toml").write_text(check.format("bce"))
    (verdict,) = json.loads(run("check", "--format", "json").out)["checks"]
    assert verdict["result"]["loss"]["spec"] == KERAS
    Path("losscli.toml").write_text(check.format("mse"))
    ran = run("check")
    assert ran.code == 2
    assert "losscli.toml:5: --convention keras has no effect on mse" in ran.err
