"""Baselines: what they say, what they refuse, and runs that are paired with them row by row."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from checking import check, checks_of
from commands import SAMPLES, Ran
from scipy import stats

import losscli
from losscli.analysis.digest import TargetDigest
from losscli.analysis.gate import Tolerance, parse_tolerance
from losscli.analysis.worse import Paired, judge_paired
from losscli.api import Run
from losscli.data.arrays import from_arrays
from losscli.data.reading import Reading
from losscli.engine.plan import Block
from losscli.errors import UsageError
from losscli.spec import parse

MSE = 3518.454323276438


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample data to write into."""
    copy = Path(shutil.copytree(SAMPLES, tmp_path / "data"))
    monkeypatch.chdir(copy)
    return copy


def mse(*words: str, predictions: str = "preds.csv") -> Ran:
    return check("mse", predictions, "targets.csv", "--baseline", "base.json", *words)


def update(*words: str, **options: str) -> Ran:
    ran = mse("--update-baseline", *words, **options)
    assert ran.code == 0, ran.err
    return ran


def baseline() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("base.json").read_text("utf-8"))
    return found


def shift(by: float | np.ndarray[Any, Any], name: str = "new.csv") -> str:
    """Predictions that differ from those of the samples."""
    table = pa_csv.read_csv("preds.csv")
    values = table.column(0).to_numpy() + by
    pa_csv.write_csv(pa.table({"prediction": values}), name)
    return name


# What a baseline says.


def test_a_baseline_is_written_on_request_and_says_what_it_is_of() -> None:
    ran = update()
    assert ran.last_line == f"passed: mse = {MSE} is written to base.json"
    written = baseline()
    assert written.pop("targets").startswith("blake2b:")
    provenance = written.pop("written")
    assert written == {
        "losscli_baseline": 1,
        "loss": "mse",
        "reduction": "mean",
        "divisor": "rows",
        "group": None,
        "by": [],
        "slices": [],
        "n": 111,
        "ignored": 0,
        "missing": 0,
        "tokens": None,
        "value": MSE,
        "stderr": pytest.approx(515.7723085332905),
        "rows": None,
    }
    assert provenance["command"] == (
        "losscli check mse preds.csv targets.csv --baseline base.json --update-baseline"
    )
    assert provenance["inputs"] == {"prediction": "preds.csv", "target": "targets.csv"}
    assert str(Path.cwd()) not in Path("base.json").read_text("utf-8")


def test_a_baseline_knows_the_commit(folder: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    update()
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert baseline()["written"]["commit"] == head.stdout.strip()


def test_comparing_never_writes() -> None:
    update()
    before = Path("base.json").read_bytes()
    for predictions in ("preds.csv", shift(3.0), shift(-1e-3, "other.csv")):
        mse(predictions=predictions)
        assert Path("base.json").read_bytes() == before


def test_an_update_says_what_it_replaces() -> None:
    update()
    ran = update(predictions=shift(3.0))
    assert ran.last_line.endswith(f"is written to base.json, which was {MSE!r}")
    assert baseline()["value"] == pytest.approx(3553.1023354455274)


def test_what_is_not_finite_becomes_no_baseline() -> None:
    update("--baseline-rows", "rows.parquet")
    before = Path("base.json").read_bytes(), Path("rows.parquet").read_bytes()
    new = shift(np.where(np.arange(111) == 7, np.inf, 0.0))
    ran = mse("--update-baseline", "--baseline-rows", "rows.parquet", predictions=new)
    assert ran.code == 1
    assert "base.json is left as it is" in ran.out
    assert (Path("base.json").read_bytes(), Path("rows.parquet").read_bytes()) == before


def test_a_gate_that_fails_does_not_keep_an_update_from_being_written() -> None:
    ran = mse("--update-baseline", "--max", "1")
    assert ran.code == 1
    assert baseline()["value"] == MSE


# What passes.


def test_better_passes_and_worse_fails() -> None:
    update(predictions=shift(3.0))
    assert mse().code == 0
    update()
    worse = shift(3.0)
    ran = mse(predictions=worse)
    assert ran.code == 1
    assert f"the baseline's {MSE!r} + rounding" in ran.last_line
    assert "+0.985 %" in ran.last_line
    assert mse("--tolerance", "0.9%", predictions=worse).code == 1
    assert mse("--tolerance", "1%", predictions=worse).code == 0
    assert mse("--tolerance", "34.6", predictions=worse).code == 1
    assert mse("--tolerance", "34.7", predictions=worse).code == 0
    assert mse("--tolerance", "17.4+0.5%", predictions=worse).code == 0


@pytest.mark.parametrize(
    ("text", "before", "limit"),
    [
        ("2%", 100.0, 102.0),
        ("2%", -100.0, -98.0),
        ("0.5", -1.0, -0.5),
        ("0.5+50%", -1.0, 0.0),
        (" 0.5 + 50 % ", 1.0, 2.0),
        ("0", 3.0, 3.0),
        ("2%", 0.0, 0.0),
    ],
)
def test_a_tolerance_is_absolute_plus_relative(text: str, before: float, limit: float) -> None:
    assert parse_tolerance(text).limit(before) == limit


@pytest.mark.parametrize("text", ["", "x", "2%%", "+", "2 % of it", "nan", "inf", "-1", "-2%"])
def test_what_is_no_tolerance_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="tolerance"):
        parse_tolerance(text)


