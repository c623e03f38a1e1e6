"""``losscli compare`` as a user meets it."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import losscli
from losscli.cli import main

RNG = np.random.default_rng(3)
N = 120
Y = RNG.normal(50, 10, N)
A, B = Y + RNG.normal(0, 3, N), Y + RNG.normal(0, 1.5, N)


class Ran:
    def __init__(self, words: list[str]) -> None:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
            main(["compare", *words])
        self.code, self.out, self.err = left.value.code, out.getvalue(), err.getvalue()


def run(*words: str) -> Ran:
    return Ran(list(words))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two models, a target with further columns, and all of it in one file."""
    monkeypatch.chdir(tmp_path)
    # Where it is set, a table that is wider becomes a record a line.
    monkeypatch.delenv("COLUMNS", raising=False)
    about = {"user": np.arange(N) // 6, "country": np.array(["de", "fr"])[np.arange(N) % 2]}
    pd.DataFrame({"id": np.arange(N), "target": Y, **about}).to_parquet("targets.parquet")
    pd.DataFrame({"id": np.arange(N), "prediction": A}).to_parquet("a.parquet")
    pd.DataFrame({"id": np.arange(N), "prediction": B}).to_csv("b.csv", index=False)
    pd.DataFrame({"target": Y, "pred_a": A, "pred_b": B}).to_parquet("eval.parquet")
    return tmp_path


def records(ran: Ran) -> list[dict[str, str]]:
    assert ran.code == 0, ran.err
    return list(csv.DictReader(io.StringIO(ran.out)))


def test_one_line_a_model(folder: Path) -> None:
    ran = run("mse", "--target", "targets.parquet", "base=a.parquet", "new=b.csv")
    assert ran.code == 0
    lines = ran.out.splitlines()
    table = [line.split() for line in lines if line.startswith(("    base", "  ▸ new"))]
    assert [line[:2] for line in table] == [
        ["base", f"{np.mean((A - Y) ** 2):.6g}"],
        ["▸", "new"],
    ]
    assert "new is better than base: its mse is" in ran.out
    assert "It is not the chance that they are equally good" in lines[-1]


def test_every_format_says_the_same(folder: Path) -> None:
    words = ["mae", "-t", "targets.parquet", "a.parquet", "b.csv", "--test", "bootstrap"]
    words += ["--resamples", "99", "--seed", "5"]
    found = losscli.compare("mae", Y, {"a": A, "b": B}, test="bootstrap", resamples=99, seed=5)
    gap = found["b"].difference
    assert gap is not None
    as_json = json.loads(run(*words, "-f", "json", "--json-report", "r.json").out)
    assert as_json == json.loads((folder / "r.json").read_text("utf-8"))
    assert as_json["models"][1]["difference"]["p_value"] == gap.p_value
    assert (as_json["test"], as_json["resamples"], as_json["seed"]) == ("bootstrap", 99, 5)
    lines = [json.loads(line) for line in run(*words, "-f", "jsonl").out.splitlines()]
    assert [line["model"] for line in lines] == ["a", "b"]
    assert lines[1]["difference_low"] == gap.low
    rows = records(run(*words, "-f", "csv"))
    assert float(rows[1]["difference_value"]) == gap.value
    assert (rows[0]["best"], rows[1]["best"]) == ("false", "true")
    markdown = run(*words, "-f", "markdown", "--markdown-report", "r.md")
    assert markdown.out == (folder / "r.md").read_text("utf-8")
    assert "| **b (best)** |" in markdown.out


def test_models_as_columns_of_one_file(folder: Path) -> None:
    expected = records(run("mse", "-t", "targets.parquet", "a.parquet", "b.csv", "-f", "csv"))
    for line in (
        "eval.parquet:pred_a eval.parquet:pred_b",
        "pred_a=eval.parquet pred_b=eval.parquet"
        " -c prediction@pred_a=pred_a -c prediction@pred_b=pred_b",
        "pred_a=eval.parquet pred_b=eval.parquet -c prediction=pred_a -c prediction@pred_b=pred_b",
        "pred_a=a.parquet pred_b=b.csv -t eval.parquet:target -c prediction=prediction",
    ):
        words = line.split()
        found = records(run("mse", *words, "-f", "csv"))
        assert [row["model"] for row in found] == ["pred_a", "pred_b"]
        for mine, other in zip(found, expected, strict=True):
            assert {**mine, "model": ""} == {**other, "model": ""}


def test_parameters_are_options(folder: Path) -> None:
    words = ["-t", "targets.parquet", "a.parquet", "b.csv", "-f", "csv"]
    assert records(run("huber", "--delta", "2", *words)) == records(run("huber(delta=2)", *words))
    assert "huber(delta=2.0) of 2 models" in run("huber", "--delta", "2", *words[:-2]).out


def test_roles_given_once_for_all(folder: Path) -> None:
    weight = np.arange(N) % 3
    pd.DataFrame({"weight": weight}).to_csv("w.csv", index=False)
    words = ["mse", "-t", "targets.parquet", "a.parquet", "b.csv", "sample_weight=w.csv"]
    found = records(run(*words, "-f", "csv"))
    expected = losscli.compare("mse", Y, {"a": A, "b": B}, sample_weight=weight)
    assert [float(row["value"]) for row in found] == [model.value for model in expected.models]


def test_join_by_key(folder: Path) -> None:
    pd.DataFrame({"id": np.arange(N), "prediction": B}).sample(frac=1.0, random_state=0).to_csv(
        "shuffled.csv", index=False
    )
    words = ["mse", "-t", "targets.parquet", "a.parquet"]
    expected = records(run(*words, "b.csv", "-f", "csv"))
    found = records(run(*words, "b=shuffled.csv", "--on", "id", "-f", "csv"))
    assert found == expected
    assert "rearranged" in run(*words, "b=shuffled.csv", "--on", "id").out


def test_clusters_and_slices(folder: Path) -> None:
    words = ["rmse", "-t", "targets.parquet", "a.parquet", "b.csv", "--resamples", "50"]
    ran = run(*words, "--cluster", "user", "--by", "country", "-f", "json")
    found = json.loads(ran.out)
    assert (found["cluster"], found["clusters"], found["units"]) == ("user", 20, 20)
    assert [one["values"]["country"] for one in found["slices"]] in (["de", "fr"], ["fr", "de"])
    page = run(*words, "--cluster", "user", "--by", "country").out
    assert "20 clusters of user instead of rows" in page
    assert "slices by country, worst first" in page


def test_a_loss_that_is_not_finite_leaves_with_2(folder: Path) -> None:
    bad = B.copy()
    bad[3] = np.inf
    pd.DataFrame({"prediction": bad}).to_parquet("bad.parquet")
    ran = run("mse", "-t", "targets.parquet", "a.parquet", "bad.parquet", "--json-report", "r.json")
    assert ran.code == 2
    assert "not compared" in ran.out
    found = json.loads((folder / "r.json").read_text("utf-8"))
    assert found["models"][1]["status"] == "inf"
    assert found["models"][1]["difference"]["p_value"] is None


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        ("-t targets.parquet a.parquet", ["there is one model to compare", "at least two"]),
        ("-t targets.parquet a.parquet x/a.parquet", ["two models are called 'a'", "NAME=FILE"]),
        ("-t targets.parquet a.parquet nope.csv", ["nope.csv: there is no such file"]),
        ("-t nope.csv a.parquet b.csv", ["nope.csv: there is no such file"]),
        ("a.parquet b.csv", ["a.parquet: no column is named 'target@a'", "--target FILE"]),
        ("-t targets.parquet a.parquet b.csv --reference c", ["no model 'c'", "models: a, b"]),
        ("-t targets.parquet a.parquet b.csv --test q", ["q"]),
        ("-t targets.parquet a.parquet b.csv --confidence 95", ["confidence = 95"]),
        ("-t targets.parquet a.parquet b.csv --resamples 0", ["resamples = 0"]),
        ("-t targets.parquet a.parquet b.csv --seed -1", ["seed = -1"]),
        ("-t targets.parquet a.parquet b.csv --cluster usr", ["no file has a column 'usr'"]),
        ("-t targets.parquet a.parquet b.csv --reduction sum", ["compared by a mean"]),
        ("-t targets.parquet a.parquet b.csv -c pred=x", ["no role 'pred'"]),
        (
            "-t targets.parquet a.parquet b.csv -c target=x -c target=y",
            ["-c target is given twice"],
        ),
        ("-t targets.parquet a.parquet =b.csv", ["=b.csv: write it as NAME=FILE"]),
        ("-t targets.parquet a.parquet short.csv", ["short.csv has 119 rows"]),
        ("-t targets.parquet a.parquet text.csv", ["text.csv", "row 2"]),
        ("-t targets.parquet a.parquet b.csv --json-report b.csv", ["would overwrite b.csv"]),
        ("eval.parquet:pred_a own.csv", ["own.csv", "row 8", "the target is not that of"]),
    ],
)
def test_what_is_wrong_is_said(words: str, messages: list[str], folder: Path) -> None:
    os.mkdir("x")
    pd.DataFrame({"prediction": A}).to_parquet("x/a.parquet")
    pd.DataFrame({"prediction": B[1:]}).to_csv("short.csv", index=False)
    pd.DataFrame({"prediction": ["1.5", "two", *["3"] * (N - 2)]}).to_csv("text.csv", index=False)
    other = Y.copy()
    other[7] += 1.0
    pd.DataFrame({"prediction": B, "target": other}).to_csv("own.csv", index=False)
    before = Path("b.csv").read_bytes()
    ran = run("mse", *words.split())
    assert ran.code == 2
    assert ran.out == ""
    assert all(message in ran.err for message in messages), ran.err
    assert "Traceback" not in ran.err
    assert Path("b.csv").read_bytes() == before


