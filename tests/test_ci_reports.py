"""What pipelines read: annotations, JUnit, the summary of a job; with names that mean harm."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from checking import annotations, check, junit, mse

from losscli.report import Terminal, show_checked, summary_of
from losscli.verdict import Checked, Judged, Outcome, Place, Problem, Verdict

pytestmark = pytest.mark.usefixtures("among_the_samples")

EVIL = "a]<&\"'>%0A::error::\r\n::stop-commands::x\x00\x08\x1b[31m\ufffe\udc80|`*[b](c)é漢,:%"


def gate(number: int, *, passed: bool = False, slice: str | None = None) -> Judged:
    return Judged(
        f"max {number}", passed, f"mse = {number + 1} is more than {number}", 1.0, 0.0, slice
    )


def checked(*verdicts: Verdict) -> Checked:
    return Checked(verdicts, "1.2.3", "2026-01-02T03:04:05")


def text(page: Checked, format: str) -> str:
    out = io.StringIO()
    show_checked(page, format, Terminal(out))
    return out.getvalue()


# Annotations, read as GitHub's runner reads them.


def test_a_failure_is_an_annotation_where_the_check_is_declared() -> None:
    place = Place("pyproject.toml", 12)
    page = checked(Verdict("price", (gate(1, slice="c=NL"), gate(2, passed=True)), place=place))
    (found,) = annotations(text(page, "github"))
    assert found == (
        "error",
        {"file": "pyproject.toml", "line": "12", "title": "price: max 1 [c=NL]"},
        "mse = 2 is more than 1",
    )
    assert text(page, "github").splitlines()[-1] == "failed: mse = 2 is more than 1"


@pytest.mark.parametrize(("count", "shown"), [(9, 9), (10, 10), (11, 10), (500, 10)])
def test_no_more_annotations_than_github_keeps(count: int, shown: int) -> None:
    page = checked(Verdict("x", tuple(map(gate, range(count)))))
    found = annotations(text(page, "github"))
    assert len(found) == shown
    if count > shown:
        assert found[-1][1]["title"] == f"{count - 9} more errors"
        assert found[-2][2] == "mse = 9 is more than 8"


def test_no_data_becomes_a_command() -> None:
    evil = Judged(EVIL, False, EVIL, 1.0, slice=EVIL)
    page = checked(
        Verdict(EVIL, (evil,)), Verdict(EVIL, problem=Problem(EVIL, EVIL, EVIL)), Verdict("::x::")
    )
    found = annotations(text(page, "github"))
    assert [level for level, _, _ in found] == ["error", "error"]
    assert found[0][2].startswith("a]<&\"'>%0A::error::\r\n::stop-commands::x")


def test_a_long_message_is_cut_at_a_character() -> None:
    for filler in ("x", "é", "漢", "%", "\n", "🎲"):
        judged = Judged("g", False, filler * 9000, 1.0)
        ((_, _, message),) = annotations(text(checked(Verdict("x", (judged,))), "github"))
        assert message.endswith("…")
        assert set(message[:-1]) == {filler}
        assert len(message) > 1000


def test_findings_are_warnings() -> None:
    ran = check("mse", "preds.csv", "preds.csv", "--max", "1", "--format", "github")
    assert ran.code == 0
    levels = {level: data for level, data, _ in annotations(ran.out)}
    assert set(levels) == {"warning"}
    assert levels["warning"]["title"].startswith("mse: LC")


# JUnit, against what its schema says.


def test_one_case_a_gate_and_slice(tmp_path: Path) -> None:
    page = checked(
        Verdict("price", (gate(1, passed=True), gate(2, slice="c=NL"), gate(2, slice="c=DE"))),
        Verdict("wine", problem=Problem("there is no such file", "x.csv", "look")),
    )
    root = junit(text(page, "junit"))
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == ("4", "2", "1")
    cases = [(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase")]
    assert cases == [
        ("price", "max 1"),
        ("price", "max 2 [c=NL]"),
        ("price", "max 2 [c=DE]"),
        ("wine", "check"),
    ]
    (error,) = root.iter("error")
    assert error.attrib["message"] == "x.csv: there is no such file"
    assert error.text == "x.csv: there is no such file\nlook"


def test_xml_holds_any_name() -> None:
    evil = Judged(EVIL, False, EVIL, 1.0, slice=EVIL)
    page = checked(Verdict(EVIL, (evil,), notes=(EVIL,)), Verdict("x", problem=Problem(EVIL)))
    root = junit(text(page, "junit"))
    (failure,) = root.iter("failure")
    assert failure.text is not None
    assert "漢" in failure.text
    assert "\\x00" in failure.text


def test_the_junit_report_of_a_run(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    for limit, failures in (("1", "1"), ("1e9", "0")):
        ran = mse("--max", limit, "--max-quantile", "p50=1e9", "--junit-xml", str(report))
        assert ran.code == int(failures)
        root = junit(report.read_text("utf-8"))
        assert (root.attrib["tests"], root.attrib["failures"]) == ("2", failures)
        properties = {one.attrib["name"]: one.attrib["value"] for one in root.iter("property")}
        assert properties["value"] == "3518.454323276438"
        assert properties["prediction"] == "preds.csv"


def test_the_junit_report_tells_all_of_a_warning_that_counts(tmp_path: Path) -> None:
    table = tmp_path / "data.csv"
    table.write_text("prediction,target\n" + "1,2\n" * 12)
    report = tmp_path / "junit.xml"
    words = ("mse", str(table), "--max", "9", "--strict", "--allow", "LC208")
    assert check(*words, "--junit-xml", str(report)).code == 1
    (failure,) = junit(report.read_text("utf-8")).iter("failure")
    assert failure.get("message") == (
        "a warning, and --strict counts it: a target of a single value"
    )
    assert failure.text is not None
    assert "the target is 2 in all 12 rows that count" in failure.text
    assert "check that the right column was read" in failure.text


def test_the_junit_report_of_what_could_not_be_checked(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    ran = check("mse", "no.csv", "targets.csv", "--max", "1", "--junit-xml", str(report))
    assert ran.code == 2
    assert junit(report.read_text("utf-8")).attrib["errors"] == "1"


# The summary of a job.


def test_the_summary_is_added_also_when_the_check_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert mse("--max", "1").code == 1
    assert mse("--max", "1e9", "--format", "json").code == 0
    assert check("mse", "no.csv", "targets.csv", "--max", "1").code == 2
    found = summary.read_text("utf-8")
    assert found.startswith("# before\n\n**failed**")
    assert "**passed**" in found
    assert "**could not be checked**" in found


def test_a_summary_that_cannot_be_written_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "summary.md"))
    ran = mse("--max", "1e9", "--format", "json")
    assert ran.code == 0
    assert ran.err == "warning: the job summary was not written: No such file or directory\n"
    assert json.loads(ran.out)["outcome"] == "passed"


def test_a_summary_never_grows_beyond_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for used in (2**20 - 300, 2**20 - 20, 2**20, 2**20 + 9):
        summary.write_text("x" * used, encoding="utf-8")
        ran = mse("--max", "1e9", "--max-quantile", "p50=1e9")
        assert ran.code == 0
        assert summary.stat().st_size <= max(2**20, used)
        full = summary.stat().st_size == used
        assert ("the job summary was not written: it is full" in ran.err) is full


def test_a_summary_too_long_is_cut_at_a_line_and_says_so() -> None:
    page = checked(Verdict("漢" * 50, tuple(map(gate, range(1000)))))
    whole = summary_of(page, 2**20)
    assert "cut short" not in whole
    for room in (5000, 5001, 5002, len(whole.encode("utf-8")) - 1):
        cut = summary_of(page, room)
        assert len(cut.encode("utf-8")) <= room
        head, _, _ = cut.partition("\n\n**cut short")
        assert whole.startswith(head + "\n")
    assert summary_of(page, 10) == ""
    assert summary_of(page, -10) == ""


# Markdown and tables.


@pytest.mark.parametrize("format", ["table", "markdown", "json"])
def test_names_stay_in_their_cells(format: str) -> None:
    evil = Judged("max 1", False, EVIL, 1.0, slice=EVIL)
    out = text(checked(Verdict(EVIL, (evil,)), Verdict("x", problem=Problem(EVIL))), format)
    assert "\x1b" not in out
    assert "\x00" not in out
    if format == "markdown":
        rows = [line for line in out.splitlines() if line.startswith("|")]
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}
        assert "<&" not in out.replace("\\<\\&", "")
    if format == "json":
        assert json.loads(out)["checks"][0]["gates"][0]["slice"] == EVIL


@pytest.mark.parametrize(
    ("verdicts", "outcome", "code"),
    [
        ([], "passed", 0),
        ([Verdict("a", (gate(1, passed=True),))], "passed", 0),
        ([Verdict("a", (gate(1),)), Verdict("b")], "failed", 1),
        ([Verdict("a", (gate(1),)), Verdict("b", problem=Problem("x"))], "error", 2),
    ],
)
def test_the_worst_verdict_is_that_of_all(
    verdicts: list[Verdict], outcome: Outcome, code: int
) -> None:
    page = checked(*verdicts)
    assert (page.outcome, page.exit_code) == (outcome, code)


def test_a_report_that_cannot_be_written_keeps_no_other_from_being(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "no" / "bad.json"
    ran = mse("--max", "1e9", "--json-report", str(bad), "--junit-xml", str(good))
    assert ran.code == 2
    assert "cannot write" in ran.err
    assert good.exists()
    assert "passed" in ran.out
