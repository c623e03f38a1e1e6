"""Codes are explained by examples that work, and say how a command ends."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import pytest
from commands import run

import losscli
from losscli.codes import CODES, Code
from losscli.errors import DataError, UsageError

ALL = [*CODES.values()]


def write(code: Code, folder: Path) -> list[str]:
    """The files of the example, and the words of its command."""
    for name, text in code.example.texts().items():
        (folder / name).write_text(text)
    if code.example.before:
        python, script = code.example.before.split()
        assert python == "python"
        runpy.run_path(script)
    return shlex.split(code.example.command)[1:]


def found_by(words: list[str]) -> set[str]:
    ran = run(*words, "--format", "json")
    if ran.err:
        assert ran.code == 2
        return set(re.findall(r"\((LC\d+)\)", ran.err))
    return {found["code"] for found in json.loads(ran.out)["diagnostics"]}


@pytest.mark.parametrize("code", ALL, ids=lambda code: code.code)
def test_every_example_shows_its_finding(
    code: Code, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = write(code, tmp_path)
    assert code.code in found_by(words)
    ran = run(*words)
    if code.gravest == "error":
        assert ran.code == 2
    if code.gravest == "warning":
        assert ran.code == 0
        assert run(*words, "--strict").code == 1


@pytest.mark.parametrize(
    "code",
    [code for code in ALL if not code.stops and code.gravest != "info"],
    ids=lambda code: code.code,
)
def test_every_finding_can_be_allowed_and_is_still_shown(
    code: Code, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = write(code, tmp_path)
    ran = run(*words, "--allow", code.code.lower(), "--format", "json")
    (found,) = [d for d in json.loads(ran.out)["diagnostics"] if d["code"] == code.code]
    assert (found["severity"], found["allowed"]) == ("info", True)
    assert f"allowed {code.code}" in run(*words, "--allow", code.code).out
    others = {d["severity"] for d in json.loads(ran.out)["diagnostics"]}
    assert ran.code == (0 if "error" not in others else ran.code)


def as_check(words: list[str]) -> list[str]:
    """The same for a check that every number passes."""
    return ["check", *words[1:], "--max", "1e300"]


FINDINGS_OF_A_NUMBER = [
    code
    for code in ALL
    if not code.stops and code.gravest != "info" and code.example.command.split()[1] == "compute"
]


@pytest.mark.parametrize("code", FINDINGS_OF_A_NUMBER, ids=lambda code: code.code)
def test_a_check_ends_by_the_same_rules(
    code: Code, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = as_check(write(code, tmp_path))
    if code.gravest == "warning":
        assert run(*words).code == 0
        words.append("--strict")
    ran = run(*words, "--format", "json")
    assert ran.code == (2 if code.gravest == "error" and not code.is_of_number else 1)
    page = json.loads(ran.out)
    (verdict,) = page["checks"]
    assert page["exit_code"] == ran.code
    if ran.code == 2:
        assert (verdict["outcome"], verdict["problem"]["code"]) == ("error", code.code)
        assert verdict["gates"] == []
        assert f"({code.code})" in ran.err
        assert ran.err.count(f"--allow {code.code}") == 1
    else:
        assert verdict["outcome"] == "failed"
        assert code.code in {gate["gate"] for gate in verdict["gates"] if not gate["passed"]}
    accepted = run(*words, "--allow", code.code)
    assert f"allowed {code.code}" in accepted.out
    assert f"✗  {code.code}" not in accepted.out


def test_a_code_is_explained() -> None:
    ran = run("explain", "lc124")
    assert ran.code == 0
    assert ran.out.startswith("LC124: labels 0 and 1 where 1 and -1 are expected")
    assert "losscli compute hinge data.csv" in ran.out
    assert "--labels 01" in ran.out
    assert "cannot be allowed" in ran.out


def test_explain_lists_all_codes_in_every_format() -> None:
    for format in ("table", "markdown", "json"):
        printed = run("explain", "--format", format).out
        assert all(code in printed for code in CODES)
    records = json.loads(run("explain", "-f", "json").out)["codes"]
    assert [record["code"] for record in records] == sorted(CODES)
    page: dict[str, Any] = json.loads(run("explain", "LC104", "-f", "json").out)
    assert (page["exit_code"], page["allowed_by"]) == (2, "--allow LC104")
    assert run("explain", "LC104", "-f", "markdown").out.startswith("**LC104**: target rows")


@pytest.mark.parametrize("words", [["explain"], ["compute", "mse", "x.csv", "--allow"]])
def test_a_code_that_is_none(words: list[str]) -> None:
    ran = run(*words, "LC1-04")
    assert ran.code == 2
    assert "there is no finding 'LC1-04'" in ran.err
    assert "'LC104'" in ran.err


@pytest.mark.parametrize("code", ["LC999", "LC121", "LC205"])
def test_python_allows_what_the_command_line_does(code: str) -> None:
    x, y = [1.0, 2.0], [1.0, 3.0]
    with pytest.raises(UsageError, match=code):
        losscli.check("mse", x, y, max=9, allow=[code])
    with pytest.raises(UsageError, match=code):
        losscli.compute("mse", x, y).allowing([code])
    assert losscli.compute("mse", x, [9.0] * 2).allowing(["lc107"]).exit_code == 0


def test_only_what_can_be_allowed_is() -> None:
    for code, why in (("LC121", "no loss can be computed"), ("LC205", "information only")):
        ran = run("compute", "mse", "x.csv", "--allow", code)
        assert ran.code == 2
        assert why in ran.err


def test_the_checks_that_were_made_are_listed(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("prediction,target\n1,2\n2,2\n")
    checks = json.loads(run("compute", "mse", str(tmp_path / "data.csv"), "-f", "json").out)[
        "checks"
    ]
    assert set(checks["run"]) | set(checks["skipped"]) | {"LC301", "LC302"} == set(CODES)
    assert checks["skipped"]["LC203"] == "does not concern mse"
    assert checks["skipped"]["LC106"] == "fewer than 20 rows"
    table = run("compute", "mse", str(tmp_path / "data.csv")).out
    assert f"looked for {len(checks['run'])} of {len(CODES) - 2} kinds of finding" in table


def test_labels_are_read_as_they_are_said_to_be_written() -> None:
    scores, signs = [0.5, -1.2, 2.0], [1, -1, 1]
    bits = [1, 0, 1]
    hinge = losscli.compute("hinge", scores, signs)
    read = losscli.compute("hinge", scores, bits, labels_are="01")
    assert read.value == hinge.value
    assert "|labels:01|" in read.signature
    bce = losscli.compute("bce-with-logits", scores, bits).value
    assert losscli.compute("bce-with-logits", scores, signs, labels_are="pm1").value == bce
    logits = [[2.0, 0.0, 1.0], [0.0, 3.0, 1.0], [1.0, 1.0, 0.0]]
    zero = losscli.compute("cross-entropy", logits, [0, 1, -100])
    one = losscli.compute("cross-entropy", logits, [1, 2, -100], labels_are="from-1")
    assert (one.value, one.ignored) == (zero.value, 1)


def test_every_call_reads_labels_as_they_are_said_to_be_written() -> None:
    scores, bits = [0.5, -1.2, 2.0], [1, 0, 1]
    hinge = losscli.compute("hinge", scores, bits, labels_are="01").value
    assert losscli.check("hinge", scores, bits, labels_are="01", max=9).result.value == hinge
    (one,) = losscli.compute_all("hinge", scores, bits, labels_are="01").values()
    assert one.value == hinge
    compared = losscli.compare("hinge", bits, {"a": scores, "b": scores[::-1]}, labels_are="01")
    assert compared["a"].value == hinge
    names = losscli.compare(
        "bce-with-logits", ["yes", "no", "yes"], {"a": scores, "b": scores}, classes=["no", "yes"]
    )
    assert names["a"].value == losscli.compute("bce-with-logits", scores, bits).value


@pytest.mark.parametrize(
    ("loss", "target", "labels_are", "message"),
    [
        ("hinge", [1, 2, 0], "01", "2 is not 0 or 1, as --labels 01 says"),
        ("hinge", [1, -1, 1], "01", "-1 is not 0 or 1, as --labels 01 says"),
        ("bce-with-logits", [1, 0, 1], "pm1", "0 is not -1 or 1, as --labels pm1 says"),
    ],
)
def test_labels_that_are_not_written_as_said(
    loss: str, target: list[int], labels_are: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        losscli.compute(loss, [0.5, -1.2, 2.0], target, labels_are=labels_are)


def test_labels_from_one_end_at_the_number_of_classes() -> None:
    with pytest.raises(DataError, match=r"0 is not a class 1 \.\. 2"):
        losscli.compute("cross-entropy", [[1.0, 2.0]], [0], labels_are="from-1")


def test_labels_without_effect_are_an_error() -> None:
    with pytest.raises(UsageError, match="has no effect: mse takes no labels"):
        losscli.compute("mse", [1.0], [1.0], labels_are="01")


def test_every_code_that_the_source_raises_is_declared_and_the_reverse() -> None:
    source = Path(losscli.__file__).parent
    texts = [path.read_text() for path in source.rglob("*.py") if path.parent.name != "codes"]
    written = set(re.findall(r'"(LC\d{3})"', "".join(texts)))
    assert written == set(CODES)


@pytest.mark.parametrize(
    ("loss", "arrays", "code"),
    [
        ("mse", ([[1.0, 2.0]], [[1.0, 2.0, 3.0]]), "LC120"),
        ("mse", ([1.0, 2.0], [1.0]), "LC121"),
        ("hinge", ([1.0], [0.0]), "LC124"),
        ("bce", ([0.5], [-1.0]), "LC124"),
        ("cross-entropy", ([[1.0, 2.0]], [2]), "LC125"),
        ("cross-entropy", ([[1.0, 2.0]], [-1]), "LC125"),
        ("cross-entropy", ([[1.0, 2.0]], [0.5]), "LC125"),
        ("bce", ([1.5], [1.0]), "LC126"),
        ("cross-entropy", ([[1.0, 2.0]], [[-0.1, 1.1]]), "LC126"),
        ("nll", ([[0.2, 0.8]], [1]), "LC127"),
        ("gamma-deviance", ([1.0], [0.0]), "LC123"),
    ],
)
def test_errors_that_stop_a_run_have_codes(loss: str, arrays: Any, code: str) -> None:
    with pytest.raises(DataError) as caught:
        losscli.compute(loss, *arrays)
    assert caught.value.code == code
    assert CODES[code].stops


def test_one_column_is_as_many_pairs() -> None:
    assert losscli.compute("mse", [1.0, 2.0], [[1.0], [4.0]]).value == 2.0