def test_losses_with_their_own_roles(folder: Path) -> None:
    for name, prediction in (("a", A), ("b", B)):
        pd.DataFrame({"prediction": prediction, "var": np.full(N, 4.0)}).to_parquet(f"{name}.pq")
    found = records(run("gaussian-nll", "-t", "targets.parquet", "a.pq", "b.pq", "-f", "csv"))
    expected = losscli.compute("gaussian-nll", B, Y, var=np.full(N, 4.0)).value
    assert float(found[1]["value"]) == expected
    ran = run("triplet-margin", "-t", "targets.parquet", "a.pq", "b.pq")
    assert ran.code == 2
    assert "takes nothing from --target" in ran.err


@pytest.mark.parametrize("loss", ["mse", "gaussian-nll", "triplet-margin", "aft-nll"])
def test_help_says_what_the_files_are(loss: str) -> None:
    expected: dict[str, Callable[[str], bool]] = {
        "mse": lambda text: "prediction of each model" in text and "is target" in text,
        "gaussian-nll": lambda text: "prediction and var of each model" in text,
        "triplet-margin": lambda text: "anchor and positive and negative" in text,
        "aft-nll": lambda text: "lower and upper, the same for all" in text,
    }
    out = io.StringIO()
    with redirect_stdout(out), pytest.raises(SystemExit):
        main(["compare", loss, "--help"])
    assert expected[loss](" ".join(out.getvalue().split()))


