"""``check --against``: another model's predictions, on the same rows, in the same read."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from checking import check, checks_of
from commands import SAMPLES
from scipy import stats

from losscli.analysis.gate import Gates, Tolerance
from losscli.checks import Check
from losscli.data.arrays import from_arrays
from losscli.rival import Rival
from losscli.spec import parse

MSE = 3518.454323276438


@pytest.fixture(autouse=True)
def _in_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shutil.copytree(SAMPLES, tmp_path / "data"))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def column(name: str) -> Any:
    return pa_csv.read_csv(name).column(0).to_numpy()


def predictions(by: Any, name: str) -> str:
    pa_csv.write_csv(pa.table({"prediction": column("preds.csv") + by}), name)
    return name


@pytest.mark.parametrize("scale", [-0.1, 0.0, 0.01, 0.02, 0.03, 0.1])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_it_is_a_one_sided_paired_t_test(scale: float, alpha: float) -> None:
    target, before = column("targets.csv"), column("preds.csv")
    noise = np.random.default_rng(1).normal(size=111) * 10
    new = predictions(scale * (before - target) + noise, "new.csv")
    ran = check("mse", new, "targets.csv", "--against", "preds.csv", "--significance", str(alpha))
    now = (column(new) - target) ** 2
    p = stats.ttest_rel(now, (before - target) ** 2, alternative="greater").pvalue
    assert ran.code == int(p < alpha)
    assert ("is not significantly worse" in ran.last_line) is bool(p >= alpha)
    assert f"of preds.csv: it is {now.mean() - MSE:+.6g}" in ran.last_line


def test_what_is_tolerated_is_not_worse() -> None:
    worse = predictions(30.0, "worse.csv")
    words = ("mse", worse, "targets.csv", "--against", "preds.csv")
    assert check(*words).code == 1
    ran = check(*words, "--tolerance", "50%")
    assert ran.code == 0
    assert "is not significantly worse by more than 50 %" in ran.last_line
    assert check(*words, "--tolerance", "10%").code == 1


def test_sets_are_judged_by_a_bootstrap() -> None:
    worse = predictions(40.0, "worse.csv")
    assert check("rmse", worse, "targets.csv", "--against", "preds.csv").code == 1
    assert check("rmse", "preds.csv", "targets.csv", "--against", worse).code == 0
    near = predictions(3.0, "near.csv")
    first = check("rmse", near, "targets.csv", "--against", "preds.csv", "--threads", "1")
    again = check("rmse", near, "targets.csv", "--against", "preds.csv", "--threads", "3")
    assert first.code == 0
    assert first.out == again.out


def test_it_goes_with_all_other_gates_in_one_run() -> None:
    words = ("mse", "preds.csv", "targets.csv", "--against", predictions(3.0, "other.csv"))
    base = ("--baseline", "b.json", "--baseline-rows", "r.parquet")
    assert check(*words, *base, "--update-baseline").code == 0
    # The baseline does not know of the other model.
    assert check("mse", "preds.csv", "targets.csv", *base).code == 0
    ran = check(*words, *base, "--max", "1", "--max-quantile", "p50=1e9", "--format", "json")
    assert ran.code == 1
    (found,) = checks_of(ran)
    assert [(gate["gate"], gate["passed"]) for gate in found["gates"]] == [
        ("max 1.0", False),
        ("p50 at most 1000000000.0", True),
        ("baseline + rounding", True),
        ("against other.csv at 0.05", True),
    ]
    assert found["result"]["value"] == MSE
    assert "paired on 111 rows it is +0" in found["notes"][0]


@pytest.mark.parametrize(
    "files",
    [
        ("predictions.csv",),
        ("prediction=preds.csv", "targets.csv"),
        ("target=targets.csv", "prediction=preds.csv"),
        ("targets.csv", "-c", "prediction=prediction", "prediction=preds.csv"),
    ],
)
def test_files_are_given_as_ever(files: tuple[str, ...]) -> None:
    ran = check("mse", *files, "--against", "preds.parquet")
    assert ran.code == 0, ran.err
    assert f"mse = {MSE} is not significantly worse than {MSE} of preds.parquet" in ran.last_line


def test_losses_whose_models_have_several_roles() -> None:
    ran = check("gaussian-nll", "gaussians.csv", "--against", "gaussians.csv")
    assert ran.code == 0, ran.err
    assert "the same loss on every row" in ran.last_line


def test_weighted_sums_are_checked_too() -> None:
    words = ("0.5*mse + 0.5*mae", "preds.csv", "targets.csv")
    ran = check(*words, "--max", "1790", "--max-quantile", "p50=1e4")
    assert ran.code == 0, ran.err
    ran = check(*words, "--against", predictions(40.0, "worse.csv"))
    assert ran.code == 0, ran.err
    ran = check(words[0], "worse.csv", "targets.csv", "--against", "preds.csv")
    assert ran.code == 1
    assert check(*words, "--baseline", "b.json", "--update-baseline").code == 0
    assert check(*words, "--baseline", "b.json").code == 0
    ran = check("0.4*mse + 0.5*mae", *words[1:], "--baseline", "b.json")
    assert ran.code == 2
    assert "0.5*mae in the baseline" in ran.err


def test_a_column_of_its_own() -> None:
    words = ("huber", "eval.parquet", "-c", "prediction=y_hat", "-c", "target=y")
    ran = check(*words, "--against", "eval.parquet")
    assert "the same loss on every row" in ran.last_line
    ran = check(*words, "--against", "eval.parquet", "-c", "prediction@against=y")
    assert ran.code == 1
    assert "than 0.0 of eval.parquet" in ran.last_line


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--against", "no.csv"), "no.csv: there is no such file"),
        (("--against", "short.csv"), "short.csv has 1 row"),
        (("--against", "inf.csv"), "inf.csv: its loss is inf, so nothing can be compared"),
        (("--against", "preds.csv", "--reduction", "sum"), "compared by a mean, and sum is none"),
        (("--against", "preds.csv", "--significance", "0.5"), "between 0 and 0.5"),
        (("--against", "preds.csv", "--json-report", "preds.csv"), "would overwrite preds.csv"),
        (("--against", "a.csv", "--json-report", "a.csv"), "would overwrite a.csv"),
    ],
)
def test_what_cannot_be_compared(words: tuple[str, ...], says: str) -> None:
    Path("short.csv").write_text("prediction\n1\n", encoding="utf-8")
    predictions(np.where(np.arange(111) == 5, np.inf, 0.0), "inf.csv")
    ran = check("mse", "preds.csv", "targets.csv", *words)
    assert ran.code == 2
    assert says in ran.err


def test_a_model_that_is_not_finite_fails() -> None:
    bad = predictions(np.where(np.arange(111) == 5, np.inf, 0.0), "inf.csv")
    ran = check("mse", bad, "targets.csv", "--against", "preds.csv")
    assert ran.code == 1
    assert "mse is inf, which never passes" in ran.last_line


def test_a_check_in_a_file() -> None:
    Path("losscli.toml").write_text(
        "[[checks]]\nloss = 'mse'\nfiles = ['preds.csv', 'targets.csv']\n"
        "against = 'preds.parquet'\nsignificance = 0.1\n",
        encoding="utf-8",
    )
    Path("sub").mkdir()
    ran = check("--config", "losscli.toml")
    assert ran.code == 0, ran.err
    assert "against preds.parquet at 0.1" in ran.out


def test_a_model_that_is_no_worse_fails_as_rarely_as_it_says() -> None:
    rng = np.random.default_rng(7)
    rival = Rival("other", alpha=0.1, tolerance=Tolerance())
    bound = parse("mae")
    failed = 0
    for _ in range(400):
        roles = rival.roles(bound)
        held = {
            "prediction@now": rng.exponential(size=60),
            "prediction@against": rng.exponential(size=60),
            "target": np.zeros(60),
        }
        inputs = from_arrays(roles, (), held, None)
        verdict = Check(bound, inputs, "mean", Gates(), rival=rival, threads=1).verdict()
        failed += not verdict.passed
    assert 24 < failed < 58


def scores(name: str, logits: Any) -> str:
    pa_csv.write_csv(pa.table({"logits": logits}), name)
    return name


def test_what_is_wrong_with_the_other_model_counts_as_well() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 3, size=200)
    labels = (rng.random(200) < 1 / (1 + np.exp(-logits))).astype(int)
    pa_csv.write_csv(pa.table({"target": labels}), "labels.csv")
    mine = scores("mine.csv", logits)
    # A model saved as probabilities loses to any, since they are read as logits.
    other = scores("probabilities.csv", 1 / (1 + np.exp(-logits)))
    words = ("bce-with-logits", mine, "labels.csv", "--against", other)
    ran = check(*words)
    assert ran.code == 0
    assert "warning LC101" in ran.out
    assert "of probabilities.csv: all 200 rows" in ran.out
    assert check(*words, "--strict").code == 1
    assert check(*words, "--strict", "--allow", "LC101").code == 0
    assert "probabilities.csv" not in check(*words[:-1], mine).out


def test_a_model_that_breaks_the_contract_is_none_to_compare_with() -> None:
    logits = np.tile([2.0, 0.0, 1.0], 20)
    columns = {"logits_0": logits, "logits_1": 1 - logits}
    pa_csv.write_csv(pa.table({**columns, "target": np.tile([0, 1, 0], 20)}), "mine.csv")
    pa_csv.write_csv(pa.table({"p_1": 1 - logits, "p_0": logits}), "other.csv")
    words = ("cross-entropy", "mine.csv", "--against", "other.csv", "-c")
    ran = check(*words, "logits@against=p_1,p_0")
    assert (ran.code, "of other.csv: label k" in ran.err, "(LC130)" in ran.err) == (2, True, True)
    assert check(*words, "logits@against=p_1,p_0", "--allow", "LC130").code == 0
