"""What is printed, letter by letter: on a terminal, off one, narrow, and where only ASCII goes."""

from __future__ import annotations

import io
import json
import math
import re
import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
import pytest

import losscli.losses  # noqa: F401 - registers the losses
from losscli import report
from losscli.advice import Advice, Answer, Choice, Leaf, Measurement, Question
from losscli.analysis.questions import place_of
from losscli.errors import DataError, UsageError
from losscli.findings import Diagnostic
from losscli.report import Terminal, docstring
from losscli.report import result as result_module
from losscli.report.formula import plain
from losscli.report.page import shorten_numbered
from losscli.report.terminal import printable
from losscli.results import Distribution, InputRecord, LossRecord, Recommendation, Result, RowLoss
from losscli.spec import find, registered

ANSI = re.compile(r"\x1b\[[0-9;]*m")
FORMATS = ("table", "json", "jsonl", "csv", "markdown", "value")


class Stream(io.TextIOWrapper):
    """A stream in memory with an encoding, that may pose as a terminal."""

    def __init__(self, encoding: str = "utf-8", *, tty: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="")
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty

    def text(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode(self.encoding)


def shown(show: Any, *what: Any, encoding: str = "utf-8", tty: bool = False, **env: str) -> str:
    stream = Stream(encoding, tty=tty)
    show(*what, Terminal.of(stream, {"TERM": "xterm", **env}))
    return stream.text()


def rendered(result: Result, format: str = "table", **where: Any) -> str:
    return shown(report.show_result, result, format, **where)


SPREAD = Distribution(
    std=0.2, stderr=0.1, min=0.25, p25=0.25, median=0.25, p75=0.4375, p95=0.6125, p99=0.6625,
    max=0.625, tail_share=0.5555, quantile_error=0.0,
)  # fmt: skip


def an_input(role: str, path: str | None, *columns: str, n: int = 3, **more: Any) -> InputRecord:
    return InputRecord(role, path, columns, n, more.get("shape", ()), more.get("dtype", "double"))


def a_result(**changes: Any) -> Result:
    fields: dict[str, Any] = {
        "loss": LossRecord("mse", "mse", {}),
        "inputs": (
            an_input("prediction", "preds.csv", "prediction"),
            an_input("target", "targets.csv", "[bold]", "a[/b]"),
        ),
        "n": 3,
        "ignored": 0,
        "reduction": "mean",
        "value": 0.375,
        "reductions": {"mean": 0.375, "sum": 1.125},
        "divisor": 3.0,
        "divisor_meaning": "rows",
        "version": "1.0",
        "distribution": SPREAD,
        "worst": (RowLoss(3, 0.625), RowLoss(1, 0.25), RowLoss(2, 0.25)),
        "per_sample": np.array([0.25, 0.25, 0.625]),
    }
    return Result(**{**fields, **changes})


WARNING = Diagnostic("LC206", "warning", "a few rows carry the loss", "look at the worst rows")
INFO = Diagnostic("LC205", "info", "1 of 3 rows does not count")
WORD = Recommendation("huber", "outliers carry 71 % of the squared error, so Huber or L1", False)

PLAIN = """\
inputs
  role        file         columns        rows  type
  prediction  preds.csv    prediction        3  double
  target      targets.csv  [bold], a[/b]     3  double

loss
  reduction  value  how
  ▸ mean     0.375  sum / 3 rows
    sum      1.125
  3 rows read and paired; divided by 3 rows

distribution
  std  standard error  worst 1 % of rows carry
  0.2             0.1                   55.5 %
   min   p25  median     p75     p95     p99    max
  0.25  0.25    0.25  0.4375  0.6125  0.6625  0.625

loss of each row
  row   loss  share of the sum
    1   0.25            22.2 %
    2   0.25            22.2 %
    3  0.625            55.6 %

findings
  info LC205     1 of 3 rows does not count
  warning LC206  a few rows carry the loss
                 look at the worst rows

guide
  try huber  outliers carry 71 % of the squared error, so Huber or L1

mse|reduction:mean|divisor:rows|n:3|acc:float64|losscli:1.0
mse = 0.375  (mean over 3 rows)
"""

SCREEN = """\
╭─ inputs ─────────────────────────────────────────────────╮
│ role        file         columns        rows  type       │
│ prediction  preds.csv    prediction        3  double     │
│ target      targets.csv  [bold], a[/b]     3  double     │
╰──────────────────────────────────────────────────────────╯
╭─ loss ───────────────────────────────────────────────────╮
│ reduction  value  how                                    │
│ ▸ mean     0.375  sum / 3 rows                           │
│   sum      1.125                                         │
│ 3 rows read and paired; divided by 3 rows                │
╰──────────────────────────────────────────────────────────╯
╭─ distribution ───────────────────────────────────────────╮
│ std  standard error  worst 1 % of rows carry             │
│ 0.2             0.1                   55.5 %             │
│  min   p25  median     p75     p95     p99    max        │
│ 0.25  0.25    0.25  0.4375  0.6125  0.6625  0.625        │
╰──────────────────────────────────────────────────────────╯
╭─ loss of each row ───────────────────────────────────────╮
│ row   loss  share of the sum                             │
│   1   0.25            22.2 %                             │
│   2   0.25            22.2 %                             │
│   3  0.625            55.6 %                             │
╰──────────────────────────────────────────────────────────╯
╭─ findings ───────────────────────────────────────────────╮
│ info LC205     1 of 3 rows does not count                │
│ warning LC206  a few rows carry the loss                 │
│                look at the worst rows                    │
╰──────────────────────────────────────────────────────────╯
╭─ guide ──────────────────────────────────────────────────╮
│ try huber  outliers carry 71 % of the squared error, so  │
│            Huber or L1                                   │
╰──────────────────────────────────────────────────────────╯
mse|reduction:mean|divisor:rows|n:3|acc:float64|losscli:1.0
mse = 0.375  (mean over 3 rows)
"""

MARKDOWN = r"""**mse = 0.375**  (mean over 3 rows)

- **info LC205**: 1 of 3 rows does not count
- **warning LC206**: a few rows carry the loss; look at the worst rows

| reduction | value | how |
| --- | ---: | --- |
| **mean** | **0.375** | sum / 3 rows |
| sum | 1.125 |  |

3 rows read and paired; divided by 3 rows

**distribution**

| std | standard error | worst 1 % of rows carry |
| ---: | ---: | ---: |
| 0.2 | 0.1 | 55.5 % |

| min | p25 | median | p75 | p95 | p99 | max |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| 0.25 | 0.25 | 0.25 | 0.4375 | 0.6125 | 0.6625 | 0.625 |

**loss of each row**

| row | loss | share of the sum |
| ---: | ---: | ---: |
| 1 | 0.25 | 22.2 % |
| 2 | 0.25 | 22.2 % |
| 3 | 0.625 | 55.6 % |

**guide**

- **try huber**: outliers carry 71 % of the squared error, so Huber or L1

**inputs**

| role | file | columns | rows | type |
| --- | --- | --- | ---: | --- |
| prediction | preds.csv | prediction | 3 | double |
| target | targets.csv | \[bold\], a\[/b\] | 3 | double |

```text
mse|reduction:mean|divisor:rows|n:3|acc:float64|losscli:1.0
```
"""


@pytest.fixture
def full() -> Result:
    return a_result(diagnostics=(WARNING, INFO), recommendation=WORD)


def test_a_pipe_gets_plain_text(full: Result) -> None:
    assert rendered(full) == PLAIN


def test_a_terminal_gets_panels(full: Result) -> None:
    text = rendered(full, tty=True, COLUMNS="60")
    assert ANSI.sub("", text) == SCREEN
    assert "\x1b[1mmse = 0.375\x1b[0m" in text


def test_no_color_keeps_the_panels(full: Result) -> None:
    assert rendered(full, tty=True, COLUMNS="60", NO_COLOR="1") == SCREEN


def test_a_dumb_terminal_gets_what_a_pipe_gets(full: Result) -> None:
    assert rendered(full, tty=True, TERM="dumb") == PLAIN


def test_force_color_adds_color_and_nothing_else(full: Result) -> None:
    text = rendered(full, FORCE_COLOR="1")
    assert text != PLAIN
    assert ANSI.sub("", text) == PLAIN
    assert rendered(full, FORCE_COLOR="1", NO_COLOR="1") == PLAIN
    assert rendered(full, FORCE_COLOR="0") == PLAIN


def test_markdown_is_read_from_the_top(full: Result) -> None:
    assert rendered(full, "markdown") == MARKDOWN


def test_ascii_streams_get_ascii(full: Result) -> None:
    assert rendered(full, encoding="ascii") == PLAIN.replace("▸", ">")
    boxes = rendered(full, encoding="ascii", tty=True, COLUMNS="60", NO_COLOR="1")
    assert boxes.isascii()
    assert boxes.startswith("+- inputs ----")
    assert boxes.endswith("mse = 0.375  (mean over 3 rows)\n")


def test_columns_stay_in_line_where_a_name_is_escaped() -> None:
    inputs = (an_input("prediction", "café.csv", "x"), an_input("target", "b.csv", "y"))
    lines = rendered(a_result(inputs=inputs), encoding="ascii").splitlines()
    assert lines[2] == r"  prediction  caf\xe9.csv  x           3  double"
    assert lines[3] == r"  target      b.csv        y           3  double"


def test_wide_letters_stay_in_line() -> None:
    inputs = (an_input("prediction", "予測.csv", "x"), an_input("target", "b.csv", "y"))
    lines = rendered(a_result(inputs=inputs)).splitlines()
    assert lines[2] == "  prediction  予測.csv  x           3  double"
    assert lines[3] == "  target      b.csv     y           3  double"


LONG = tuple(f"measurement of the sensor {letter}" for letter in "abcdefghij")


def test_a_pipe_never_cuts_nor_folds() -> None:
    path = "/data/" + "x" * 200 + ".parquet"
    text = rendered(a_result(inputs=(an_input("prediction", path, *LONG),)))
    assert any(path in line and all(name in line for name in LONG) for line in text.splitlines())


@pytest.mark.parametrize("tty", [False, True])
@pytest.mark.parametrize("columns", ["1", "20", "80", "300"])
def test_no_number_is_lost_at_any_width(tty: bool, columns: str) -> None:
    spread = Distribution(*(-1.23456e-205 * (i + 1) for i in range(9)), 0.5, 0.0005)
    text = rendered(a_result(distribution=spread), tty=tty, COLUMNS=columns, NO_COLOR="1")
    assert "…" not in text
    for i in range(9):
        assert f"{-1.23456e-205 * (i + 1):.6g}" in text
    assert "0.05 %" in text
    assert text.endswith("\nmse = 0.375  (mean over 3 rows)\n")


def test_a_narrow_pipe_gets_one_field_a_line() -> None:
    lines = rendered(a_result(), COLUMNS="30").splitlines()
    assert lines[:7] == [
        "inputs",
        "  role     prediction",
        "  file     preds.csv",
        "  columns  prediction",
        "  rows     3",
        "  type     double",
        "",
    ]
    assert max(len(line) for line in lines[:13]) <= 30


def test_data_is_never_markup_nor_control() -> None:
    hostile = ("[bold]", "a[/b]", "[link=x]y", ":smile:", "\x1b[31mred\r\n", "a|b`c`", "<b>&_x_")
    result = a_result(inputs=(an_input("prediction", "\x07[/].csv", *hostile),))
    for text in (rendered(result), rendered(result, tty=True, COLUMNS="200", NO_COLOR="1")):
        assert "[bold], a[/b], [link=x]y, :smile:, \\x1b[31mred\\r\\n, a|b`c`, <b>&_x_" in text
        assert "\\x07[/].csv" in text
        assert "\x1b" not in text
    row = next(line for line in rendered(result, "markdown").splitlines() if "smile" in line)
    assert r"a\|b\`c\`, \<b>\&\_x\_" in row


@pytest.mark.parametrize(("value", "word"), [(math.nan, "nan"), (math.inf, "inf")])
def test_a_result_that_is_not_finite(value: float, word: str) -> None:
    result = a_result(
        value=value,
        reductions={"mean": value, "sum": value},
        per_sample=np.array([0.25, value, 0.5]),
        diagnostics=(Diagnostic("LC201", "error", "the result is not finite", "see row 2"),),
    )
    assert rendered(result, "value") == f"{word}\n"
    assert json.loads(rendered(result, "json"))["status"] == word
    table = rendered(result)
    assert f"\n    2   {word}\n" in table
    assert "share" not in table
    assert "  error LC201  the result is not finite\n               see row 2\n" in table
    assert table.endswith(f"\nmse = {word}  (mean over 3 rows)\n")
    assert "\x1b[1;31mmse" in rendered(result, tty=True)


def test_value_has_every_digit() -> None:
    assert rendered(a_result(value=0.1 + 0.2), "value") == "0.30000000000000004\n"
    assert rendered(a_result(value=np.float64(0.1)), "value") == "0.1\n"


def test_json_is_the_record(full: Result) -> None:
    assert rendered(full, "json") == full.to_json() + "\n"
    (line,) = rendered(full, "jsonl").splitlines()
    assert json.loads(line) == full.to_dict()
    ascii_text = rendered(
        a_result(inputs=(an_input("target", "é", "x"),)), "json", encoding="ascii"
    )
    assert json.loads(ascii_text)["inputs"][0]["path"] == "é"


def test_csv_is_one_record_with_the_same_columns_for_every_loss(full: Result) -> None:
    assert rendered(full, "csv") == (
        "loss,spec,reduction,value,status,n,ignored,missing,divisor,divisor_meaning,mean,sum,batchmean,"
        "std,stderr,min,p25,median,p75,p95,p99,max,tail_share,quantile_error,diagnostics,version,"
        "signature\n"
        "mse,mse,mean,0.375,ok,3,0,0,3.0,rows,0.375,1.125,,0.2,0.1,0.25,0.25,0.25,0.4375,0.6125,"
        "0.6625,0.625,0.5555,0.0,LC206 LC205,1.0,"
        "mse|reduction:mean|divisor:rows|n:3|acc:float64|losscli:1.0\n"
    )
    bare = a_result(
        loss=LossRecord("kl-div", "kl-div(log_target=True, x=1)", {}), distribution=None
    )
    header, record = rendered(bare, "csv").splitlines()
    assert header == rendered(full, "csv").splitlines()[0]
    assert '"kl-div(log_target=True, x=1)"' in record


@pytest.fixture
def rows() -> Result:
    losses = np.array([0.25, math.nan, math.inf, -math.inf, 1e-300])
    return a_result(reduction="none", n=5, per_sample=losses, worst=())


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("value", "0.25\nnan\ninf\n-inf\n1e-300\n"),
        ("csv", "row,loss\n1,0.25\n2,nan\n3,inf\n4,-inf\n5,1e-300\n"),
        (
            "jsonl",
            '{"row":1,"loss":0.25}\n{"row":2,"loss":null,"status":"nan"}\n'
            '{"row":3,"loss":null,"status":"inf"}\n{"row":4,"loss":null,"status":"-inf"}\n'
            '{"row":5,"loss":1e-300}\n',
        ),
    ],
)
@pytest.mark.parametrize("chunk", [1, 2, 5, 100])
def test_row_by_row(
    format: str, text: str, chunk: int, rows: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_module, "_CHUNK", chunk)
    assert rendered(rows, format) == text


