"""The command line as a user meets it: exit codes, what is on stdout, what is on stderr."""

from __future__ import annotations

import codecs
import csv
import json
import math
import os
import re
import shlex
import subprocess
import sys
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from commands import SAMPLES, Ran, run, run_line, start

import losscli
from losscli.advice import Leaf
from losscli.analysis.questions import CUSTOM, leaves
from losscli.cli import main
from losscli.spec import find, registered

pytestmark = pytest.mark.usefixtures("among_the_samples")

ESCAPE = "\x1b"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Four rows of a prediction, a target, and two columns that may weigh them."""
    path = tmp_path / "pairs.csv"
    path.write_text(
        "prediction,target,trust,other\n1,2,1,9\n2,4,0,9\n3,6,2,9\n5,5,1,9\n", encoding="utf-8"
    )
    return path


# The main job.

HEADLINES = [
    ("losscli compute mse preds.csv targets.csv", "mse", 3518.454323276438, "mean over 111 rows"),
    (
        "losscli compute cross-entropy logits.parquet labels.csv --label-smoothing 0.1",
        "cross-entropy(label_smoothing=0.1)",
        0.7814187645390118,
        "mean over 450 rows",
    ),
    (
        "losscli compute triplet-margin anchor.parquet positive.parquet negative.parquet "
        "--margin 0.5 --swap",
        "triplet-margin(margin=0.5, swap=True)",
        0.09959134327042679,
        "mean over 300 rows",
    ),
    (
        "losscli compute mse predictions.csv                      # one file",
        "mse",
        3518.454323276438,
        "mean over 111 rows",
    ),
    (
        "losscli compute huber eval.parquet -c prediction=y_hat -c target=y --delta 2",
        "huber(delta=2.0)",
        2.097898500002183,
        "mean over 442 rows",
    ),
    (
        "losscli compute mae preds.parquet targets.parquet --reduction sum",
        "mae",
        5194.106354024151,
        "sum over 111 rows",
    ),
]


@pytest.mark.parametrize(
    ("line", "spec", "value", "about"), HEADLINES, ids=[line for line, *_ in HEADLINES]
)
def test_the_last_line_is_the_value(line: str, spec: str, value: float, about: str) -> None:
    ran = run_line(line)
    assert (ran.code, ran.err) == (0, "")
    headline = re.fullmatch(r"(.*) = (\S+)  \((.*)\)", ran.last_line)
    assert headline is not None
    assert headline[1] == spec
    assert float(headline[2]) == pytest.approx(value, rel=1e-12)
    assert headline[3] == about


def test_a_table_holds_everything_from_the_files_to_the_value() -> None:
    ran = run_line("losscli compute mse preds.csv targets.csv")
    titles = [line for line in ran.out.splitlines() if line and not line.startswith(" ")]
    assert titles[:4] == ["inputs", "loss", "distribution", "worst 10 rows of 111"]
    assert titles[4:7] == ["findings", "compared with a constant", "guide"]
    assert titles[7:] == [
        "mse|reduction:mean|divisor:rows|n:111|acc:float64|losscli:" + losscli.__version__,
        "mse = 3518.454323276438  (mean over 111 rows)",
    ]
    assert "  prediction  preds.csv    prediction   111  " in ran.out
    assert "  ▸ mean     3518.45  sum / 111 rows\n    sum       390548\n" in ran.out
    assert "   18  33547.1             8.6 %" in ran.out
    assert "  mse fits  light tails: " in ran.out


def test_a_small_table_shows_every_row(pairs: Path) -> None:
    ran = run("compute", "mse", str(pairs))
    assert (
        "loss of each row\n  row  loss  share of the sum\n    1     1             7.1 %" in ran.out
    )
    assert ran.last_line == "mse = 3.5  (mean over 4 rows)"


def test_value_is_the_number_and_nothing_else() -> None:
    ran = run_line("losscli compute mse preds.csv targets.csv --format value")
    assert ran == Ran(0, "3518.454323276438\n", "")


def test_per_sample_losses_are_written_beside_the_sum(tmp_path: Path) -> None:
    path = tmp_path / "losses.parquet"
    ran = run_line(
        "losscli compute mae preds.parquet targets.parquet --reduction sum --per-sample "
        + shlex.quote(str(path))
    )
    assert ran.last_line == "mae = 5194.106354024151  (sum over 111 rows)"
    written = pq.read_table(path)
    assert written.schema.equals(pa.schema([("row", pa.int64()), ("loss", pa.float64())]))
    assert written["row"].to_pylist() == list(range(1, 112))
    expected = losscli.compute("mae", "preds.parquet", "targets.parquet").per_sample
    np.testing.assert_array_equal(written["loss"].to_numpy(), expected)


def test_version() -> None:
    assert run("--version") == Ran(0, f"losscli {losscli.__version__}\n", "")


def test_help_of_a_loss_lists_its_own_options() -> None:
    ran = run_line("losscli compute huber --help")
    text = " ".join(re.sub("[│╭╮╰╯─]", " ", ran.out).split())
    assert (ran.code, ran.err) == (0, "")
    assert "Parameters of huber" in text
    assert "--delta FLOAT Where quadratic turns linear" in text
    assert "a number in (0, inf). Default 1.0." in text
    assert "PREDICTION TARGET" in text


def test_the_processes_of_the_readme_say_the_same() -> None:
    for line in ("compute mse preds.csv targets.csv", "recommend --task classification", "list"):
        words = line.split()
        done = start(words)
        assert Ran(done.returncode, done.stdout, done.stderr) == run(*words)


# Formats.

JSON_KEYS = {
    "schema_version": int, "version": str, "signature": str, "loss": dict, "inputs": list, "n": int,
    "reduction": str, "value": float, "status": str, "reductions": dict, "divisor": float,
    "distribution": dict, "worst": list, "diagnostics": list, "recommendation": dict,
}  # fmt: skip


def strict(text: str) -> dict[str, Any]:
    """JSON without the tokens that JSON does not have."""

    def refuse(token: str) -> object:
        raise AssertionError(f"{token} is not JSON")

    record = json.loads(text, parse_constant=refuse)
    assert isinstance(record, dict)
    return record


def test_json_has_the_documented_fields() -> None:
    ran = run_line("losscli compute mse preds.csv targets.csv --format json")
    record = json.loads(ran.out)
    assert {key: type(record[key]) for key in JSON_KEYS} == JSON_KEYS
    assert record["schema_version"] == 1
    assert record["value"] == 3518.454323276438
    assert record["status"] == "ok"
    summary = "Squared error."
    named = {"name": "mse", "spec": "mse", "params": {}, "summary": summary}
    assert {key: record["loss"][key] for key in named} == named
    assert record["reductions"] == {"mean": 3518.454323276438, "sum": 390548.4298836846}
    assert [seen["path"] for seen in record["inputs"]] == ["preds.csv", "targets.csv"]
    assert {"role", "path", "columns", "rows"} <= set(record["inputs"][0])
    spread = {"std", "stderr", "min", "p25", "median", "p75", "p95", "p99", "max"}
    assert spread <= set(record["distribution"])
    assert record["worst"][0] == {"row": 18, "loss": 33547.054986063486, "key": None, "place": None}
    assert {"loss", "because"} <= set(record["recommendation"])
    assert "per_sample" not in record


def test_diagnostics_in_json_have_a_code_a_severity_and_a_hint() -> None:
    ran = run_line(
        "losscli compute bce-with-logits cancer_probs.csv -c logits=probability --format json"
    )
    (found,) = strict(ran.out)["diagnostics"]
    assert (found["code"], found["severity"]) == ("LC101", "warning")
    assert {"code", "severity", "message", "hint", "option", "numbers", "readings"} < set(found)
    assert found["readings"].keys() == {"logits", "probabilities"}
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("form", ["value", "csv", "jsonl"])
def test_findings_go_to_stderr_where_the_format_has_no_place(form: str) -> None:
    ran = run(
        "compute", "bce-with-logits", "cancer_probs.csv", "-c", "logits=probability", "-f", form
    )
    assert ran.code == 0
    assert ran.err.startswith("warning: ")
    assert "LC101" in ran.err
    assert "warning: " not in ran.out


def test_csv_is_one_record_under_its_names() -> None:
    ran = run_line("losscli compute mse preds.csv targets.csv --format csv")
    (record,) = csv.DictReader(StringIO(ran.out))
    assert record["loss"] == "mse"
    assert record["value"] == record["mean"] == "3518.454323276438"
    assert (record["n"], record["divisor"], record["batchmean"]) == ("111", "111.0", "")
    assert ran.out.count("\n") == 2


def test_csv_has_the_same_columns_for_every_loss() -> None:
    commands = [shlex.split(line, comments=True)[1:] for line, *_ in HEADLINES]
    heads = {run(*words, "-f", "csv").out.partition("\n")[0] for words in commands}
    assert len(heads) == 1
    assert heads.pop().startswith("loss,spec,reduction,value,status,n,")


def test_jsonl_is_the_record_on_one_line() -> None:
    line = "losscli compute mse preds.csv targets.csv --format "
    assert run_line(line + "jsonl").out.count("\n") == 1
    assert strict(run_line(line + "jsonl").out) == strict(run_line(line + "json").out)


def test_markdown_begins_with_the_value() -> None:
    lines = run_line("losscli compute mse preds.csv targets.csv -f markdown").out.splitlines()
    assert lines[0] == "**mse = 3518.454323276438**  (mean over 111 rows)"
    assert lines[2:5] == [
        "| reduction | value | how |",
        "| --- | ---: | --- |",
        "| **mean** | **3518.45** | sum / 111 rows |",
    ]
    assert "mse|reduction:mean|divisor:rows|n:111" in "".join(lines[-3:])


def test_reduction_none_in_every_format(pairs: Path) -> None:
    def shown(form: str) -> str:
        ran = run("compute", "mse", str(pairs), "--reduction", "none", "-f", form)
        assert (ran.code, ran.err) == (0, "")
        return ran.out

    assert shown("value") == "1.0\n4.0\n9.0\n0.0\n"
    assert shown("csv") == "row,loss\n1,1.0\n2,4.0\n3,9.0\n4,0.0\n"
    assert shown("jsonl").splitlines()[1] == '{"row":2,"loss":4.0}'
    record = strict(shown("json"))
    assert record["per_sample"] == [1.0, 4.0, 9.0, 0.0]
    assert (record["reduction"], record["value"]) == ("none", None)
    assert shown("table").splitlines()[-1] == "mse: 4 losses  (their mean is 3.5)"
    assert shown("markdown").startswith("**mse: 4 losses**")


def test_the_json_of_many_rows_is_what_python_gives() -> None:
    ran = run_line("losscli compute mse predictions.csv --reduction none --format json")
    result = losscli.compute("mse", "predictions.csv", reduction="none")
    assert ran.out == result.to_json() + "\n"


def test_reports_hold_what_the_formats_print(tmp_path: Path) -> None:
    js, md = tmp_path / "loss.json", tmp_path / "loss.md"
    words = ["compute", "huber", "eval.parquet", "-c", "prediction=y_hat", "-c", "target=y"]
    ran = run(*words, "-f", "value", "--json-report", str(js), "--markdown-report", str(md))
    assert ran.code == 0
    assert ran.out.count("\n") == 1
    assert js.read_text(encoding="utf-8") == run(*words, "-f", "json").out
    assert md.read_text(encoding="utf-8") == run(*words, "-f", "markdown").out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loss.json", "loss.md"]


# Options.


@pytest.mark.parametrize(
    ("reduction", "value"), [("mean", 0.015078183), ("batchmean", 0.15078183), ("sum", 67.8518)]
)
def test_every_reduction_of_kl_div(reduction: str, value: float) -> None:
    ran = run(
        "compute", "kl-div", "log_probs.parquet", "teacher.parquet", "--reduction", reduction,
        "--format", "json",
    )  # fmt: skip
    record = strict(ran.out)
    assert record["reduction"] == reduction
    assert record["value"] == record["reductions"][reduction]
    assert record["value"] == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize(
    ("reduction", "how"),
    [("mean", "mean over 4 rows"), ("sum", "sum over 4 rows"), ("none", "their mean is 3.5")],
)
def test_the_value_line_names_the_reduction(reduction: str, how: str, pairs: Path) -> None:
    assert run("compute", "mse", str(pairs), "--reduction", reduction).last_line.endswith(
        f"({how})"
    )


def test_sample_weight_names_a_column(pairs: Path) -> None:
    ran = run("compute", "mae", str(pairs), "--sample-weight", "trust", "-f", "json")
    record = strict(ran.out)
    assert record["value"] == (1 * 1 + 0 * 2 + 2 * 3 + 1 * 0) / 4
    assert (record["divisor"], record["ignored"]) == (4.0, 1)
    assert record["inputs"][2]["columns"] == ["trust"]


def test_sample_weight_may_have_a_file_of_its_own(pairs: Path, tmp_path: Path) -> None:
    weights = tmp_path / "w.csv"
    weights.write_text("w\n1\n0\n2\n1\n", encoding="utf-8")
    named = run("compute", "mae", str(pairs), f"sample_weight={weights}", "-f", "value")
    assert named.out == "1.75\n"


def test_an_element_weight_is_a_file(pairs: Path, tmp_path: Path) -> None:
    weights = tmp_path / "w.csv"
    weights.write_text("w\n1\n0\n2\n1\n", encoding="utf-8")
    mse = run("compute", "mse", str(pairs), f"weight={weights}", "-f", "json")
    assert strict(mse.out)["value"] == (1 + 2 * 9) / 4
    huber = run("compute", "huber", str(pairs), f"weight={weights}", "-f", "value")
    assert float(huber.out) == (0.5 + 2 * 2.5) / 4


WEIGHTS = "1,2,3,1,1,1,1,1,1,0.5"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "weight\n" + WEIGHTS.replace(",", "\n"),
        WEIGHTS.replace(",", "\n") + "\n",
        WEIGHTS + "\n",
        ",".join(f"class_{i}" for i in range(10)) + f"\n{WEIGHTS}\n",
    ],
    ids=["typed", "column with a header", "column", "row", "row with a header"],
)
def test_class_weights_are_typed_or_read_from_a_file(text: str | None, tmp_path: Path) -> None:
    option = WEIGHTS
    if text is not None:
        (tmp_path / "w.csv").write_text(text, encoding="utf-8")
        option = f"@{tmp_path / 'w.csv'}"
    ran = run(
        "compute", "cross-entropy", "logits.parquet", "labels.csv", "--weight", option, "-f", "json"
    )
    record = strict(ran.out)
    weights = np.array([float(w) for w in WEIGHTS.split(",")])
    expected = losscli.compute("cross-entropy", "logits.parquet", "labels.csv", weight=weights)
    assert record["value"] == expected.value
    labels = pa_csv.read_csv("labels.csv")["target"].to_numpy()
    assert record["divisor"] == weights[labels].sum()
    assert record["loss"]["params"]["weight"] == weights.tolist()


def test_no_header_reads_the_first_line_as_a_row(tmp_path: Path) -> None:
    for name, text in (("p.csv", "1\n2\n3\n"), ("t.csv", "1\n4\n7\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    files = [str(tmp_path / "p.csv"), str(tmp_path / "t.csv")]
    assert run("compute", "mae", *files, "--no-header", "-f", "value").out == "2.0\n"
    assert run("compute", "mae", *files, "--header", "-f", "value").out == "3.0\n"
    unclear = run("compute", "mae", *files)
    assert unclear.code == 2
    assert "--no-header" in unclear.err


def test_threads_do_not_change_a_character() -> None:
    words = ["compute", "cross-entropy", "logits.parquet", "labels.csv", "-f", "json", "--threads"]
    assert len({run(*words, threads).out for threads in ("1", "2", "7")}) == 1


DIGITS = "zero,one,two,three,four,five,six,seven,eight,nine"


@pytest.mark.parametrize(
    "words",
    [
        ["logits.parquet", "labels.csv"],
        ["logits.parquet", "labels.csv", "-c", "logits=logits_*"],
        ["logits.parquet", "target=digits.parquet"],
        ["target=labels.csv", "logits=logits.parquet"],
        ["digits.parquet"],
        ["digits.parquet", "-c", "logits=logits", "-c", "target=target"],
        ["logits_named.csv", "labels.csv", "-c", f"logits={DIGITS}"],
        ["logits_named.csv", "labels.csv", "-c", f"logits={DIGITS.replace(',', ', ')}"],
    ],
    ids=" ".join,
)
def test_columns_are_found_and_named(words: list[str]) -> None:
    ran = run("compute", "cross-entropy", *words, "-f", "value")
    assert ran.err == ""
    assert float(ran.out) == pytest.approx(0.156533, rel=1e-5)
    same = losscli.compute("cross-entropy", "logits.parquet", "labels.csv").value
    assert float(ran.out) == same


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("loss", ["cross-entropy", "triplet-margin"])
def test_per_sample_files_hold_the_bits_of_python(loss: str, suffix: str, tmp_path: Path) -> None:
    files = {
        "cross-entropy": ["logits.parquet", "labels.csv"],
        "triplet-margin": ["anchor.parquet", "positive.parquet", "negative.parquet"],
    }[loss]
    path = tmp_path / f"losses.{suffix}"
    assert run("compute", loss, *files, "--per-sample", str(path)).code == 0
    read = pq.read_table(path) if suffix == "parquet" else pa_csv.read_csv(path)
    assert read.column_names == ["row", "loss"]
    expected = losscli.compute(loss, *files).per_sample
    np.testing.assert_array_equal(read["loss"].to_numpy(), expected)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_per_sample_and_reduction_none_in_one_run(pairs: Path, tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    ran = run(
        "compute", "mse", str(pairs), "--reduction", "none", "-f", "csv", "--per-sample", str(path)
    )
    written, printed = (text.split() for text in (path.read_text(encoding="utf-8"), ran.out))
    assert written[0].replace('"', "") == printed[0] == "row,loss"
    assert [[float(cell) for cell in row.split(",")] for row in written[1:]] == [
        [float(cell) for cell in row.split(",")] for row in printed[1:]
    ]


TRIPLET = ["anchor.parquet", "positive.parquet", "negative.parquet"]


@pytest.mark.parametrize(
    ("words", "params"),
    [
        (["triplet-margin", *TRIPLET, "--swap"], {"swap": True}),
        (["triplet-margin", *TRIPLET, "--no-swap"], {"swap": False}),
        (["triplet-margin(swap=True)", *TRIPLET, "--no-swap"], {"swap": False}),
        (["triplet-margin", *TRIPLET, "--p", "inf", "--eps", "0"], {"p": math.inf, "eps": 0.0}),
        (["TripletMarginLoss", *TRIPLET, "--p", "1"], {"p": 1.0}),
        (["focal", "cancer.csv", "-c", "logits=logit", "--alpha", "none"], {"alpha": None}),
        (["focal", "cancer.csv", "-c", "logits=logit", "--alpha", "0.25"], {"alpha": 0.25}),
        (["huber(delta=2)", "predictions.csv"], {"delta": 2.0}),
        (["huber(delta=2)", "predictions.csv", "--delta", "3"], {"delta": 3.0}),
        (["nn.HuberLoss", "predictions.csv", "--delta=3"], {"delta": 3.0}),
        (
            ["cross-entropy", "digits.parquet", "--ignore-index", "3"],
            {"ignore_index": 3},
        ),
        (["bce-with-logits", "cancer.csv", "-c", "logits=logit", "--pos-weight", "2"],
         {"pos_weight": [2.0]}),
    ],
    ids=lambda case: " ".join(case) if isinstance(case, list) else "",
)  # fmt: skip
def test_parameters_reach_the_loss(words: list[str], params: dict[str, Any]) -> None:
    ran = run("compute", *words, "-f", "jsonl")
    assert (ran.code, ran.err) == (0, "")
    record = strict(ran.out)
    shown = record["loss"]["params"]
    stored = {name: None if value == math.inf else value for name, value in params.items()}
    assert {name: shown[name] for name in params} == stored
    columns: dict[str, Any] = {}
    files = [word for word in words if word.endswith((".csv", ".parquet"))]
    if "cancer.csv" in files:
        table = pa_csv.read_csv("cancer.csv")
        columns = {"logits": table["logit"], "target": table["target"]}
        files = []
    expected = losscli.compute(words[0].partition("(")[0], *files, **columns, **params)
    assert record["value"] == expected.value
    assert record["loss"]["spec"] == expected.loss.spec


def test_a_spec_string_and_options_give_one_signature() -> None:
    by_spec = run("compute", "huber(delta=2)", "predictions.csv")
    by_option = run("compute", "huber", "predictions.csv", "--delta", "2")
    assert by_spec == by_option


# Results that are not finite.


@pytest.mark.parametrize(("cell", "status"), [("nan", "nan"), ("inf", "inf")])
def test_a_loss_that_is_not_finite_exits_with_2_and_names_the_row(
    cell: str, status: str, tmp_path: Path
) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"prediction,target\n1,2\n{cell},3\n", encoding="utf-8")
    ran = run("compute", "mse", str(path), "-f", "json")
    record = strict(ran.out)
    assert (ran.code, record["value"], record["status"]) == (2, None, status)
    (found,) = [seen for seen in record["diagnostics"] if seen["severity"] == "error"]
    assert found["code"] == "LC201"
    assert "row 2" in found["message"]
    value = run("compute", "mse", str(path), "-f", "value")
    assert (value.code, value.out) == (2, f"{status}\n")
    assert value.err.startswith("error: ")
    assert "row 2" in value.err
    table = run("compute", "mse", str(path))
    assert (table.code, table.err) == (2, "")
    assert table.last_line == f"mse = {status}  (mean over 2 rows)"


def test_a_row_that_is_not_finite_is_null_in_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("prediction,target\n1,2\nnan,3\n", encoding="utf-8")
    ran = run("compute", "mse", str(path), "--reduction", "none", "-f", "jsonl")
    rows = [strict(line) for line in ran.out.splitlines()]
    assert rows == [{"row": 1, "loss": 1.0}, {"row": 2, "loss": None, "status": "nan"}]
    assert ran.code == 2


def test_an_interrupt_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("losscli.api.Run.evaluate", interrupt)
    ran = run("compute", "mse", "predictions.csv")
    assert (ran.code, ran.out) == (130, "")
    assert "Traceback" not in ran.err


def test_a_bug_exits_with_3_and_tells_how_to_report_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object) -> None:
        raise ZeroDivisionError("it happened")

    monkeypatch.setattr("losscli.api.Run.evaluate", fail)
    ran = run("compute", "mse", "predictions.csv")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("error: a bug in losscli: ZeroDivisionError: it happened\n")
    assert "--traceback" in ran.err
    with pytest.raises(ZeroDivisionError):
        main(["compute", "mse", "predictions.csv", "--traceback"])


@pytest.mark.parametrize("words", [[], ["compute"]], ids=["losscli", "losscli compute"])
def test_without_arguments_there_is_help_and_no_empty_error(words: list[str]) -> None:
    ran = run(*words)
    assert ran.code == 2
    assert "Usage: losscli" in ran.out + ran.err
    assert "error: \n" not in ran.err


# Terminals and pipes.

LONG = "the_prediction_of_a_model_whose_name_nobody_would_like_to_see_cut"


@pytest.fixture
def long_names(tmp_path: Path) -> Path:
    path = tmp_path / "long.csv"
    path.write_text(f"{LONG},target\n1,2\n3,4\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "environ",
    [{}, {"COLUMNS": "40"}, {"NO_COLOR": "1"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}],
    ids=str,
)
def test_a_pipe_gets_no_escapes_and_whole_names(
    environ: dict[str, str], long_names: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    ran = run("compute", "mse", str(long_names), "-c", f"prediction={LONG}")
    assert ran.code == 0
    assert ESCAPE not in ran.out
    assert LONG in ran.out
    assert str(long_names) in ran.out
    assert "…" not in ran.out
    assert ran.last_line == "mse = 1.0  (mean over 2 rows)"


def test_force_color_colors_a_pipe_and_changes_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = run("compute", "mse", "predictions.csv")
    monkeypatch.setenv("FORCE_COLOR", "1")
    colored = run("compute", "mse", "predictions.csv")
    assert ESCAPE in colored.out
    assert re.sub(r"\x1b\[[\d;]*m", "", colored.out) == plain.out
    assert ESCAPE not in run("compute", "mse", "predictions.csv", "-f", "json").out
    assert ESCAPE in run("compute", "mse", "nowhere.csv").err


def test_column_names_are_never_markup(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("[red]prediction[/],t\n1,2\n3,4\n", encoding="utf-8")
    ran = run("compute", "mse", str(path), "-c", "prediction=[red]prediction[/]", "-c", "target=t")
    assert "[red]prediction[/]" in ran.out


def many_rows(folder: Path) -> list[str]:
    path = folder / "many.csv"
    rows = "".join(f"{i},{i / 7}\n" for i in range(30_000))
    path.write_text(f"prediction,target\n{rows}", encoding="utf-8")
    return ["compute", "mse", str(path), "--reduction", "none", "--format", "csv"]


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "losscli", *many_rows(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().split() == [b"row,loss"]
        process.stdout.close()
        said = process.stderr.read()
        assert (process.wait(60), said) == (0, b"")


@pytest.mark.parametrize("words", [["list"], ["--help"], ["--version"]], ids=" ".join)
def test_a_reader_that_is_gone_is_no_error(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "losscli", *words],
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize("words", [["list"], ["compute", "mse", "predictions.csv"]], ids=" ".join)
def test_a_full_disk_is_no_bug(words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "losscli", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: cannot write to stdout: ")
    assert done.stderr.count(b"\n") == 1


def test_an_output_never_overwrites_an_input(pairs: Path, tmp_path: Path) -> None:
    before = pairs.read_bytes()
    (tmp_path / "link.csv").symlink_to(pairs)
    for output in (pairs, tmp_path / "link.csv"):
        for option in ("--per-sample", "--json-report"):
            ran = run("compute", "mse", str(pairs), option, str(output))
            assert (ran.code, ran.out) == (2, "")
            assert "would overwrite" in ran.err
    same = str(tmp_path / "out.csv")
    assert run("compute", "mse", str(pairs), "--per-sample", same, "--json-report", same).code == 2
    assert pairs.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.csv", "pairs.csv"]


def test_an_older_output_is_replaced(pairs: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old", encoding="utf-8")
    assert run("compute", "mse", str(pairs), "--per-sample", str(path)).code == 0
    assert path.read_text(encoding="utf-8").splitlines()[1] in ("1,1", "1,1.0")


# The decision guide.

LEAVES = list(leaves())


@pytest.mark.parametrize(("flags", "leaf"), LEAVES, ids=[" ".join(flags) for flags, _ in LEAVES])
def test_flags_lead_to_every_leaf(
    flags: tuple[str, ...], leaf: Leaf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = "def my_loss(prediction, target):\n    return abs(prediction - target)\n"
    (tmp_path / "my_losses.py").write_text(own)
    words = [word.replace("N", "7") for word in " ".join(flags).split()]
    ran = run("recommend", *words)
    assert (ran.code, ran.err) == (0, "")
    assert "still open" not in ran.out
    assert (
        f"recommended\n  {'a loss of your own' if leaf.loss == CUSTOM else leaf.loss}\n" in ran.out
    )
    assert leaf.use_when in ran.out
    assert leaf.avoid_when in ran.out
    if leaf.torch is not None:
        assert leaf.torch in ran.out
    commands = [line for line in ran.out.splitlines() if line.startswith("losscli compute ")]
    assert commands
    assert ran.last_line == commands[-1]
    for command in chain.from_iterable(line.split("&&") for line in commands):
        program, verb, loss, *_ = shlex.split(command)
        assert (program, verb) == ("losscli", "compute")
        assert run("compute", loss, "--help").code == 0


def test_the_line_to_run_next_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With files of the names it makes up, and with the user's own."""
    monkeypatch.chdir(tmp_path)
    for made_up, sample in (("prediction.csv", "preds.csv"), ("target.csv", "targets.csv")):
        (tmp_path / made_up).write_bytes((SAMPLES / sample).read_bytes())
    for flag in ("--outliers", "--clean"):
        assert run_line(run("recommend", "--task", "regression", flag).last_line).code == 0
    files = [str(SAMPLES / "preds.csv"), str(SAMPLES / "targets.csv")]
    line = run("recommend", *files).last_line
    assert line == shlex.join(["losscli", "compute", "mse", *files])
    assert run_line(line).last_line == "mse = 3518.454323276438  (mean over 111 rows)"