def test_the_same_rows_in_another_format_are_the_same() -> None:
    update()
    ran = check("mse", "preds.parquet", "targets.parquet", "--baseline", "base.json")
    assert ran.code == 0, ran.err


# What is refused.


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("mae", "preds.csv", "targets.csv"), ["loss: mse in the baseline, mae now"]),
        (
            ("mse", "preds.csv", "targets.csv", "--reduction", "sum"),
            ["reduction: mean in the baseline, sum now"],
        ),
        (("mse", "preds.csv", "preds.csv"), ["targets: blake2b:", "in the baseline, blake2b:"]),
        (("mse", "few.csv", "few.csv"), ["n: 111 in the baseline, 1 now", "targets: "]),
    ],
)
def test_another_check_is_refused_with_every_difference(
    words: tuple[str, ...], says: list[str]
) -> None:
    Path("few.csv").write_text("prediction,target\n1,2\n", encoding="utf-8")
    update()
    ran = check(*words, "--baseline", "base.json", "--max", "1e12")
    assert ran.code == 2
    assert "base.json: is of something else, so the two numbers cannot be compared" in ran.err
    for part in says:
        assert part in ran.err
    assert "--update-baseline writes a new one" in ran.err


def test_parameters_are_part_of_what_it_is_of() -> None:
    words = ("huber", "preds.csv", "targets.csv", "--baseline", "base.json")
    assert check(*words, "--delta", "2", "--update-baseline").code == 0
    ran = check(*words)
    assert ran.code == 2
    assert "loss: huber(delta=2.0) in the baseline, huber now" in ran.err
    assert check("huber(delta=2)", *words[1:]).code == 0


def test_a_users_loss_is_another_when_its_code_is() -> None:
    code = 'def own(prediction, target):\n    """Mine."""\n    return abs(prediction - target){}\n'
    words = ("mine.py:own", "preds.csv", "targets.csv", "--baseline", "base.json")
    Path("mine.py").write_text(code.format(""), encoding="utf-8")
    assert check(*words, "--update-baseline").code == 0
    assert check(*words).code == 0
    Path("mine.py").write_text(code.format(" / 2"), encoding="utf-8")
    ran = check(*words)
    assert ran.code == 2
    assert "loss: mine.py:own" in ran.err