@pytest.mark.parametrize("chunk", [1, 2, 5, 100])
def test_json_row_by_row_streams_the_same_text(
    chunk: int, rows: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_module, "_CHUNK", chunk)
    assert rendered(rows, "json") == rows.to_json() + "\n"


def test_many_rows_are_never_one_string() -> None:
    class Longest(io.StringIO):
        length = 0

        def write(self, text: str) -> int:
            Longest.length = max(Longest.length, len(text))
            return len(text)

    many = a_result(reduction="none", n=500_000, per_sample=np.full(500_000, 0.1))
    for format in ("value", "csv", "jsonl", "json"):
        report.show_result(many, format, Terminal(Longest()))
    assert Longest.length < 2_000_000


def test_reduction_none_in_a_table(rows: Result) -> None:
    text = rendered(rows)
    assert "  ▸ none            5 losses, one for each row\n" in text
    assert text.endswith("\nmse: 5 losses  (their mean is 0.375)\n")


@pytest.mark.parametrize("format", ["value", "csv", "jsonl"])
def test_rows_that_were_not_kept_are_an_error(format: str) -> None:
    with pytest.raises(ValueError, match="not kept"):
        rendered(a_result(reduction="none", per_sample=None), format)


@pytest.mark.parametrize(
    ("changes", "last"),
    [
        ({"reduction": "sum", "value": 1.125}, "mse = 1.125  (sum over 3 rows)"),
        (
            {"n": 1000, "ignored": 37, "divisor": 963.0, "divisor_meaning": "rows not ignored"},
            "mse = 0.375  (mean over 963 rows not ignored; 37 of 1,000 rows ignored)",
        ),
        (
            {"divisor": 12.5, "divisor_meaning": "sum of weights"},
            "mse = 0.375  (mean: sum / 12.5, the sum of weights)",
        ),
        ({"n": 1, "divisor": 1.0}, "mse = 0.375  (mean over 1 row)"),
        (
            {"loss": LossRecord("huber", "huber(delta=2.0)", {"delta": 2.0})},
            "huber(delta=2.0) = 0.375  (mean over 3 rows)",
        ),
        (
            {"loss": LossRecord("nll", f"nll(weight={[1.0] * 99})", {})},
            "nll = 0.375  (mean over 3 rows)",
        ),
        (
            {"reduction": "batchmean", "reductions": {"mean": 0.1, "batchmean": 0.375, "sum": 1.1}},
            "mse = 0.375  (batchmean over 3 rows)",
        ),
    ],
)
def test_the_last_line_says_what_the_value_is(changes: dict[str, Any], last: str) -> None:
    assert rendered(a_result(**changes)).splitlines()[-1] == last