PARTIAL = [
    ("", ["--task regression", "--task classification", "--task custom", "--need rules"], []),
    ("--task classification", ["--classes 2", "--classes N", "cross-entropy"], ["--outliers"]),
    ("--task regression", ["--outliers", "--clean", "huber"], ["--classes"]),
    ("--task similarity", ["--goal matching", "--goal direction", "--goal ranking"], ["mse"]),
    ("--task custom", ["--need imbalance", "--need objectives", "--need rules"], ["--goal"]),
]


@pytest.mark.parametrize(("flags", "shown", "hidden"), PARTIAL, ids=[p[0] or "-" for p in PARTIAL])
def test_partial_answers_show_the_branches_that_remain(
    flags: str, shown: list[str], hidden: list[str]
) -> None:
    ran = run("recommend", *flags.split())
    assert (ran.code, ran.err) == (0, "")
    _, _, tree = ran.out.partition("still open\n")
    assert all(text in tree for text in shown)
    assert not any(text in tree for text in hidden)


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ("--task regression --classes 3", ["--task regression", "--classes 3"]),
        ("--task classification --outliers", ["--task classification", "--outliers"]),
        ("--classes 3 --goal matching", ["--classes 3", "--goal matching"]),
        ("--task nonsense", ["'nonsense'", "regression"]),
        ("--task regresion", ["did you mean 'regression'"]),
        ("--classes 1", ["at least 2"]),
        ("--goal fame", ["matching, direction, ranking, batch, lists, preference"]),
    ],
)
def test_answers_that_cannot_be_are_refused(flags: str, named: list[str]) -> None:
    ran = run("recommend", *flags.split())
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("error:") == 1
    assert all(text in ran.err for text in named)