def test_there_is_a_command_that_makes_the_first_one() -> None:
    ran = mse("--tolerance", "2%")
    assert ran.code == 2
    assert "base.json: there is no such baseline" in ran.err
    command = "losscli check mse preds.csv targets.csv --baseline base.json --tolerance 2%"
    assert f"write it: {command} --update-baseline" in ran.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no baseline: it is not JSON"),
        ("{", "it is not JSON"),
        ("[]", "it has no 'losscli_baseline'"),
        ('{"value": 1}', "it has no 'losscli_baseline'"),
        ('{"losscli_baseline": 2}', "is a baseline of version 2, this losscli reads version 1"),
        ('{"losscli_baseline": 1}', "it has no 'loss'"),
    ],
)
def test_a_damaged_file_is_no_baseline(text: str, says: str) -> None:
    Path("base.json").write_text(text, encoding="utf-8")
    ran = mse()
    assert ran.code == 2
    assert says in ran.err


@pytest.mark.parametrize(
    "change",
    [
        {"value": "12"},
        {"value": None},
        {"value": True},
        {"value": math.nan},
        {"value": math.inf},
        {"n": 1.5},
        {"n": "111"},
        {"loss": None},
        {"rows": "x"},
        {"rows": {"path": 3}},
        {"written": None},
        {"stderr": "x"},
    ],
)
def test_a_field_of_another_type_is_no_baseline(change: Mapping[str, Any]) -> None:
    update()
    Path("base.json").write_text(json.dumps({**baseline(), **change}), encoding="utf-8")
    ran = mse()
    assert ran.code == 2
    assert "base.json: is no baseline" in ran.err


def test_bytes_that_are_no_text() -> None:
    Path("base.json").write_bytes(b"\xff\xfe\x00")
    assert "is no baseline: it is not UTF-8" in mse().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--update-baseline", "--max", "1"), "there is no baseline to update"),
        (("--tolerance", "2%", "--max", "1"), "--tolerance is about another number"),
        (("--baseline-rows", "x.csv", "--max", "1"), "--baseline-rows is about a baseline"),
        (("--baseline", "b.json", "--significance", "1"), "it must be between 0 and 0.5"),
        (("--baseline", "b.json", "--json-report", "b.json"), "would overwrite b.json"),
        (("--baseline", "preds.csv", "--update-baseline"), "would overwrite preds.csv"),
        (
            ("--baseline", "b.json", "--update-baseline", "--baseline-rows", "b.txt"),
            "end the name in",
        ),
    ],
)
def test_impossible_combinations(words: tuple[str, ...], says: str) -> None:
    before = Path("preds.csv").read_bytes()
    ran = check("mse", "preds.csv", "targets.csv", *words)
    assert ran.code == 2
    assert says in ran.err
    assert Path("preds.csv").read_bytes() == before
    assert not Path("b.json").exists()


def test_a_folder_that_is_not_there() -> None:
    ran = check("mse", "preds.csv", "targets.csv", "--baseline", "no/b.json", "--update-baseline")
    assert ran.code == 2
    assert "cannot write no/b.json" in ran.err


# Row by row.


@pytest.mark.parametrize("rows", ["rows.parquet", "rows.csv"])
def test_a_later_run_is_paired(rows: str) -> None:
    update("--baseline-rows", rows)
    assert baseline()["rows"]["path"] == rows
    noise = np.random.default_rng(0).normal(size=111)
    new = shift(noise)
    ran = mse("--tolerance", "50%", "--format", "json", predictions=new)
    (found,) = checks_of(ran)
    target = pa_csv.read_csv("targets.csv").column(0).to_numpy()
    before = (pa_csv.read_csv("preds.csv").column(0).to_numpy() - target) ** 2
    now = (pa_csv.read_csv(new).column(0).to_numpy() - target) ** 2
    change = now - before
    stderr = change.std(ddof=1) / math.sqrt(111)
    (note,) = found["notes"]
    assert note == (
        f"against the baseline, paired on 111 rows it is {change.mean():+.6g}, "
        f"standard error {stderr:.6g}"
    )
    p = stats.ttest_rel(now, before, alternative="greater").pvalue
    assert (
        f"p = {p:.3g} (one-sided t test" in mse("--significance", "0.4", predictions=new).last_line
    )