def test_findings_may_be_strict_or_allowed(folder: Path) -> None:
    labels = RNG.integers(0, 3, N)
    pd.DataFrame({"target": labels}).to_csv("labels.csv", index=False)
    for name in ("p", "q"):
        raw = RNG.uniform(size=(N, 3))
        frame = pd.DataFrame(raw / raw.sum(axis=1, keepdims=True))
        frame.add_prefix("logits_").to_csv(f"{name}.csv", index=False)
    words = ["cross-entropy", "-t", "labels.csv", "p.csv", "q.csv"]
    assert run(*words).code == 0
    assert "LC101" in run(*words).out
    assert run(*words, "--strict").code == 1
    assert run(*words, "--strict", "--allow", "LC101").code == 0


def test_labels_written_in_another_way(folder: Path) -> None:
    for name, scale in (("p", 1.0), ("q", 2.0)):
        pd.DataFrame({"logits": scale * (A - 50)}).to_csv(f"{name}.csv", index=False)
    pd.DataFrame({"target": np.where(Y > 50, 1, -1)}).to_csv("signs.csv", index=False)
    pd.DataFrame({"target": (Y > 50).astype(int)}).to_csv("bits.csv", index=False)
    words = ["bce-with-logits", "p.csv", "q.csv", "-f", "csv"]
    signs = records(run(*words, "-t", "signs.csv", "--labels", "pm1"))
    assert signs == records(run(*words, "-t", "bits.csv"))