@pytest.mark.parametrize(
    ("files", "loss", "measured"),
    [
        ("preds.csv targets.csv", "mse", ["rows           111", "outlier share  0 %"]),
        ("predictions.csv", "mse", ["111"]),
        ("logits.parquet labels.csv", "cross-entropy", ["450", "10"]),
        ("cancer.csv -c prediction=logit", "bce-with-logits", ["143"]),
        ("cancer_probs.csv -c prediction=probability", "bce", ["143", "probabilities"]),
        ("log_probs.parquet teacher.parquet", "kl-div", ["log-probabilities"]),
    ],
)
def test_files_are_measured(files: str, loss: str, measured: list[str]) -> None:
    ran = run("recommend", *files.split())
    assert ran.code == 0
    before, _, after = ran.out.partition("recommended\n")
    assert all(text in before.partition("answers\n")[0] for text in measured)
    assert "(from the data)" in before
    assert after.split()[0] == loss


def test_a_flag_beats_the_data_and_says_so() -> None:
    ran = run("recommend", "preds.csv", "targets.csv", "--outliers")
    assert "LC301" in ran.out
    assert "recommended\n  huber\n" in ran.out


def test_advice_as_json() -> None:
    record = strict(run_line("losscli recommend preds.csv targets.csv --format json").out)
    assert record["recommendation"]["loss"] == "mse"
    assert record["recommendation"]["command"] == "losscli compute mse preds.csv targets.csv"
    assert {seen["name"] for seen in record["measured"]} >= {"rows", "target", "outlier share"}
    still_open = strict(run("recommend", "--task", "classification", "-f", "json").out)
    assert still_open["recommendation"] is None
    assert still_open["open"]["name"] == "classes"


