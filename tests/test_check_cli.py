"""``losscli check`` as a user, a script and a pipeline meet it."""

from __future__ import annotations

import inspect
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from checking import check, checks_of, mse
from commands import SAMPLES

import losscli
from losscli.cli.check import CheckGroup
from losscli.errors import DataError
from losscli.spec import registered

pytestmark = pytest.mark.usefixtures("among_the_samples")

MSE = 3518.454323276438


@pytest.mark.parametrize(
    ("limit", "code", "word"),
    [("3600", 0, "passed"), (repr(MSE), 0, "passed"), ("0.09", 1, "failed")],
)
def test_the_verdict_is_the_last_line_and_the_exit_code(limit: str, code: int, word: str) -> None:
    ran = mse("--max", limit)
    assert (ran.code, ran.err) == (code, "")
    relation = "is at most" if code == 0 else "is more than"
    assert ran.last_line == f"{word}: mse = {MSE} {relation} {float(limit)!r}"


def test_all_gates_are_reported() -> None:
    ran = mse("--max", "1", "--max-quantile", "p50=2000", "--max-share-above", "5000=1%")
    assert ran.code == 1
    assert "✗  max 1.0" in ran.out
    assert "✓  p50 at most 2000.0" in ran.out
    assert "✗  share above 5000.0 at most 0.01" in ran.out
    assert "(22 of 111)" in ran.last_line


def test_json_says_everything() -> None:
    (found,) = checks_of(mse("--max", "1", "--max-quantile", "p50=2000", "--format", "json"))
    assert found["outcome"] == "failed"
    assert found["reason"] == f"mse = {MSE} is more than 1.0"
    first, second = found["gates"]
    assert first == {
        "gate": "max 1.0",
        "slice": None,
        "passed": False,
        "reason": f"mse = {MSE} is more than 1.0",
        "value": MSE,
        "status": "ok",
        "limit": 1.0,
    }
    assert second["passed"]
    assert found["result"]["value"] == MSE
    assert found["result"]["distribution"]["stderr"] > 0


def test_markdown_begins_with_the_verdict() -> None:
    ran = mse("--max", "1", "--format", "markdown")
    assert ran.out.startswith(f"**failed**: mse = {MSE} is more than 1.0\n")
    assert "| **❌** |" in ran.out


def test_loss_options_and_data_options_are_those_of_compute(tmp_path: Path) -> None:
    words = ("huber", "eval.parquet", "-c", "prediction=y_hat", "-c", "target=y", "--delta", "2")
    ran = check(*words, "--max", "2.0979")
    assert ran.code == 0
    assert ran.last_line.startswith("passed: huber(delta=2.0) = 2.0978")
    assert check(*words, "--max", "2.0978").code == 1


def test_reports_are_written_whether_it_passes_or_not(tmp_path: Path) -> None:
    for limit, code in (("1e9", 0), ("1", 1)):
        reports = tmp_path / "check.json", tmp_path / "check.md"
        ran = mse(
            "--max", limit, "--json-report", str(reports[0]), "--markdown-report", str(reports[1])
        )
        assert ran.code == code
        assert json.loads(reports[0].read_text("utf-8"))["exit_code"] == code
        assert f"mse = {MSE}" in reports[1].read_text("utf-8")


def test_a_file_that_is_not_there_is_no_failure_but_an_error(tmp_path: Path) -> None:
    report = tmp_path / "check.json"
    ran = check("mse", "pred.csv", "targets.csv", "--max", "1", "--json-report", str(report))
    assert ran.code == 2
    assert "pred.csv: there is no such file" in ran.err
    assert ran.out == ""
    page = json.loads(report.read_text("utf-8"))
    assert (page["outcome"], page["exit_code"]) == ("error", 2)
    assert page["checks"][0]["problem"]["where"] == "pred.csv"
    assert page["checks"][0]["result"] is None