def test_of_many_rows_the_worst_are_shown() -> None:
    result = a_result(n=1000, per_sample=None, divisor=1000.0, reductions={"sum": 10.0})
    text = rendered(result)
    assert (
        "worst 3 rows of 1,000\n  row   loss  share of the sum\n    3  0.625             6.2 %"
        in text
    )


def test_a_share_counts_the_elements_of_a_row() -> None:
    result = a_result(
        n=100, per_sample=None, divisor=400.0, divisor_meaning="elements", reductions={"sum": 10.0}
    )
    # Four elements a row: row 3 adds 4 * 0.625 to the sum of 10.
    assert "    3  0.625            25.0 %" in rendered(result)


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": (an_input("sample_weight", None),)},
        {"divisor_meaning": "elements not ignored", "per_sample": None, "inputs": ()},
        {"distribution": None},
    ],
)
def test_no_share_where_it_is_not_known(changes: dict[str, Any]) -> None:
    assert "share" not in rendered(a_result(**changes))


def test_quantiles_that_are_not_exact_say_so() -> None:
    spread = Distribution(*[0.5] * 9, 0.5, 0.0005)
    assert "quantiles within" not in rendered(a_result())
    assert "quantiles within" in rendered(a_result(distribution=spread))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("tty", [False, True])