def test_only_what_is_significantly_worse_fails() -> None:
    update("--baseline-rows", "rows.parquet")
    target = pa_csv.read_csv("targets.csv").column(0).to_numpy()
    error = pa_csv.read_csv("preds.csv").column(0).to_numpy() - target
    slightly = shift(3.0)
    assert mse("--significance", "0.05", predictions=slightly).code == 0
    clearly = shift(0.05 * error, "clearly.csv")
    ran = mse("--significance", "0.05", predictions=clearly)
    assert ran.code == 1
    assert "is significantly worse than the baseline's" in ran.last_line
    assert mse("--significance", "0.05", "--tolerance", "20%", predictions=clearly).code == 0
    assert mse("--significance", "0.05", predictions=shift(-0.05 * error, "better.csv")).code == 0


def test_rows_lie_beside_the_baseline_wherever_it_is(folder: Path) -> None:
    Path("deep/er").mkdir(parents=True)
    words = ("mse", "preds.csv", "targets.csv", "--baseline", "deep/base.json")
    rows = ("--baseline-rows", "deep/er/rows.parquet")
    assert check(*words, *rows, "--update-baseline").code == 0
    assert (
        json.loads(Path("deep/base.json").read_text("utf-8"))["rows"]["path"] == "er/rows.parquet"
    )
    assert "paired on 111 rows" in check(*words).out
    shutil.move("deep", "moved")
    moved = ("mse", "preds.csv", "targets.csv", "--baseline", "moved/base.json")
    assert "paired on 111 rows" in check(*moved).out


