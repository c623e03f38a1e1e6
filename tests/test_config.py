"""The checks of a project: found, read, held against their schema, run and listed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from checking import annotations, check, checks_of, junit
from commands import SAMPLES, Ran
from hypothesis import given
from hypothesis import strategies as st

from losscli.cli.check import project
from losscli.cli.jobs import settings_of
from losscli.cli.schema import keys_of
from losscli.cli.toml_lines import key_lines, line_of

MSE = 3518.454323276438
GOOD = """
[[checks]]
name = "price model"
loss = "mse"
files = ["preds.parquet", "target=targets.parquet"]
max = 4e3

[[checks]]
loss = "cross-entropy(label_smoothing=0.1)"
files = ["logits.parquet", "labels.csv"]
max = 0.9
max-quantile = { p99 = 5, "0.5" = 1 }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the sample data in it, the root of a repository."""
    copy = Path(shutil.copytree(SAMPLES, tmp_path / "project"))
    (copy / ".git").mkdir()
    (copy / "losscli.toml").unlink()
    monkeypatch.chdir(copy)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return copy


def write(text: str, name: str = "losscli.toml") -> None:
    Path(name).write_text(dedent(text), encoding="utf-8")


def problems(ran: Ran) -> dict[int, str]:
    """By line, what is wrong with the file."""
    assert ran.code == 2
    assert ran.out == ""
    found = re.findall(r"^ *(?:error: )?\S+\.toml:(\d+): (.*)$", ran.err, re.M)
    return {int(line): message for line, message in found}


# Running what it says.


def test_all_checks_run_and_each_is_reported() -> None:
    write(GOOD)
    ran = check("--format", "json")
    assert ran.code == 0, ran.err
    first, second = checks_of(ran)
    assert (first["name"], first["result"]["value"]) == ("price model", MSE)
    assert second["name"] == "cross-entropy(label_smoothing=0.1)"
    assert [gate["gate"] for gate in second["gates"]] == [
        "max 0.9",
        "p99 at most 5.0",
        "p50 at most 1.0",
    ]
    assert check().last_line == "passed: 2 of 2 checks passed"


def test_the_exit_code_is_that_of_the_worst() -> None:
    write(GOOD.replace("4e3", "1"))
    ran = check()
    assert ran.code == 1
    assert f"price model failed: mse = {MSE} is more than 1.0" in ran.out
    assert ran.last_line == "failed: 1 of 2 checks passed"
    write(GOOD.replace("4e3", "1").replace("labels.csv", "nowhere.csv"))
    ran = check("--junit-xml", "junit.xml", "--format", "github")
    assert ran.code == 2
    assert "nowhere.csv: there is no such file" in ran.err
    root = junit(Path("junit.xml").read_text("utf-8"))
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == ("2", "1", "1")
    places = [(data["file"], data["line"]) for _, data, _ in annotations(ran.out)]
    assert places == [("losscli.toml", "2"), ("losscli.toml", "8")]


def test_the_same_in_pyproject() -> None:
    write(
        "[project]\nname = 'x'\n" + GOOD.replace("[[checks]]", "[[tool.losscli.checks]]"),
        "pyproject.toml",
    )
    assert check().last_line == "passed: 2 of 2 checks passed"


def test_checks_as_named_tables() -> None:
    write(
        """
        [checks.price]
        loss = "mse"
        files = "predictions.csv"
        max = 1

        [checks."a b"]
        loss = "mae"
        files = "predictions.csv"
        max = 100
        """
    )
    assert [(found["name"], found["outcome"]) for found in checks_of(check("-f", "json"))] == [
        ("price", "failed"),
        ("a b", "passed"),
    ]


def test_paths_are_those_of_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(GOOD.replace("max = 4e3", "baseline = 'bases/price.json'\nbaseline-rows = 'bases/r.csv'"))
    Path("losscli.toml").write_text(
        "json-report = 'out.json'\n" + Path("losscli.toml").read_text("utf-8"), encoding="utf-8"
    )
    for name in ("bases", "deep/er"):
        Path(name).mkdir(parents=True)
    monkeypatch.chdir(folder / "deep" / "er")
    ran = check("--update-baseline", "--junit-xml", "here.xml")
    assert ran.code == 0, ran.err
    assert (folder / "bases" / "price.json").exists()
    assert (folder / "bases" / "r.csv").exists()
    assert (folder / "out.json").exists()
    assert Path("here.xml").exists()
    assert str(folder) not in (folder / "bases" / "price.json").read_text("utf-8")
    assert check().code == 0
    monkeypatch.chdir(folder)
    assert check().code == 0
    assert "paired on 111 rows" in check().out


def test_losses_of_a_file_are_those_beside_the_configuration(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.py").write_text(
        "def double(prediction, target):\n"
        '    """Twice the error."""\n'
        "    return 2 * abs(prediction - target)\n",
        encoding="utf-8",
    )
    write("[[checks]]\nloss = 'mine.py:double'\nfiles = 'predictions.csv'\nmax = 100\n")
    Path("sub").mkdir()
    monkeypatch.chdir(folder / "sub")
    ran = check()
    assert ran.code == 0, ran.err


# Finding it.


def test_the_nearest_file_upwards_and_not_beyond_the_repository(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(GOOD)
    (folder / "sub" / "inner").mkdir(parents=True)
    write("[project]\nname = 'x'\n", "sub/pyproject.toml")
    monkeypatch.chdir(folder / "sub" / "inner")
    assert check().code == 0
    (folder / "sub" / ".git").write_text("gitdir: elsewhere", encoding="utf-8")
    ran = check()
    assert ran.code == 2
    assert "no losscli.toml, and no pyproject.toml with [tool.losscli]" in ran.err
    assert "losscli check mse preds.csv targets.csv --max 0.1" in ran.err


def test_our_own_file_goes_first_and_another_may_be_named() -> None:
    write(GOOD)
    write("[tool.losscli.checks.a]\nloss='mse'\nfiles='predictions.csv'\nmax=1", "pyproject.toml")
    assert check().code == 0
    assert check("--config", "pyproject.toml").code == 1
    ran = check("--config", "nowhere.toml")
    assert ran.code == 2
    assert "nowhere.toml cannot be read: No such file or directory" in ran.err


# What is wrong is named.


def test_everything_wrong_is_said_at_once_with_its_line() -> None:
    write(
        """\
        tread = 3
        threads = "x"
        [[checks]]
        los = "mse"
        files = ["preds.csv", "targets.csv"]
        max = "x"
        max_quantile = ["p99=2"]
        by = 3
        one-group = "yes"

        [[checks]]
        name = "b"
        loss = "mze"
        files = "predictions.csv"
        tolerance = "2%"
        max = 3

        [[checks]]
        name = "b"
        loss = "huber(delta=-1)"
        files = []

        [[checks]]
        name = "d"
        loss = "huber(delta=-1)"
        files = "predictions.csv"
        max-worst-slice = 3
        max-share-above = {
        """.replace("max-share-above = {", "max-share-above = { 0.5 = '1%' }")
    )
    found = problems(check())
    assert found == {
        1: "unknown key 'tread': did you mean 'threads'?",
        2: "threads must be a whole number",
        3: "a check needs a loss, such as loss = 'mse'",
        4: "unknown key 'los': did you mean 'loss'?",
        6: "max must be a number",
        7: "unknown key 'max_quantile': did you mean 'max-quantile'?",
        8: "by must be a text or a list of them",
        9: "one-group must be true or false",
        13: found[13],
        15: "--tolerance is about another number (give --baseline or --against as well)",
        21: "a check needs files, such as files = ['preds.csv', 'targets.csv']",
        28: "max-share-above must have texts or numbers as values, and quotes around a key with "
        "a point in it",
    }
    assert found[13].startswith("unknown loss 'mze'")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("max-worst-slice = 3", "--max-worst-slice, but there are no slices (give --by COLUMN)"),
        ("max-quantile = ['x']", "--max-quantile x: write it as SHARE=X"),
        ("max-share-above = { '5' = '120%' }", "a share of 1.2 of the rows"),
        ("significance = 0.05", "--significance is about another number"),
        ("baseline = 'predictions.csv'", "predictions.csv would overwrite predictions.csv"),
        ("max = nan", "a limit of nan would let everything pass"),
        ("max = true", "max must be a number"),
        ("max = 1\ncolumn = 'x'", "-c x: write it as ROLE=NAME"),
        ("format = 'json'", "unknown key 'format'"),
        ("update-baseline = true", "unknown key 'update-baseline'"),
        ("tolerance = 0.001", "--tolerance is about another number"),
        ("tolerance = true", "tolerance must be a text or a number"),
    ],
)
def test_impossible_settings(line: str, says: str) -> None:
    write(f"[[checks]]\nloss = 'mse'\nfiles = 'predictions.csv'\nby = []\n{line}\n")
    ran = check()
    assert ran.code == 2
    assert says in ran.err
    if "column" not in line:
        assert "losscli.toml:" in ran.err


def test_a_similarity_is_refused_where_it_stands() -> None:
    write("[[checks]]\nmax = 1\nloss = 'cosine-similarity'\nfiles = 'predictions.csv'\n")
    assert "more is better" in problems(check())[3]


def test_names_are_unique() -> None:
    one = "[[checks]]\nname = 'a'\nloss = 'mse'\nfiles = 'predictions.csv'\nmax = 1\n"
    write(one + one)
    assert problems(check()) == {
        7: "a second check is called 'a'; give each a name of its own",
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[checks]", "losscli.toml is no TOML: "),
        ("checks = 3", "checks must be tables"),
        ("checks = [3]", "a check must be a table"),
        ("", "losscli.toml has no checks"),
        ("checks = []", "losscli.toml has no checks"),
        ("[checks]\na = 1", "losscli.toml:2: a check must be a table"),
        ("[[checks]]", "a check needs a loss"),
        ("[[checks]]\nloss = 3\nfiles = 'x'", "losscli.toml:2: loss must be a text"),
        ("[[checks]]\nloss = 'mse'\nfiles = [3]", "losscli.toml:3: a check needs files"),
    ],
)
def test_files_that_say_nothing_useful(text: str, says: str) -> None:
    write(text)
    ran = check()
    assert ran.code == 2
    assert says in ran.err


def test_bytes_that_are_no_text() -> None:
    Path("losscli.toml").write_bytes(b"\xff")
    assert "it is not UTF-8" in check().err


def test_a_broken_pyproject_is_ours_only_if_it_mentions_us() -> None:
    write("[tool.losscli\n", "pyproject.toml")
    assert "pyproject.toml is no TOML" in check().err
    write("[tool.other\n", "pyproject.toml")
    assert "there is nothing to check" in check().err


# The command line goes first.


def test_options_override_the_file() -> None:
    write(GOOD)
    assert check("--only", "price model", "--max", "1").code == 1
    (found,) = checks_of(check("--only", "price model", "--max-quantile", "p50=9e9", "-f", "json"))
    assert [gate["gate"] for gate in found["gates"]] == ["max 4000.0", "p50 at most 9000000000.0"]
    ran = check("--only", "price modle")
    assert ran.code == 2
    assert "did you mean 'price model'?" in ran.err


def test_options_may_stand_before_the_loss() -> None:
    words = ("mse", "preds.csv", "targets.csv")
    assert check("--max", "1", *words).code == 1
    assert check("--max", "1", "--format", "json", *words).out.startswith("{")
    ran = check("--max", "1", *words, "--max", "1e9")
    assert ran.code == 0
    (found,) = checks_of(check("-f", "json", "--max-quantile", "p50=1", *words))
    assert [gate["gate"] for gate in found["gates"]] == ["p50 at most 1.0"]


@pytest.mark.parametrize("option", [("--list",), ("--only", "x"), ("--config", "x.toml")])
def test_options_of_the_file_do_not_go_with_a_loss(option: tuple[str, ...]) -> None:
    ran = check(*option, "mse", "preds.csv", "targets.csv", "--max", "1")
    assert ran.code == 2
    assert f"{option[0]} is about a configuration file" in ran.err


def test_list_shows_what_would_run() -> None:
    write(GOOD)
    ran = check("--list")
    assert ran.code == 0
    assert "declared in  losscli.toml:2" in ran.out
    plans: list[dict[str, Any]] = json.loads(check("--list", "--max", "7", "-f", "json").out)
    assert plans[1] == {
        "name": "cross-entropy(label_smoothing=0.1)",
        "loss": "cross-entropy(label_smoothing=0.1)",
        "files": ["logits.parquet", "labels.csv"],
        "settings": {"max": 7.0, "max-quantile": ["p99=5", "0.5=1"]},
        "file": "losscli.toml",
        "line": 8,
    }
    write(GOOD.replace("parquet", "gone"))
    assert check("--list").code == 0


# Baselines of a project.


def test_an_update_is_of_every_baseline() -> None:
    write(GOOD.replace("max = 4e3", "baseline = 'price.json'").replace("max = 0.9", ""))
    ran = check()
    assert ran.code == 2
    assert "write it: losscli check --only 'price model' --update-baseline" in ran.err
    assert check("--only", "price model", "--update-baseline").code == 0
    assert check().code == 0
    ran = check("--only", "cross-entropy(label_smoothing=0.1)", "--update-baseline")
    assert ran.code == 2
    assert "there is no baseline to update" in ran.err


def test_two_checks_do_not_share_a_baseline() -> None:
    one = "[[checks]]\nname = '{}'\nloss = 'mse'\nfiles = 'predictions.csv'\nbaseline = 'b.json'\n"
    write(one.format("a") + one.format("b"))
    ran = check("--update-baseline")
    assert ran.code == 2
    assert "2 checks would write the baseline b.json" in ran.err


PROBABILITIES = "logits,target\n" + "0.9,1\n0.2,0\n0.7,1\n0.4,0\n" * 4


def test_what_findings_mean_is_set_in_the_file() -> None:
    Path("p.csv").write_text(PROBABILITIES, encoding="utf-8")
    one = "[[checks]]\nname = '{}'\nloss = 'bce-with-logits'\nfiles = 'p.csv'\nmax = 1\n{}\n"
    write(one.format("strict", "strict = true") + one.format("not", ""))
    ran = check()
    assert ran.code == 1
    assert "strict failed: a warning, and --strict counts it" in ran.out
    assert ran.out.endswith("failed: 1 of 2 checks passed\n")
    assert check("--only", "strict", "--allow", "LC101").code == 0
    assert check("--only", "not", "--strict").code == 1
    write(one.format("allowed", "strict = true\nallow = ['LC101']"))
    assert check().code == 0
    write(one.format("wrong", "allow = ['LC101', 'LC99']"))
    ran = check()
    assert ran.code == 2
    assert "losscli.toml:6: --allow: there is no finding 'LC99'" in ran.err
    write(one.format("wrong", "strict = 'yes'"))
    assert "strict must be true or false" in check().err


# The schema is that of the options.


def test_every_option_of_a_check_is_a_key() -> None:
    keys = keys_of(settings_of)
    assert {"max", "by", "column", "sample-weight", "one-group", "header", "tolerance"} <= set(keys)
    described = [key.describe() for key in keys.values()]
    assert all(text.startswith("must be ") for text in described)
    assert keys["column"].read({"prediction": ["a", "b"]}) == ["prediction=a,b"]
    assert keys["by"].read("x") == ["x"]
    assert [key.name for key in keys.values() if key.is_path] == [
        "baseline",
        "against",
        "baseline-rows",
    ]
    assert len(keys_of(project, without=("ctx",))) > len(keys)


def test_keys_are_found_on_their_lines() -> None:
    text = dedent(
        '''\
        a = 1
        b.c = """
        d = 2
        [e]
        """
        [f."g h"]
        i = [
          "x = 1",
        ]
        [[j]]
        k = \'\'\'x\'\'\'
        [[j]]
        k = { l = 1 }
        [j.m]
        n = 1
        [[j.o]]
        p = 1
        '''
    )
    lines = key_lines(text)
    expected = {
        ("a",): 1,
        ("b", "c"): 2,
        ("d",): 1,
        ("e",): 1,
        ("f", "g h"): 6,
        ("f", "g h", "i"): 7,
        ("j", 0): 10,
        ("j", 0, "k"): 11,
        ("j", 1, "k"): 13,
        ("j", 1, "k", "l"): 13,
        ("j", 1, "m", "n"): 15,
        ("j", 1, "o", 0, "p"): 17,
        ("j", 7): 10,
    }
    assert {path: line_of(lines, path) for path in expected} == expected


@given(st.text())
def test_any_text_has_lines(text: str) -> None:
    assert all(line >= 1 for line in key_lines(text).values())