def test_a_bare_result_prints_in_every_format(format: str, tty: bool) -> None:
    bare = a_result(distribution=None, worst=(), per_sample=None, inputs=())
    assert "0.375" in rendered(bare, format, tty=tty)


def test_names_that_count_up_are_shortened_without_loss() -> None:
    assert shorten_numbered(["p_0", "p_1", "p_2", "id"]) == "p_0 .. p_2, id"
    assert shorten_numbered(["p_0", "p_1"]) == "p_0, p_1"
    assert shorten_numbered(["a", "b", "c"]) == "a, b, c"
    assert shorten_numbered(["p_9", "p_8", "p_7"]) == "p_9, p_8, p_7"
    assert shorten_numbered(["p08", "p09", "p10"]) == "p08, p09, p10"
    assert shorten_numbered([f"c{i}" for i in range(8, 12)]) == "c8 .. c11"
    assert shorten_numbered(["0", "1", "2"]) == "0 .. 2"
    assert shorten_numbered(["p²", "p³", "p1"]) == "p², p³, p1"
    assert shorten_numbered([]) == ""


def test_what_is_printable() -> None:
    assert printable("naïve 予測\u00a0x") == "naïve 予測\u00a0x"
    assert printable("a\x1b[0m\u2028\udcff\x9b") == r"a\x1b[0m\u2028\udcff\x9b"