def test_rows_that_are_gone_or_are_others() -> None:
    update("--baseline-rows", "rows.csv")
    text = Path("rows.csv").read_text("utf-8")
    Path("rows.csv").write_text(text.replace("\n1,", "\n1,9"), encoding="utf-8")
    ran = mse()
    assert ran.code == 2
    assert "does not hold the losses that the baseline was made of" in ran.err
    Path("rows.csv").write_text("".join(text.splitlines(keepends=True)[:50]), encoding="utf-8")
    assert "has fewer rows than the baseline" in mse().err
    Path("rows.csv").write_text(text + "112,3.0\n", encoding="utf-8")
    assert "has more rows than the baseline" in mse().err
    Path("rows.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert "has no column 'loss'" in mse().err
    Path("rows.csv").unlink()
    assert mse().code == 0
    ran = mse("--significance", "0.05")
    assert ran.code == 2
    assert "the losses of its rows are gone: rows.csv" in ran.err


def test_significance_needs_rows() -> None:
    update()
    ran = mse("--significance", "0.05")
    assert ran.code == 2
    assert "has no losses of rows to pair a run with" in ran.err
    ran = mse("--update-baseline", "--baseline-rows", "r.csv", "--reduction", "sum")
    assert ran.code == 2
    assert "do not add up to a sum" in ran.err
    assert not Path("r.csv").exists()


def test_weighted_rows_are_paired_as_the_ratio_of_sums(folder: Path) -> None:
    rng = np.random.default_rng(3)
    n = 500
    labels, weight = rng.integers(0, 3, n), np.array([1.0, 2.0, 5.0])
    for name, noise in (("a", 0.0), ("b", 0.3)):
        logits = rng.normal(size=(n, 3)) * (1.0 + noise)
        pq.write_table(pa.table({f"p_{i}": logits[:, i] for i in range(3)}), f"{name}.parquet")
    pq.write_table(pa.table({"target": labels}), "y.parquet")
    words = ("y.parquet", "--weight", "1,2,5", "--baseline", "ce.json")
    first = check(
        "cross-entropy", "a.parquet", *words, "--update-baseline", "--baseline-rows", "r.csv"
    )
    assert first.code == 0, first.err
    (found,) = checks_of(check("cross-entropy", "b.parquet", *words, "--format", "json"))

    def losses(name: str) -> Any:
        table = pq.read_table(f"{name}.parquet")
        logits = np.stack([table.column(i).to_numpy() for i in range(3)], axis=1)
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return -logs[np.arange(n), labels] * weight[labels]

    shares = weight[labels]
    change = losses("b") - losses("a")
    ratio = change.sum() / shares.sum()
    stderr = math.sqrt(((change - ratio * shares) ** 2).sum() / (n - 1) / n) / shares.mean()
    (note,) = found["notes"]
    assert f"it is {ratio:+.6g}, standard error {stderr:.6g}" in note


# The test itself.


def test_one_row_says_nothing_about_chance() -> None:
    judged = judge_paired("g", "mse", Paired(2.0, 1.0, math.nan, 1), "the baseline's")
    assert not judged.passed
    assert "too few" in judged.reason
    assert judge_paired("g", "mse", Paired(1.0, 2.0, math.nan, 1), "the baseline's").passed


def test_a_difference_without_spread_is_no_chance() -> None:
    assert not judge_paired("g", "mse", Paired(2.0, 1.0, 0.0, 9), "the baseline's").passed
    assert judge_paired("g", "mse", Paired(1.0, 1.0, 0.0, 9), "the baseline's").passed


def test_the_gate_fails_a_model_that_is_no_worse_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    failed = 0
    for _ in range(2000):
        change = rng.normal(size=40)
        paired = Paired(change.mean(), 0.0, change.std(ddof=1) / math.sqrt(40), 40)
        judged = judge_paired("g", "m", paired, "it", alpha=0.1, tolerance=Tolerance())
        failed += not judged.passed
    assert 0.08 < failed / 2000 < 0.12


# The digest.


def digest(target: object, loss: str = "mse", threads: int = 1, **named: object) -> str | None:
    bound = parse(loss)
    values = np.asarray(target, np.float64)
    found = TargetDigest()
    inputs = from_arrays(bound.loss.inputs, (np.zeros(values.shape), values), named, None)
    Run(bound, inputs, "mean", threads, take_roles=found.wanted).evaluate()
    return found.text()


def test_a_digest_is_of_values_and_their_order() -> None:
    many = np.random.default_rng(0).normal(size=300_000)
    assert digest(many) == digest(many, threads=4) == digest(many.astype(">f8"))
    # The loss does not matter, nor does the cut into blocks.
    assert digest(many) == digest(many, "huber(delta=3)")
    assert digest(many) != digest(many[::-1])
    changed = many.copy()
    changed[200_000] = math.nextafter(changed[200_000], math.inf)
    assert digest(many) != digest(changed)
    assert digest([0.0, 1.0]) == digest([-0.0, 1.0])
    assert digest([1.0, 2.0]) != digest([1.0, 2.0], sample_weight=[1.0, 2.0])
    assert digest([[1.0, 2.0], [3.0, 4.0]]) != digest([1.0, 2.0, 3.0, 4.0])


def test_a_digest_does_not_know_the_model() -> None:
    def of(prediction: object) -> str | None:
        bound = parse("mse")
        found = TargetDigest()
        inputs = from_arrays(bound.loss.inputs, (prediction, [1.0, 2.0]), {}, None)
        Run(bound, inputs, "mean", take_roles=found.wanted).evaluate()
        return found.text()

    assert of([0.0, 0.0]) == of([5.0, 7.0])


def test_losses_without_targets_have_no_digest() -> None:
    words = ("triplet-margin", "anchor.parquet", "positive.parquet", "negative.parquet")
    assert check(*words, "--baseline", "base.json", "--update-baseline").code == 0
    assert baseline()["targets"] is None
    assert check(*words, "--baseline", "base.json").code == 0


def test_python_checks_against_a_baseline_of_the_command_line() -> None:
    update()
    target, before = (
        pa_csv.read_csv(name).column(0).to_numpy() for name in ("targets.csv", "preds.csv")
    )
    worse = before + 3
    assert losscli.check("mse", before, target, baseline="base.json").passed
    path = Path("base.json")
    assert not losscli.check("mse", worse, target, baseline=path, tolerance="0.5%").passed
    assert losscli.check("mse", worse, target, baseline=path, tolerance=35.0).passed
    with pytest.raises(losscli.DataError, match="is of something else"):
        losscli.check("mse", before, target + 1, baseline=path)


def test_a_digest_without_order_is_of_rows() -> None:
    def of(target: Any, cuts: int) -> str | None:
        found = TargetDigest(ordered=False)
        for first, rows in enumerate(np.array_split(target, cuts)):
            found.add(Block(first, len(rows), {"target": rows}, {}, gaps=None))
        return found.text()

    pairs = np.random.default_rng(0).normal(size=(1000, 2))
    assert of(pairs, 1) == of(pairs, 7) == of(pairs[::-1], 3)
    assert of(pairs, 1) != of(pairs[:, ::-1], 1)
    moved = pairs.copy()
    moved[[0, 1], 0] = moved[[1, 0], 0]
    assert of(pairs, 1) != of(moved, 1)
    assert of(np.zeros(3), 1) == of(-np.zeros(3), 1) != of(np.zeros(4), 1)


def test_joined_rows_may_come_in_any_order() -> None:
    rng = np.random.default_rng(0)
    target = pa_csv.read_csv("targets.csv").column(0).to_numpy()
    before = pa_csv.read_csv("preds.csv").column(0).to_numpy()
    keys = np.array([f"r{i}" for i in range(111)])
    pa_csv.write_csv(pa.table({"id": keys, "target": target}), "t.csv")
    for name in ("a.csv", "b.csv"):
        order = rng.permutation(111)
        pa_csv.write_csv(pa.table({"id": keys[order], "prediction": before[order]}), name)
    words = ("t.csv", "--on", "id", "--baseline", "base.json")
    assert check("mse", "a.csv", *words, "--update-baseline").code == 0
    assert baseline()["targets"].startswith("unordered:")
    ran = check("mse", "b.csv", *words)
    assert ran.code == 0, ran.err
    target = np.where(np.arange(111) == 5, target + 1, target)
    pa_csv.write_csv(pa.table({"id": keys, "target": target}), "t.csv")
    ran = check("mse", "b.csv", *words)
    assert ran.code == 2
    assert "targets: unordered:" in ran.err
    # Rows that pair by position are another thing, even if they are the same.
    assert check("mse", "preds.csv", "targets.csv", "--baseline", "base.json").code == 2


# Row by row, by key.


def keyed(name: str, keys: Mapping[str, Any], shuffled: bool = True, by: float = 0.0) -> str:
    """Predictions of the samples under these keys, into a file of this name."""
    before = pa_csv.read_csv("preds.csv").column(0).to_numpy()
    rng = np.random.default_rng(7)
    columns = {**keys, "prediction": before + by * rng.normal(size=111)}
    table = pa.table(columns)
    if shuffled:
        table = table.take(pa.array(rng.permutation(111)))
    (pq.write_table if name.endswith(".parquet") else pa_csv.write_csv)(table, name)
    return name


def truth(keys: Mapping[str, Any]) -> None:
    """The targets of the samples under these keys, into t.parquet."""
    target = pa_csv.read_csv("targets.csv").column(0)
    pq.write_table(pa.table({**keys, "target": target}), "t.parquet")


def joined(predictions: str, *words: str, on: str = "id") -> Ran:
    files = ("mse", predictions, "t.parquet", "--on", on)
    return check(*files, "--baseline", "base.json", *words)


def paired(ran: Ran) -> tuple[int, str]:
    """The verdict, and what is said of the difference: the sum may round its last bit otherwise."""
    (line,) = (line for line in ran.out.splitlines() if "paired on" in line)
    return ran.code, line


ROWS = ("--update-baseline", "--baseline-rows")
NAMES = {"id": [f"r, {i}" for i in range(111)]}
DAYS = {
    "id": [i // 10 for i in range(111)],
    "day": pa.array([18000 + i % 10 for i in range(111)], pa.date32()),
}


@pytest.mark.parametrize("rows", ["rows.parquet", "rows.csv"])
@pytest.mark.parametrize("kind", [".parquet", ".csv"])
@pytest.mark.parametrize(
    ("keys", "on"),
    [
        (NAMES, "id"),
        ({"id": [f"{i:03}" for i in range(111)]}, "id"),
        ({"id": np.arange(2**60, 2**60 + 111)}, "id"),
        (DAYS, "id,day"),
    ],
    ids=["text", "digits", "integers", "two columns"],
)
def test_joined_rows_are_paired_by_key(
    rows: str, kind: str, keys: Mapping[str, Any], on: str
) -> None:
    truth(keys)
    ran = joined(keyed(f"a{kind}", keys), *ROWS, rows, on=on)
    assert ran.code == 0, ran.err
    assert baseline()["rows"]["digest"].startswith("unordered:")
    straight = joined(keyed(f"b{kind}", keys, False, by=5.0), "--tolerance", "50%", on=on)
    mixed = joined(keyed(f"c{kind}", keys, True, by=5.0), "--tolerance", "50%", on=on)
    assert straight.code == 0, straight.err
    target = pa_csv.read_csv("targets.csv").column(0).to_numpy()
    now, before = (
        (pa_csv.read_csv("preds.csv").column(0).to_numpy() + noise - target) ** 2
        for noise in (5.0 * np.random.default_rng(7).normal(size=111), 0.0)
    )
    change = now - before
    assert (
        f"paired on 111 rows it is {change.mean():+.6g}, "
        f"standard error {change.std(ddof=1) / math.sqrt(111):.6g}"
    ) in straight.out
    assert paired(mixed) == paired(straight)
    p = stats.ttest_rel(now, before, alternative="greater").pvalue
    for name in (f"b{kind}", f"c{kind}"):
        verdict = joined(name, "--significance", "0.4", on=on).last_line
        assert f"p = {p:.3g} (one-sided t test" in verdict


def test_keys_of_the_rows_can_be_read() -> None:
    truth(NAMES)
    assert joined(keyed("a.csv", NAMES), *ROWS, "rows.parquet").code == 0
    table = pq.read_table("rows.parquet")
    assert table.column_names == ["row", "key", "loss"]
    assert table.column("key").to_pylist() == pa_csv.read_csv("a.csv").column("id").to_pylist()


def test_a_key_that_the_baseline_or_the_run_lacks() -> None:
    truth(NAMES)
    assert joined(keyed("a.csv", NAMES), *ROWS, "rows.csv").code == 0
    other = {"id": ["new", *NAMES["id"][1:]]}
    truth(other)
    ran = joined(keyed("b.csv", other))
    assert ran.code == 2
    assert "1 of 111 keys of b.csv are not in rows.csv: 'new' in row" in ran.err
    assert "1 of 111 keys of rows.csv are not in b.csv: 'r, 0' in row" in ran.err
    assert "join the same rows by the same columns" in ran.err
    assert "--on-missing" not in ran.err
    days = {"id": DAYS["id"], "day": [f"d{i}" for i in range(111)]}
    truth(days)
    assert joined(keyed("a.csv", days), *ROWS, "rows.csv", on="id,day").code == 0
    truth(days | {"day": ["d-1", *days["day"][1:]]})
    ran = joined(keyed("b.csv", days | {"day": ["d-1", *days["day"][1:]]}), on="id,day")
    assert ran.code == 2
    assert "1 of 111 keys of rows.csv are not in b.csv: '0, d0' in row" in ran.err


def test_other_key_columns_than_those_of_the_baseline() -> None:
    both = {"id": NAMES["id"], "day": DAYS["day"]}
    truth(both)
    files = keyed("a.csv", both)
    for before, now in (("id", "id,day"), ("id,day", "id")):
        assert joined(files, *ROWS, "rows.csv", on=before).code == 0
        ran = joined(files, on=now)
        assert ran.code == 2
        assert "111 of 111 keys of a.csv are not in rows.csv" in ran.err
        assert "by the same columns" in ran.err


def test_rows_without_a_partner_are_left_out_of_the_pairs() -> None:
    truth(NAMES)
    table = pq.read_table("t.parquet").slice(0, 100)
    pq.write_table(table, "t.parquet")
    drop = ("--on-missing", "drop")
    ran = joined(keyed("a.csv", NAMES), *drop, *ROWS, "rows.parquet")
    assert ran.code == 0, ran.err
    assert pq.read_table("rows.parquet").num_rows == 100
    straight = joined(keyed("b.csv", NAMES, False, by=5.0), *drop, "--tolerance", "50%")
    mixed = joined(keyed("c.csv", NAMES, True, by=5.0), *drop, "--tolerance", "50%")
    assert "paired on 100 rows" in straight.out
    assert paired(mixed) == paired(straight)
    pq.write_table(table.slice(1), "t.parquet")
    ran = joined("b.csv", *drop)
    assert ran.code == 2
    assert "1 of 100 keys of rows.parquet are not in b.csv: 'r, 0' in row" in ran.err


def test_rows_by_key_and_by_position_are_not_paired_with_each_other() -> None:
    truth(NAMES)
    keyed("a.csv", NAMES, shuffled=False)
    position = ("mse", "a.csv", "t.parquet", "--baseline", "base.json", "--by-position")
    assert joined("a.csv", *ROWS, "rows.csv").code == 0
    ran = check(*position)
    assert ran.code == 2
    assert "keeps rows by key, and this run pairs them by position" in ran.err
    assert "--on KEY" in ran.err
    assert check(*position, *ROWS, "rows.csv").code == 0
    ran = joined("a.csv")
    assert ran.code == 2
    assert "keeps rows by position, and this run joins them by key" in ran.err


def test_losses_of_joined_rows_that_were_changed_are_refused() -> None:
    truth(NAMES)
    assert joined(keyed("a.csv", NAMES), *ROWS, "rows.csv").code == 0
    text = Path("rows.csv").read_text("utf-8")
    lines = text.splitlines(keepends=True)
    Path("rows.csv").write_text("".join([lines[0], *reversed(lines[1:])]), encoding="utf-8")
    assert joined("a.csv").code == 0
    wrong = lines[1].replace('",', '",9')
    Path("rows.csv").write_text("".join([lines[0], wrong, *lines[2:]]), encoding="utf-8")
    ran = joined("a.csv")
    assert ran.code == 2
    assert "does not hold the losses that the baseline was made of" in ran.err
    Path("rows.csv").write_text(text + lines[-1], encoding="utf-8")
    ran = joined("a.csv")
    assert ran.code == 2
    assert "already" in ran.err


def test_losses_of_groups_of_joined_rows_are_not_kept() -> None:
    truth(DAYS)
    words = (*ROWS, "rows.csv", "--group", "id")
    ran = check(
        "listnet", keyed("a.parquet", DAYS, False), "t.parquet", "--on", "id,day",
        "--baseline", "base.json", *words,
    )  # fmt: skip
    assert ran.code == 2
    assert "joined rows have none" in ran.err
    assert not Path("rows.csv").exists()


def test_python_pairs_by_key_as_well() -> None:
    truth(NAMES)
    assert joined(keyed("a.csv", NAMES), *ROWS, "rows.parquet").code == 0
    verdict = losscli.check(
        "mse",
        keyed("b.csv", NAMES, by=5.0),
        "t.parquet",
        baseline="base.json",
        tolerance="50%",
        reading=Reading(on=("id",)),
    )
    assert "paired on 111 rows" in verdict.notes[0]
