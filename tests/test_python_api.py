"""The Python call: any kind of array, PyTorch's order and names, the result that the CLI prints."""

from __future__ import annotations

import importlib
import json
import math
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.cli import main
from losscli.spec import registered

SAMPLES = Path(__file__).parent.parent / "sample_data"
PREDICTION = [2.5, 0.0, 2.0]
TARGET = [3.0, -0.5, 2.0]


class Tensor:
    """Like a tensor on the CPU: all that NumPy knows about it is ``__array__``."""

    def __init__(self, values: object) -> None:
        self.values = np.asarray(values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.values if dtype is None else self.values.astype(dtype)


KINDS: dict[str, Callable[[list[float]], object]] = {
    "list": list,
    "tuple": tuple,
    "float64": np.array,
    "float32": lambda values: np.array(values, np.float32),
    "float16": lambda values: np.array(values, np.float16),
    "view": lambda values: np.repeat(values, 2)[::2],
    "read only": lambda values: np.frombuffer(np.array(values).tobytes()),
    "Series": lambda values: pd.Series(values, index=[9, 9, 7]),
    "nullable Series": lambda values: pd.Series(values, dtype="Float64"),
    "Arrow Series": lambda values: pd.Series(values, dtype="double[pyarrow]"),
    "Index": pd.Index,
    "DataFrame": lambda values: pd.DataFrame({"x": values}),
    "Arrow array": pa.array,
    "Arrow chunks": lambda values: pa.chunked_array([values[:1], values[1:]]),
    "Arrow table": lambda values: pa.table({"x": values}),
    "__array__": Tensor,
    "column": lambda values: np.array(values).reshape(-1, 1),
}


@pytest.mark.parametrize("other", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("kind", [np.array, pd.Series, pa.array], ids=["NumPy", "pandas", "Arrow"])
def test_any_kind_of_array_pairs_with_any_other(
    kind: Callable[[list[float]], object], other: Callable[[list[float]], object]
) -> None:
    expected = 0.5 / 3
    assert losscli.compute("mse", kind(PREDICTION), other(TARGET)).value == expected
    assert losscli.compute("mse", other(PREDICTION), target=kind(TARGET)).value == expected


@pytest.mark.parametrize(
    "frame", [pd.DataFrame, pa.table, lambda data: pa.RecordBatch.from_pydict(data)],
    ids=["pandas", "Arrow table", "Arrow batch"],
)  # fmt: skip
def test_one_frame_holds_all_roles_as_columns(frame: Callable[[dict[str, Any]], object]) -> None:
    data = frame({"id": ["a", "b", "c"], "target": TARGET, "prediction": PREDICTION})
    result = losscli.compute("huber", data)
    assert result.value == pytest.approx(0.25 / 3, rel=1e-15)
    assert [seen.columns for seen in result.inputs] == [("prediction",), ("target",)]


def test_a_frame_of_logits() -> None:
    logits = np.arange(12.0).reshape(4, 3) ** 1.5
    labels = [0, 1, 2, 2]
    expected = losscli.compute("cross-entropy", logits, labels)
    for frame in (pd.DataFrame(logits), pa.table(dict(zip("abc", logits.T, strict=True)))):
        assert losscli.compute("cross-entropy", frame, pd.Series(labels)).value == expected.value
    nested = pa.array(logits.tolist())
    assert losscli.compute("cross-entropy", nested, pa.array(labels)).value == expected.value
    objects = pd.Series(logits.tolist())
    assert losscli.compute("cross-entropy", objects, labels).value == expected.value


@pytest.mark.parametrize("kind", [str, Path], ids=["str", "Path"])
def test_paths_are_read(kind: Callable[[Path], object]) -> None:
    preds, targets = kind(SAMPLES / "preds.csv"), kind(SAMPLES / "targets.parquet")
    assert losscli.compute("mse", preds, targets).value == 3518.454323276438
    assert losscli.compute("mse", kind(SAMPLES / "predictions.csv")).value == 3518.454323276438
    array = pq.read_table(SAMPLES / "targets.parquet")["target"].to_numpy()
    assert losscli.compute("mse", preds, array).value == 3518.454323276438


def test_roles_come_in_pytorchs_order_or_by_name() -> None:
    rng = np.random.default_rng(5)
    anchor, positive, negative = rng.normal(size=(3, 6, 4))
    by_order = losscli.compute("triplet-margin", anchor, positive, negative, margin=0.5, swap=True)
    by_name = losscli.compute(
        "TripletMarginLoss",
        negative=negative, anchor=anchor, positive=positive, swap=True, margin=0.5,
    )  # fmt: skip
    mixed = losscli.compute(
        "triplet-margin(swap=True)", anchor, negative=negative, positive=positive, margin=0.5
    )
    assert by_order.to_dict() == by_name.to_dict() == mixed.to_dict()
    assert by_order.loss.spec == "triplet-margin(margin=0.5, swap=True)"


def test_element_weights_go_by_name() -> None:
    weight = np.array([1.0, 0.0, 3.0])
    losses = (np.array(PREDICTION) - TARGET) ** 2
    mse = losscli.compute("mse", PREDICTION, TARGET, weight=weight)
    assert mse.value == (weight * losses).sum() / weight.sum()
    huber = losscli.compute("huber", PREDICTION, TARGET, weight=pd.Series(weight))
    assert huber.value == (weight * losses / 2).sum() / 3
    bce = losscli.compute("bce", [0.5, 0.5], [1, 0], weight=[2.0, 4.0])
    assert bce.value == pytest.approx(3 * math.log(2), rel=1e-15)
    columns = losscli.compute("bce-with-logits", np.zeros((5, 2)), np.ones((5, 2)), weight=[1, 3])
    assert columns.value == pytest.approx(2 * math.log(2), rel=1e-15)


def test_class_weights_are_a_parameter_of_the_same_name() -> None:
    logits, labels, weight = np.zeros((4, 3)), [0, 1, 2, 2], np.array([1.0, 2.0, 4.0])
    result = losscli.compute("cross-entropy", logits, labels, weight=weight)
    assert result.divisor == 11.0
    assert result.value == pytest.approx(math.log(3), rel=1e-15)
    assert result.loss.params["weight"] == (1.0, 2.0, 4.0)


def test_sample_weight_and_none() -> None:
    weighted = losscli.compute("mae", PREDICTION, TARGET, sample_weight=[1, 0, 1])
    assert (weighted.value, weighted.divisor, weighted.ignored) == (0.25, 2.0, 1)
    plain = losscli.compute("mae", PREDICTION, TARGET, weight=None, sample_weight=None)
    assert plain.value == 1 / 3


def test_every_reduction() -> None:
    rng = np.random.default_rng(6)
    target = rng.dirichlet(np.ones(4), size=7)
    log_probs = np.log(rng.dirichlet(np.ones(4), size=7))
    element = target * (np.log(target) - log_probs)
    for reduction, value in (("mean", element.mean()), ("sum", element.sum()),
                             ("batchmean", element.sum() / 7)):  # fmt: skip
        result = losscli.compute("kl-div", log_probs, target, reduction=reduction)
        assert result.value == pytest.approx(value, rel=1e-13)
        assert result.value == result.reductions[reduction]
        assert result.reduction == reduction
    rows = losscli.compute("kl-div", log_probs, target, reduction="none")
    assert rows.elements is not None
    np.testing.assert_allclose(rows.elements, element, rtol=1e-13, atol=1e-16)
    assert rows.per_sample is not None
    assert rows.per_sample.shape == (7,)
    with pytest.raises(losscli.UsageError, match="no reduction 'batchmean'"):
        losscli.compute("mse", PREDICTION, TARGET, reduction="batchmean")


def test_trailing_axes_are_kept() -> None:
    rng = np.random.default_rng(8)
    logits, labels = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 3, (2, 4, 5))
    result = losscli.compute("cross-entropy", logits, labels)
    assert result.elements is not None
    assert result.elements.shape == (2, 4, 5)
    assert (result.n, result.divisor) == (2, 40.0)


def test_the_kernel_itself_is_importable() -> None:
    losses = losscli.losses.huber(np.array(PREDICTION), np.array(TARGET), delta=2.0)
    np.testing.assert_array_equal(losses, [0.125, 0.125, 0.0])
    kernel: Callable[..., object] = losscli.losses.huber
    np.testing.assert_array_equal(kernel(PREDICTION, TARGET, delta=2), losses)
    result = losscli.compute("huber", PREDICTION, TARGET, delta=2.0)
    np.testing.assert_array_equal(result.per_sample, losses)
    for name in registered():
        assert callable(getattr(losscli.losses, name.replace("-", "_")))


def test_parse_gives_a_loss_to_compute() -> None:
    bound = losscli.parse("huber(delta=2)")
    assert str(bound) == "huber(delta=2.0)"
    assert losscli.compute(bound, PREDICTION, TARGET).loss.spec == "huber(delta=2.0)"


# The result.


def printed(*words: str) -> str:
    out = StringIO()
    with redirect_stdout(out), pytest.raises(SystemExit):
        main(["compute", *words, "--format", "json"])
    return out.getvalue().rstrip("\n")


@pytest.mark.parametrize(
    ("loss", "files", "options", "params"),
    [
        ("mse", "preds.csv targets.csv", "", {}),
        ("mse", "predictions.csv", "--reduction none", {"reduction": "none"}),
        ("cross-entropy", "logits.parquet labels.csv", "--label-smoothing 0.1",
         {"label_smoothing": 0.1}),
        ("triplet-margin", "anchor.parquet positive.parquet negative.parquet", "--swap --p inf",
         {"swap": True, "p": math.inf}),
        ("kl-div", "log_probs.parquet teacher.parquet", "--reduction batchmean",
         {"reduction": "batchmean"}),
        ("cosine-embedding", "pairs.parquet", "", {}),
        ("margin-ranking", "ranking.csv", "--margin 1", {"margin": 1}),
        ("hinge-embedding", "distances.csv", "--reduction sum", {"reduction": "sum"}),
    ],
)  # fmt: skip
def test_json_is_that_of_the_command_line(
    loss: str, files: str, options: str, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(SAMPLES)
    result = losscli.compute(loss, *files.split(), **params)
    assert result.to_json() == printed(loss, *files.split(), *options.split())


def refuse(token: str) -> None:
    raise AssertionError(f"{token} is not JSON")


def test_json_is_strict() -> None:
    result = losscli.compute("mse", [1.0, np.nan, np.inf], [1.0, 2.0, 3.0], reduction="none")
    record = json.loads(result.to_json(), parse_constant=refuse)
    assert (record["value"], record["status"]) == (None, "nan")
    assert record["per_sample"] == [0.0, None, None]
    assert record["reductions"] == {"mean": None, "sum": None}
    assert result.failed


def test_a_result_in_pandas() -> None:
    frame = losscli.compute("mae", PREDICTION, TARGET).to_pandas()
    expected = pd.DataFrame({"row": [1, 2, 3], "loss": [0.5, 0.5, 0.0]})
    pd.testing.assert_frame_equal(frame, expected)


def test_the_documented_fields() -> None:
    result = losscli.compute("huber", PREDICTION, TARGET, delta=2.0)
    assert isinstance(result, losscli.Result)
    assert result.value == result.reductions["mean"] == 0.08333333333333333
    assert (result.n, result.divisor, result.status) == (3, 3.0, "ok")
    assert result.inputs[0].path is None
    assert result.signature == (
        "huber(delta=2.0)|reduction:mean|divisor:rows|n:3|acc:float64"
        f"|losscli:{losscli.__version__}"
    )


def test_threads_do_not_change_a_bit() -> None:
    rng = np.random.default_rng(9)
    p, t = rng.normal(size=(2, 200_000))
    found = {losscli.compute("mse", p, t, threads=n).to_json() for n in (1, 2, 7)}
    assert len(found) == 1


def test_inputs_are_left_as_they_were() -> None:
    p, t = np.array(PREDICTION), np.array(TARGET)
    for loss in ("mse", "mae", "huber", "smooth-l1"):
        losscli.compute(loss, p, t)
    assert (p.tolist(), t.tolist()) == (PREDICTION, TARGET)


# What is refused.


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (
            lambda: losscli.compute("hubr", [1], [2]),
            losscli.UnknownLossError,
            "unknown loss 'hubr'",
        ),
        (lambda: losscli.compute("mse", [1]), losscli.UsageError, "PREDICTION TARGET"),
        (lambda: losscli.compute("mse", [1], [2], [3], [4]), losscli.UsageError, "given: 4"),
        (lambda: losscli.compute("mse", [1], None), losscli.UsageError, "target"),
        (lambda: losscli.compute("mse", [1], [2], delta=2), losscli.ParameterError, "'delta'"),
        (
            lambda: losscli.compute("huber", [1], [2], delta=-1),
            losscli.ParameterError,
            r"\(0, inf\)",
        ),
        (lambda: losscli.compute("huber", [1], [2], delta="2"), losscli.ParameterError, "delta"),
        (lambda: losscli.compute("mse", [1, 2], ["a", "b"]), losscli.DataError, "text"),
        (lambda: losscli.compute("mse", [1, None], [1, 2]), losscli.DataError, "missing"),
        (lambda: losscli.compute("mse", [[1, 2], [3]], [1, 2]), losscli.DataError, "same number"),
        (lambda: losscli.compute("mse", [1j], [1]), losscli.DataError, "complex"),
        (lambda: losscli.compute("mse", [1, 2, 3], 1.0), losscli.DataError, "single number"),
        (
            lambda: losscli.compute("mse", [1, 2], pd.Series([1, None], dtype="Int64")),
            losscli.DataError,
            "row 2: the value is missing",
        ),
        (
            lambda: losscli.compute("cross-entropy", np.zeros((2, 3)), [0, 3]),
            losscli.DataError,
            "target, row 2",
        ),
        (
            lambda: losscli.compute("mse", np.ma.masked_equal([1.0, 2.0], 2.0), [1, 2]),
            losscli.DataError,
            "row 2: the value is missing",
        ),
        (
            lambda: losscli.compute("mse", pd.to_datetime(["2020-01-01"]), [1]),
            losscli.DataError,
            "dates",
        ),
        (lambda: losscli.compute("mse", "nowhere.csv", [1]), losscli.DataError, "nowhere.csv"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    call: Callable[[], object], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        call()


def test_errors_form_a_tree() -> None:
    assert issubclass(losscli.UnknownLossError, losscli.UsageError)
    assert issubclass(losscli.ParameterError, losscli.UsageError)
    for error in (losscli.UsageError, losscli.DataError, losscli.OutputError):
        assert issubclass(error, losscli.LosscliError)
        assert error.exit_code == 2
    assert losscli.LosscliError.exit_code == 3


# The names.


def test_public_names_are_sorted_and_there() -> None:
    assert losscli.__all__ == sorted(losscli.__all__)
    assert len(set(losscli.__all__)) == len(losscli.__all__)
    assert dir(losscli) == losscli.__all__
    for name in losscli.__all__:
        assert getattr(losscli, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        importlib.import_module("losscli").nonsense  # noqa: B018 - the access is the test


@pytest.mark.parametrize("name", losscli.__all__)
def test_each_public_name_can_be_the_first_one_used(name: str) -> None:
    code = f"from losscli import {name}"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_nothing_needs_torch_or_loads_pandas() -> None:
    code = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "import losscli\n"
        "assert 'numpy' not in sys.modules\n"
        "result = losscli.compute('cross-entropy', [[2.0, 1.0, 0.1]], [0])\n"
        "assert abs(result.value - 0.4170300162778335) < 1e-15\n"
        "print(sorted({'pandas', 'typer', 'rich', 'sklearn'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