class Conversation:
    """A command on a terminal of its own."""

    def __init__(self, *words: str, **environ: str) -> None:
        pty = pytest.importorskip("pty")
        self.here, there = pty.openpty()
        self.seen = ""
        # A read may end in the middle of a character.
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "losscli", *words],
            stdin=there,
            stdout=there,
            stderr=there,
            env={**os.environ, "TERM": "xterm", **environ},
            start_new_session=True,
        )
        os.close(there)

    def hear(self, text: str) -> str:
        """What is said up to this text; fails when the command ends before it is."""
        while text not in self.seen:
            more = self._read()
            assert more, f"{text!r} was not said: {self.seen}"
        before, found, self.seen = self.seen.partition(text)
        return before + found

    def say(self, text: str) -> None:
        os.write(self.here, f"{text}\n".encode())

    def end(self) -> str:
        """All that is left to hear."""
        while more := self._read():
            assert more
        os.close(self.here)
        self.code = self.process.wait(30)
        return self.seen

    def _read(self) -> bytes:
        try:
            data = os.read(self.here, 65536)
        except OSError:  # Linux says so when the other side is closed.
            data = b""
        self.seen += self.decoder.decode(data).replace("\r", "")
        return data


def test_on_a_terminal_the_guide_asks_one_question_after_the_other() -> None:
    talk = Conversation("recommend", NO_COLOR="1")
    asked = talk.hear("Your answer: ")
    assert "What is predicted?" in asked
    assert "How hard" not in asked
    talk.say("99")
    assert "does not answer" in talk.hear("Your answer: ")
    talk.say("1")
    assert "How hard should big mistakes count?" in talk.hear("Your answer: ")
    talk.say("outliers")
    rest = talk.end()
    assert talk.code == 0
    assert "huber" in rest
    assert "losscli compute huber prediction.csv target.csv" in rest
    assert ESCAPE not in rest