TREE = Question(
    "task",
    "What is predicted?",
    (
        Choice(
            "regression",
            "a number",
            "--task regression",
            Question(
                "outliers",
                "Outliers?",
                (
                    Choice("clean", "none", "--clean", Leaf("mse", "a", "b", None, "c")),
                    Choice("outliers", "some", "--outliers", Leaf("huber", "a", "b", None, "c")),
                ),
            ),
        ),
        Choice("custom", "a rule", "--task custom", Leaf("custom", "a", "b", None, "c")),
    ),
)
LEAF = Leaf(
    "huber",
    "some residuals are far out",
    "the scale of a residual is unknown",
    "torch.nn.HuberLoss",
    "losscli compute huber preds.csv targets.csv",
    ("mae", "smooth-l1"),
)
MEASURED = (Measurement("rows", "1,000"), Measurement("outlier share", "4.1 % of residuals"))
SETTLED = Advice(
    (Answer("task", "regression", "the data"), Answer("outliers", "outliers", "a flag")),
    MEASURED,
    LEAF,
    (WARNING,),
)


def advised(advice: Advice, format: str = "table", **where: Any) -> str:
    return shown(report.show_advice, advice, format, **where)


def test_advice_ends_with_the_command_to_run() -> None:
    assert advised(SETTLED) == (
        """\
measured
  rows           1,000
  outlier share  4.1 % of residuals

answers
  task      regression  (from the data)
  outliers  outliers  (from a flag)

findings
  warning LC206  a few rows carry the loss
                 look at the worst rows

recommended
  huber
  use when      some residuals are far out
  watch out     not when the scale of a residual is unknown
  PyTorch       torch.nn.HuberLoss
  other losses  mae, smooth-l1

losscli compute huber preds.csv targets.csv
"""
    )


