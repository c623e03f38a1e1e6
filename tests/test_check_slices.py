"""Gates on slices: each one judged, named, and held against its own baseline."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from checking import annotations, check, checks_of, junit


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    write("eval.csv", {"NL": 0.1, "DE": 0.5, "a,b\n|<x>": 0.3})


def write(name: str, errors: dict[str, float], rows: int = 40) -> None:
    lines = ["prediction,target,country,sex"]
    for country, error in errors.items():
        quoted = '"' + country.replace('"', '""') + '"'
        lines += [f"{error},0,{quoted},{'fm'[i % 2]}" for i in range(rows)]
    Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def mae(*words: str, file: str = "eval.csv") -> tuple[str, ...]:
    return ("mae", file, "--by", "country", *words)


def test_the_worst_slice_decides() -> None:
    assert check(*mae("--max-worst-slice", "0.5")).code == 0
    ran = check(*mae("--max-worst-slice", "0.4", "--max", "0.4"))
    assert ran.code == 1
    assert ran.last_line == "failed: mae of country=DE = 0.5 is more than 0.4"
    (found,) = checks_of(check(*mae("--max-worst-slice", "0.2", "--format", "json")))
    assert [(gate["slice"], gate["passed"]) for gate in found["gates"]] == [
        ("country=DE", False),
        ("country=a,b\n|<x>", False),
        ("country=NL", True),
    ]
    assert found["result"]["slices"][0]["value"] == 0.5


def test_reports_have_a_case_for_each_slice() -> None:
    words = mae("--max-worst-slice", "0.2", "--junit-xml", "j.xml", "--format", "github")
    ran = check(*words)
    assert ran.code == 1
    assert [level for level, _, _ in annotations(ran.out)].count("error") == 2
    root = junit(Path("j.xml").read_text("utf-8"))
    names = [case.attrib["name"] for case in root.iter("testcase")]
    assert names == [
        "every slice at most 0.2 [country=DE]",
        "every slice at most 0.2 [country=a,b\\n|<x>]",
        "every slice at most 0.2 [country=NL]",
    ]


def test_slices_by_two_columns() -> None:
    (found,) = checks_of(check(*mae("--by", "sex", "--max-worst-slice", "0.4", "--format", "json")))
    assert len(found["gates"]) == 6
    assert found["gates"][0]["slice"] == "country=DE, sex=f"


def test_a_slice_of_few_rows_is_judged_and_said_to_be_small() -> None:
    write("eval.csv", {"NL": 0.1, "DE": 0.5}, rows=3)
    ran = check(*mae("--max-worst-slice", "0.4"))
    assert ran.code == 1
    assert ran.last_line.endswith("mae of country=DE = 0.5 is more than 0.4, of 3 rows only")


def test_a_slice_that_is_not_finite_fails() -> None:
    write("eval.csv", {"NL": 0.1, "DE": float("inf")})
    ran = check(*mae("--max-worst-slice", "0.4", "--format", "json"))
    assert ran.code == 1
    (found,) = checks_of(ran)
    assert "mae of country=DE is inf, which never passes" in [
        gate["reason"] for gate in found["gates"]
    ]


def test_a_slice_of_which_no_row_counts_has_nothing_to_fail() -> None:
    text = "prediction,target,country,w\n1,0,NL,1\n2,0,DE,0\n"
    Path("eval.csv").write_text(text, encoding="utf-8")
    ran = check(*mae("--sample-weight", "w", "--max-worst-slice", "1", "--format", "json"))
    assert ran.code == 0
    (found,) = checks_of(ran)
    assert found["gates"][-1]["reason"] == "no row of country=DE counts, so it has no loss"


def test_many_slices_are_shown_as_few() -> None:
    errors = {f"c{i:03}": i / 1000 for i in range(300)}
    write("eval.csv", errors, rows=2)
    ran = check(*mae("--max-worst-slice", "0.2895"))
    assert ran.code == 1
    assert ran.out.count("✗") == 10
    assert ran.out.count("✓") == 10
    assert "and 280 gates of slices more, of which 0 failed" in ran.out
    ran = check(*mae("--max-worst-slice", "0.1"))
    assert ran.out.count("✗") == 20
    assert "and 280 gates of slices more, of which 179 failed" in ran.out
    assert ran.last_line.endswith("and 196 more failed")


def test_slices_without_a_gate_are_shown() -> None:
    ran = check(*mae("--max", "1"))
    assert ran.code == 0
    assert "country" in ran.out
    assert "95 % interval" in ran.out


def test_there_must_be_slices() -> None:
    ran = check("mae", "eval.csv", "--max-worst-slice", "1")
    assert ran.code == 2
    assert "there are no slices" in ran.err


def test_each_slice_has_a_baseline_of_its_own() -> None:
    words = ("--baseline", "b.json", "--tolerance", "5%")
    assert check(*mae(*words, "--update-baseline")).code == 0
    page = json.loads(Path("b.json").read_text("utf-8"))
    assert page["by"] == ["country"]
    assert page["slices"][0]["slice"] == {"country": "DE"}
    assert check(*mae(*words)).code == 0
    # Better on the whole, worse in one country.
    write("new.csv", {"NL": 0.2, "DE": 0.3, "a,b\n|<x>": 0.3})
    ran = check(*mae(*words, file="new.csv"))
    assert ran.code == 1
    assert ran.last_line.startswith("failed: mae of country=NL = 0.2")
    assert ran.last_line.endswith(" + 5 %): +0.1, +100 %")


def test_a_baseline_of_other_slices_is_refused() -> None:
    words = ("--baseline", "b.json")
    assert check(*mae(*words, "--update-baseline")).code == 0
    ran = check("mae", "eval.csv", *words)
    assert ran.code == 2
    assert "by: country in the baseline, none now" in ran.err
    write("other.csv", {"NL": 0.1, "DE": 0.5, "FR": 0.3})
    ran = check(*mae(*words, file="other.csv"))
    assert ran.code == 2
    assert "rows of country=FR: 0 in the baseline, 40 now" in ran.err
    assert "rows of country=a,b" in ran.err


def test_significance_is_of_all_rows() -> None:
    words = ("--baseline", "b.json", "--baseline-rows", "r.parquet")
    assert check(*mae(*words, "--update-baseline")).code == 0
    rng = np.random.default_rng(0)
    write("new.csv", {"NL": 0.1 + 0.001 * rng.random(), "DE": 0.5, "a,b\n|<x>": 0.3})
    ran = check(*mae(*words, "--significance", "1e-12", file="new.csv"))
    assert ran.code == 0
    assert "significance is of all rows" in ran.out