@pytest.mark.parametrize(
    ("replies", "loss"),
    [(["2", "10"], "cross-entropy"), (["similarity", "3"], "margin-ranking"), (["4"], "kl-div")],
)
def test_every_walk_ends_at_a_leaf(replies: list[str], loss: str) -> None:
    talk = Conversation("recommend", NO_COLOR="1")
    for reply in replies:
        talk.hear("Your answer: ")
        talk.say(reply)
    assert f"losscli compute {loss} " in talk.end()
    assert talk.code == 0


def test_end_of_input_at_a_question_is_no_bug() -> None:
    talk = Conversation("recommend", NO_COLOR="1")
    talk.hear("Your answer: ")
    os.write(talk.here, b"\x04")
    rest = talk.end()
    assert "a bug in losscli" not in rest
    assert "Traceback" not in rest
    assert talk.code == 130


@pytest.mark.parametrize(
    ("environ", "has_color"),
    [
        ({"COLUMNS": "120"}, True),
        ({"COLUMNS": "120", "NO_COLOR": "1"}, False),
        ({"COLUMNS": "60"}, True),
    ],
    ids=str,
)
def test_a_terminal_gets_color_and_lines_that_fit(environ: dict[str, str], has_color: bool) -> None:
    talk = Conversation("compute", "mse", "predictions.csv", **environ)
    shown = talk.end()
    assert talk.code == 0
    assert (ESCAPE in shown) is has_color
    lines = re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines()
    signature = f"mse|reduction:mean|divisor:rows|n:111|acc:float64|losscli:{losscli.__version__}"
    assert any("mse = 3518.454323276438" in line for line in lines)
    fitting = [line for line in lines if signature not in line]
    assert max(map(len, fitting)) <= int(environ["COLUMNS"])