def test_advice_that_is_open_shows_the_branches() -> None:
    text = advised(Advice((), (), TREE))
    assert text == (
        """\
still open
  What is predicted?
    --task regression  a number. Outliers?
      --clean     none → mse
      --outliers  some → huber
    --task custom      a rule → a loss of your own

Answer with the flag of a branch, or give the files to measure them.
"""
    )
    assert advised(Advice((), (), TREE), encoding="ascii") == text.replace("→", "->")


def test_branches_are_a_tree_on_a_terminal() -> None:
    text = advised(Advice((), (), TREE), tty=True, COLUMNS="60", NO_COLOR="1")
    assert "│ ├── --task regression  a number. Outliers?" in text
    assert "│ │   └── --outliers  some → huber" in text


def test_a_command_is_never_folded() -> None:
    command = "losscli compute mse " + "very/long/path/" * 20
    leaf = Leaf("mse", "a", "b", None, command)
    lines = advised(Advice((), (), leaf), tty=True, COLUMNS="50", NO_COLOR="1").splitlines()
    assert lines[-1] == command


def test_advice_as_json_and_markdown() -> None:
    assert json.loads(advised(SETTLED, "json")) == SETTLED.to_dict()
    assert json.loads(advised(Advice((), (), TREE), "json"))["recommendation"] is None
    assert "- **use when**: some residuals are far out\n" in advised(SETTLED, "markdown")
    tree = advised(Advice((), (), TREE), "markdown")
    assert (
        "\n- What is predicted?\n  - --task regression a number. Outliers?\n    - --clean" in tree
    )


def listed(format: str = "table", **where: Any) -> str:
    return shown(report.show_list, list(registered().values()), [], format, **where)


@pytest.mark.parametrize("tty", [False, True])
def test_the_list_has_every_loss(tty: bool) -> None:
    text = listed(tty=tty, COLUMNS="120")
    for loss in registered().values():
        assert loss.name in text
        assert (loss.torch or "").rpartition(".")[2] in text


def test_the_list_as_json() -> None:
    losses = json.loads(listed("json"))["losses"]
    assert [loss["name"] for loss in losses] == list(registered())
    huber = next(loss for loss in losses if loss["name"] == "huber")
    assert huber["torch"] == "torch.nn.HuberLoss"
    assert [role["name"] for role in huber["roles"]][:2] == ["prediction", "target"]
    assert huber["params"][0]["name"] == "delta"
    assert huber["params"][0]["default"] == 1.0