def test_a_loss_that_is_not_finite_fails_and_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("prediction,target\n1,1\ninf,2\n", encoding="utf-8")
    ran = check("mse", str(path), "--max", "1e9", "--format", "json")
    assert ran.code == 1
    (found,) = checks_of(ran)
    assert [gate["gate"] for gate in found["gates"]] == ["LC201", "max 1000000000.0"]
    assert (found["gates"][1]["value"], found["gates"][1]["status"]) == (None, "inf")
    assert "row 2" in found["reason"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "there is nothing to check"),
        (("--max", "x"), "Invalid value for '--max'"),
        (("--max", "nan"), "a limit of nan"),
        (("--max", "1", "--reduction", "none"), "there are many"),
        (("--max-quantile", "99=1"), "it must be from 0 to 1"),
        (("--max-quantile", "p99"), "write it as SHARE=X"),
        (("--max-share-above", "1%"), "write it as X=SHARE"),
        (("--max", "1", "--json-report", "nowhere/a.json"), "cannot write nowhere/a.json"),
    ],
)
def test_what_cannot_be_checked_exits_2(words: tuple[str, ...], says: str) -> None:
    ran = mse(*words)
    assert ran.code == 2
    assert says in ran.err


def test_no_report_takes_the_place_of_a_file(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(shutil.copytree(SAMPLES, tmp_path / "data"))
    before = Path("preds.csv").read_bytes()
    for files in (("preds.csv", "targets.csv"), ("prediction=preds.csv", "nowhere.csv")):
        ran = check("mse", *files, "--max", "1", "--json-report", "preds.csv")
        assert ran.code == 2
        assert "would overwrite preds.csv" in ran.err
        assert Path("preds.csv").read_bytes() == before
    ran = mse("--max", "1", "--json-report", "a", "--markdown-report", "a")
    assert ran.code == 2
    assert not Path("a").exists()


def test_data_is_never_markup(tmp_path: Path) -> None:
    path = tmp_path / "[bold]\x1b[31m.csv"
    path.write_text("prediction,target\n1,1\n", encoding="utf-8")
    ran = check("mse", str(path) + "x", "--max", "1")
    assert ran.code == 2
    assert "\x1b" not in ran.err
    assert "[bold]" in ran.err


def test_an_option_of_the_command_and_a_parameter_of_a_users_loss(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\n\n\n"
        "def capped(prediction, target, *, max: float = 5.0):\n"
        '    """No more than max."""\n'
        "    return np.minimum(np.abs(prediction - target), max)\n",
        encoding="utf-8",
    )
    ran = check(f"{path}:capped(max=2)", "preds.csv", "targets.csv", "--max", "2")
    assert ran.code == 0, ran.err
    assert check(f"{path}:capped", "preds.csv", "targets.csv", "--max", "2").code == 1


def test_no_loss_of_ours_has_an_option_of_check() -> None:
    own = set(inspect.signature(CheckGroup.body).parameters)
    for declared in registered().values():
        assert not own & set(declared.params), declared.name


# Findings, and what they mean for the verdict.


@pytest.fixture
def probabilities(tmp_path: Path) -> str:
    """Probabilities for a loss that takes logits, which is a warning."""
    rows = ["0.9,1", "0.2,0", "0.7,1", "0.4,0", "0.95,1", "0.3,0", "0.1,0", "0.6,1"] * 2
    path = tmp_path / "p.csv"
    path.write_text("\n".join(["logits,target", *rows, ""]), encoding="utf-8")
    return str(path)


def test_a_warning_fails_only_what_is_strict(probabilities: str) -> None:
    words = ("bce-with-logits", probabilities, "--max", "1")
    ran = check(*words)
    assert (ran.code, ran.err) == (0, "")
    assert "warning LC101" in ran.out
    ran = check(*words, "--strict")
    assert ran.code == 1
    assert "✓  max 1.0" in ran.out
    assert "give the logits" in ran.out
    assert ran.last_line == (
        "failed: a warning, and --strict counts it: probabilities where logits are expected"
    )
    ran = check(*words, "--strict", "--allow", "lc101")
    assert ran.code == 0
    assert "allowed LC101" in ran.out
    assert ran.last_line.startswith("passed: ")
    assert check("--strict", *words).code == 1


def test_every_report_says_what_strict_counted(probabilities: str, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    words = ("bce-with-logits", probabilities, "--max", "1", "--format", "github")
    ran = check(*words, "--strict", "--junit-xml", str(junit))
    assert ran.code == 1
    assert "::error title=bce-with-logits%3A LC101::a warning, and --strict counts it" in ran.out
    assert "::warning title=bce-with-logits%3A LC101::all 16 rows" in ran.out
    assert '<testcase classname="bce-with-logits" name="LC101"' in junit.read_text()
    ran = check(*words, "--strict", "--allow", "LC101")
    assert "::notice title=bce-with-logits%3A LC101 is allowed::" in ran.out
    assert "::error" not in ran.out
    assert ran.code == 0


def test_data_that_breaks_the_contract_cannot_be_checked(tmp_path: Path) -> None:
    logits, target = tmp_path / "logits.csv", tmp_path / "target.csv"
    logits.write_text("logits_0,logits_1\n2,1\n0,3\n", encoding="utf-8")
    target.write_text("target_0,target_1\n0.6,0.3\n0.1,0.8\n", encoding="utf-8")
    baseline, rows = tmp_path / "b.json", tmp_path / "rows.csv"
    words = ("cross-entropy", str(logits), str(target))
    update = ("--baseline", str(baseline), "--update-baseline", "--baseline-rows", str(rows))
    for gates in (("--max", "1"), ("--max", "0"), update):
        report = tmp_path / "report.json"
        ran = check(*words, *gates, "--json-report", str(report))
        assert ran.code == 2
        assert "error: in 2 of 2 rows of the target" in ran.err
        assert "(LC104)" in ran.err
        assert "--allow LC104" in ran.err
        page = json.loads(report.read_text("utf-8"))
        assert (page["exit_code"], page["outcome"]) == (2, "error")
        assert page["checks"][0]["problem"]["code"] == "LC104"
        assert page["checks"][0]["reason"].endswith("do not sum to 1 (LC104)")
    assert not baseline.exists()
    assert not rows.exists()
    assert check(*words, *update, "--allow", "LC104").code == 0
    assert baseline.exists()
    ran = check(*words, "--max", "0", "--allow", "LC104")
    assert ran.code == 1
    assert ran.last_line.startswith("failed: cross-entropy = ")


def test_a_number_with_a_warning_is_no_strict_baseline(probabilities: str, tmp_path: Path) -> None:
    baseline, rows = tmp_path / "b.json", tmp_path / "rows.csv"
    words = ("bce-with-logits", probabilities, "--baseline", str(baseline), "--update-baseline")
    ran = check(*words, "--baseline-rows", str(rows), "--strict")
    assert ran.code == 1
    assert "with LC101, so" in ran.last_line
    assert not baseline.exists()
    assert not rows.exists()
    assert check(*words, "--strict", "--allow", "LC101").code == 0
    assert baseline.exists()


def test_what_is_not_finite_never_passes_even_if_its_finding_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("prediction,target\n1,1\ninf,2\n", encoding="utf-8")
    ran = check("mse", str(path), "--max", "1e9", "--allow", "LC201")
    assert ran.code == 1
    assert ran.last_line.startswith("failed: mse is inf")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("LC999", "there is no finding 'LC999'"),
        ("LC121", "it cannot be allowed"),
        ("LC205", "information only"),
    ],
)
def test_only_findings_that_can_be_allowed(code: str, says: str) -> None:
    ran = mse("--max", "1", "--allow", code)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


def test_python_has_both() -> None:
    logits = [0.9, 0.2, 0.7, 0.4, 0.95, 0.3, 0.1, 0.6] * 2
    target = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0] * 2
    assert losscli.check("bce-with-logits", logits, target, max=1).passed
    verdict = losscli.check("bce-with-logits", logits, target, max=1, strict=True)
    assert [gate.gate for gate in verdict.failures] == ["LC101"]
    again = losscli.check("bce-with-logits", logits, target, max=1, strict=True, allow=["LC101"])
    assert again.passed
    assert [found.code for found in again.remarks] == ["LC101"]
    halves = ([[2.0, 1.0]], [[0.6, 0.3]])
    with pytest.raises(DataError, match="do not sum to 1"):
        losscli.check("cross-entropy", *halves, max=9)
    assert losscli.check("cross-entropy", *halves, max=9, allow=["LC104"]).passed