# The catalogue.


def test_list_has_every_loss_on_a_line() -> None:
    ran = run("list")
    assert (ran.code, ran.err) == (0, "")
    names = {line.split()[0] for line in ran.out.splitlines() if line.startswith("  ")}
    assert names == set(registered())
    assert re.search(r"^  huber +HuberLoss +Quadratic within delta", ran.out, re.M)
    record = strict(run("list", "-f", "json").out)
    assert [loss["name"] for loss in record["losses"]] == list(registered())
    assert all(name in run("list", "-f", "markdown").out for name in names)


def test_list_of_a_family() -> None:
    record = strict(run("list", "--family", "box", "-f", "json").out)
    boxes = [loss.name for loss in registered().values() if loss.family == "box"]
    assert [loss["name"] for loss in record["losses"]] == boxes
    unknown = run("list", "--family", "regresion")
    assert unknown.code == 2
    assert "did you mean 'regression'" in unknown.err


@pytest.mark.parametrize("loss", sorted(registered()))
def test_show_tells_everything_about_a_loss(loss: str) -> None:
    declared = find(loss)
    ran = run("show", loss)
    assert (ran.code, ran.err) == (0, "")
    shown = " ".join(ran.out.split())
    wanted = [
        declared.use_when,
        declared.avoid_when,
        declared.reference,
        *map(str, declared.reductions),
    ]
    wanted += [role.name for role in declared.inputs]
    wanted += [f"--{name.replace('_', '-')}" for name in declared.params]
    assert [text for text in wanted if text not in shown] == []
    assert ran.last_line.startswith(f"losscli compute {loss} ")
    record = strict(run("show", loss, "-f", "json").out)
    assert record["name"] == loss
    assert [param["name"] for param in record["params"]] == list(declared.params)
    assert run("show", loss, "-f", "markdown").code == 0