@pytest.mark.parametrize("name", list(registered()))
@pytest.mark.parametrize("format", ["table", "json", "markdown"])
def test_a_page_shows_everything(name: str, format: str) -> None:
    loss = find(name)
    text = shown(partial(report.show_loss, loss, place_of(name)), format)
    facts = [loss.name, loss.reference, *loss.params, *(role.name for role in loss.roles)]
    for fact in (*facts, *loss.aliases, *loss.reductions):
        assert re.sub(r"[\\_-]", "", fact) in re.sub(r"[\\_-]", "", text)
    if format == "json":
        assert json.loads(text)["use_when"] == loss.use_when


@pytest.mark.parametrize("name", list(registered()))
def test_a_formula_is_plain_text(name: str) -> None:
    doc = docstring.read(find(name).doc)
    text = "\n".join(plain(doc.formula))
    assert text
    assert not set(text) & set("\\&"), text
    assert ("divide" in doc.divisor) != find(name).is_set
    paragraphs = (docstring.plain(part) for part in (doc.summary, *doc.shapes, *doc.notes))
    assert not any("``" in part or ":math:" in part or "\\" in part for part in paragraphs)


@pytest.mark.parametrize(
    ("latex", "lines"),
    [
        (r"\ell = \frac{a + b}{c}", ["loss = (a + b) / c"]),
        (r"\ell = \sqrt{x}^{1/p}", ["loss = sqrt(x)^(1/p)"]),
        (r"a = b, \qquad b = \alpha\,c", ["a = b", "b = alpha c"]),
        (
            r"\ell = w \cdot \begin{cases} x & y \le 1 \\ x^2 & \text{otherwise} \end{cases}",
            ["loss = w * { x    if y <= 1", "           { x^2  otherwise"],
        ),
    ],
)
def test_formulas(latex: str, lines: list[str]) -> None:
    assert plain(latex) == lines


def test_an_error_says_where_and_what_to_do() -> None:
    error = DataError(
        "'abc' is not a number",
        path="p\x1b[1m.csv",
        column="[bold]",
        row=3,
        hint="remove it",
        code="LC162",
    )
    assert shown(report.show_error, error) == (
        "error: p\\x1b[1m.csv, column '[bold]', row 3: 'abc' is not a number (LC162)\n  remove it\n"
    )
    colored = shown(report.show_error, UsageError("no"), tty=True)
    assert colored == "\x1b[1;31merror:\x1b[0m no\n"


def test_findings_beside_a_bare_value() -> None:
    text = shown(report.show_findings, (WARNING, INFO))
    assert text == "warning: a few rows carry the loss (LC206)\n  look at the worst rows\n"


def test_a_stream_that_is_closed_or_has_no_encoding_is_no_terminal() -> None:
    closed = io.StringIO()
    closed.close()
    assert not Terminal.of(closed, {}).is_tty
    assert Terminal.of(Stream("latin-1"), {}).unicode is False
    assert Terminal.of(io.StringIO(), {"COLUMNS": "0"}).width is None
    assert Terminal.of(io.StringIO(), {"COLUMNS": "wide"}).width is None


@pytest.mark.parametrize("format", ["value", "json", "jsonl", "csv", "table", "markdown"])
def test_rich_is_loaded_for_a_terminal_only(format: str) -> None:
    code = f"""
import io, sys
from losscli import report
from losscli.results import LossRecord, Result
result = Result(
    loss=LossRecord("mse", "mse", {{}}), inputs=(), n=1, ignored=0, reduction="mean", value=1.0,
    reductions={{}}, divisor=1.0, divisor_meaning="rows", version="1",
)
report.show_result(result, {format!r}, report.Terminal(io.StringIO()))
sys.exit("rich" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_error_loads_no_numpy() -> None:
    code = """
import io, sys
from losscli import report
from losscli.errors import UsageError
report.show_error(UsageError("no"), report.Terminal(io.StringIO()))
sys.exit("numpy" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