def test_show_takes_aliases_and_suggests() -> None:
    assert run("show", "HuberLoss") == run("show", "huber")
    ran = run("show", "hubr")
    assert (ran.code, ran.out) == (2, "")
    assert "unknown loss 'hubr'" in ran.err
    assert "did you mean 'huber'" in ran.err


@pytest.mark.parametrize(
    ("file", "loss"), [("digits.parquet", "cross-entropy"), ("cancer.csv", "bce-with-logits")]
)
def test_recommend_finds_logits_by_their_name(file: str, loss: str) -> None:
    ran = run("recommend", str(SAMPLES / file))
    assert ran.code == 0
    assert ran.out.endswith(f"losscli compute {loss} {SAMPLES / file}\n")


def test_recommend_leaves_signs_open() -> None:
    ran = run("recommend", str(SAMPLES / "ranking.csv"))
    assert "--goal ranking" in ran.out
    assert ran.out.endswith("Answer with the flag of a branch.\n")


def test_a_worst_row_of_several_files_is_named_by_its_file(tmp_path: Path) -> None:
    for name, worst in (("part-2.csv", 5), ("part-10.csv", 90)):
        rows = "".join(f"{worst if i == 7 else 0},0\n" for i in range(15))
        (tmp_path / name).write_text(f"prediction,target\n{rows}")
    ran = run("compute", "mae", str(tmp_path), "--format", "json")
    worst = json.loads(ran.out)["worst"]
    assert [(one["row"], one["place"]) for one in worst[:2]] == [
        (23, f"{tmp_path / 'part-10.csv'}, row 8"),
        (8, f"{tmp_path / 'part-2.csv'}, row 8"),
    ]
    assert f"{tmp_path / 'part-10.csv'}, row 8" in run("compute", "mae", str(tmp_path)).out
