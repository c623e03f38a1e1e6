"""What a Python caller may pass, and what not."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import losscli.losses  # noqa: F401 - registers them
from losscli.data.arrays import from_arrays
from losscli.data.feed import Inputs
from losscli.domain import Array
from losscli.errors import DataError, LosscliError, UsageError
from losscli.spec import find


def taken(loss: str, *arrays: object, **named: object) -> Inputs:
    return from_arrays(find(loss).inputs, arrays, named)


def values(inputs: Inputs) -> dict[str, Array]:
    """All rows of all roles."""
    read: dict[str, Array] = {}
    for feed in inputs.feeds:
        with closing(feed.cursor(0, None)) as cursor:
            read |= cursor.read(10**6)
    return read


class Tensor:
    """Stands for a tensor of another library."""

    def __init__(self, array: Array | None, complaint: str = "") -> None:
        self._array, self._complaint = array, complaint

    def detach(self) -> Tensor:
        return self

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if self._array is None:
            raise RuntimeError(self._complaint)
        return self._array


SERIES = pd.Series([1.0, 2.0, 3.0], index=[7, 5, 5])


@pytest.mark.parametrize(
    "array",
    [
        [1, 2, 3],
        (1.0, 2.0, 3.0),
        range(1, 4),
        np.array([1, 2, 3], np.int8),
        np.array([1, 2, 3], np.float16),
        np.array([1.0, 2.0, 3.0], ">f8"),
        np.array([3.0, 2.0, 1.0])[::-1],
        np.ma.array([1.0, 2.0, 3.0]),
        Tensor(np.array([1.0, 2.0, 3.0])),
        SERIES,
        SERIES.astype("Int64"),
        SERIES.astype("float32"),
        SERIES.astype("Float64"),
        SERIES.astype("category"),
        SERIES.astype("double[pyarrow]"),
        pd.Index([1, 2, 3]),
        pd.DataFrame({"anything": SERIES}),
        pa.array([1.0, 2.0, 3.0]),
        pa.array([1, 2, 3], pa.uint16()),
        pa.array([0.0, 1.0, 2.0, 3.0])[1:],
        pa.chunked_array([[1.0], [2.0, 3.0]]),
        pa.chunked_array([[1.0], [], [2.0, 3.0]]),
        pa.table({"anything": [1, 2, 3]}),
        pa.record_batch({"anything": [1, 2, 3]}),
    ],
    ids=lambda array: type(array).__name__,
)
def test_anything_that_holds_numbers(array: object) -> None:
    read = values(taken("mse", array, np.zeros(3)))["prediction"]
    assert read.tolist() == [1, 2, 3]
    assert read.dtype == np.float64


@pytest.mark.parametrize(
    "array",
    [
        [[1, 2], [3, 4]],
        np.array([[1, 3], [2, 4]]).T,
        pd.DataFrame({"b": [1, 3], "a": [2, 4]}),
        pd.Series([[1, 2], [3, 4]]),
        pd.Series([np.array([1, 2]), np.array([3, 4])]),
        pa.array([[1, 2], [3, 4]]),
        pa.array([[1, 2], [3, 4]], pa.list_(pa.float32(), 2)),
        pa.chunked_array([[[1, 2]], [[3, 4]]]),
        pa.table({"b": [1, 3], "a": [2, 4]}),
        pa.FixedShapeTensorArray.from_numpy_ndarray(np.array([[1.0, 2], [3, 4]])),
    ],
    ids=lambda array: type(array).__name__,
)
def test_matrices(array: object) -> None:
    inputs = taken("cross-entropy", array, [0, 1])
    assert values(inputs)["logits"].tolist() == [[1, 2], [3, 4]]
    assert inputs.roles["logits"].shape == (2,)


def test_more_axes() -> None:
    inputs = taken("cross-entropy", np.ones((2, 3, 4, 5)), np.zeros((2, 4, 5), int))
    assert inputs.roles["logits"].shape == (3, 4, 5)
    assert inputs.roles["target"].shape == (4, 5)
    assert inputs.roles["target"].dtype == "int64"


@pytest.mark.parametrize(
    "array",
    [
        np.arange(10.0),
        np.arange(20.0).reshape(10, 2),
        pd.Series(np.arange(10.0)),
        pa.array(np.arange(10.0)),
    ],
    ids=["1-D", "2-D", "pandas", "Arrow"],
)
def test_doubles_are_not_copied(array: Any) -> None:
    (feed, _) = taken("mse", array, np.zeros(10)).feeds
    with closing(feed.cursor(2, 8)) as cursor:
        block = cursor.read(4)["prediction"]
    assert np.shares_memory(block, np.asarray(array))
    assert not block.flags.writeable


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (["a", "b", "c"], "prediction: holds text, not numbers, such as 'a'"),
        (np.array([1, 2, None]), "prediction, row 3: the value is missing"),
        ([1.0, None, 2.0], "row 2: the value is missing"),
        ([[1.0, None], [1.0, 2.0], [None, 2.0]], "row 1: the value is missing"),
        (np.array([Decimal(1)] * 3), "holds Python objects, not numbers: Decimal('1')"),
        ([1j, 2, 3], "holds complex numbers"),
        (np.array(["2020-01-01"] * 3, "datetime64[D]"), "holds dates"),
        (np.array([1, 2, 3], "m8[s]"), "holds time spans"),
        (np.zeros(3, [("a", float)]), "not numbers"),
        ([[1, 2], [3], [4, 5]], "every row must have the same number of elements"),
        ([1, 2, 2**60], "row 3: 1152921504606846976 is too large to be exact in float64"),
        (np.ma.array([1.0, 2, 3], mask=[0, 1, 0]), "row 2: the value is missing"),
        (pd.Series(["a", "b", "c"]), "prediction: holds "),
        (pd.Series(["a", "b", "c"], dtype="category"), "not numbers"),
        (pd.Series([1, None, 2], dtype="Int64"), "row 2: the value is missing"),
        (pd.Series([1.0, None, 2], dtype="double[pyarrow]"), "row 2: the value is missing"),
        (pd.Series([[1.0], [1.0, 2], [1]]), "row 2: has 2 elements"),
        (pd.Series([[1.0], ["a"], [1]]), "the lists do not hold numbers"),
        (pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]}), "column 'b': holds "),
        (pa.array(["a", "b", "c"]), "holds string, not numbers"),
        (pa.array([1, None, 3]), "row 2: the value is missing"),
        (pa.chunked_array([[1, 2], [None]]), "row 3: the value is missing"),
        (pa.chunked_array([[[1.0]], [[1.0, 2.0]], [[1.0]]]), "row 2: has 2 elements"),
        (Tensor(None, "Can't call numpy() on Tensor that requires grad."), "that requires grad"),
        (Tensor(None, "can't convert cuda:0"), "pass tensor.detach().cpu().double()"),
        (object(), "holds Python objects"),
        (b"bytes", "holds text"),
    ],
)
def test_no_numbers(array: object, message: str) -> None:
    with pytest.raises(DataError) as caught:
        taken("mse", array, np.zeros(3))
    assert message in str(caught.value)


def test_pandas_nan_is_a_number() -> None:
    read = values(taken("mse", pd.Series([1.0, np.nan]), [1, 2]))["prediction"]
    np.testing.assert_array_equal(read, [1, np.nan])


@pytest.mark.parametrize(
    ("loss", "arrays", "shapes"),
    [
        ("mse", (2.0, 3.0), {"prediction": (1,), "target": (1,)}),
        ("cross-entropy", ([2.0, 1, 0.1], 0), {"logits": (1, 3), "target": (1,)}),
        ("cross-entropy", ([2.0, 1], [0.5, 0.5]), {"logits": (1, 2), "target": (1, 2)}),
        ("pairwise-distance", ([1, 2], [3, 4]), {"x1": (1, 2), "x2": (1, 2)}),
        ("margin-ranking", (1, 2, -1), {"input1": (1,), "input2": (1,), "target": (1,)}),
        # Whole numbers are labels: one-dimensional logits are then no row, but a mistake.
        ("cross-entropy", ([2.0, 1], [0, 1]), {"logits": (2,), "target": (2,)}),
    ],
)  # fmt: skip
def test_a_single_row(
    loss: str, arrays: Sequence[object], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    assert {name: x.shape for name, x in values(taken(loss, *arrays)).items()} == shapes


def test_a_single_row_with_weights() -> None:
    inputs = taken("mse", 2.0, 3.0, weight=5.0, sample_weight=7.0)
    assert {name: x.tolist() for name, x in values(inputs).items()} == {
        "prediction": [2],
        "target": [3],
        "weight": [5],
        "sample_weight": [7],
    }


@pytest.mark.parametrize(
    ("weight", "constant"),
    [
        (2.0, (1, 1)),
        ([1, 2, 3], (1, 3)),
        ([[1, 2, 3]], (1, 3)),
        ([[2]], (1, 1)),
        (np.ones((4, 3)), None),
        (np.ones((4, 1)), None),
    ],
)
def test_element_weights(weight: object, constant: tuple[int, ...] | None) -> None:
    predictions = np.arange(12.0).reshape(4, 3)
    inputs = taken("mse", predictions, predictions, weight)
    if constant is None:
        assert not inputs.constants
        expected = np.broadcast_to(np.asarray(weight, float), (4, 3))
        assert values(inputs)["weight"].tolist() == expected.tolist()
    else:
        assert inputs.constants["weight"].shape == constant
        assert inputs.constants["weight"].dtype == np.float64
        assert "weight" not in inputs.roles


def test_a_weight_for_each_of_n_values() -> None:
    for shape in ((3,), (3, 1)):
        inputs = taken("mse", np.ones(3), np.ones(3), weight=np.ones(shape))
        assert inputs.roles["weight"].shape == shape[1:]
    assert taken("mse", np.ones((3, 1)), np.ones(3), weight=np.ones(3)).roles["weight"].shape == ()


@pytest.mark.parametrize("shape", [(4,), (4, 2), (2, 3), (1, 4, 3)])
def test_weights_that_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"weight: has shape .* does not broadcast to"):
        taken("mse", np.ones((4, 3)), np.ones((4, 3)), np.ones(shape))


FRAME = {"y_hat": [1.0, 2.0], "y": [3.0, 4.0], "name": ["a", "b"]}


@pytest.mark.parametrize("frame", [pd.DataFrame(FRAME), pa.table(FRAME)], ids=["pandas", "Arrow"])
def test_one_frame_holds_all_roles(frame: object) -> None:
    inputs = taken("mse", frame)
    assert {role: x.tolist() for role, x in values(inputs).items()} == {
        "prediction": [1, 2],
        "target": [3, 4],
    }
    assert len(inputs.feeds) == 1
    assert inputs.roles["prediction"].columns == ("y_hat",)
    with pytest.raises(DataError, match="the data frame: no column is named 'logits'"):
        taken("cross-entropy", frame)


def test_paths(tmp_path: Path) -> None:
    path = tmp_path / "preds.csv"
    path.write_text("id,prediction,target\n1,5,6\n2,7,8\n")
    both = values(taken("mse", path))
    assert both["prediction"].tolist() == [5, 7]
    mixed = taken("mse", str(path), np.array([1, 2]))
    assert [feed.name for feed in mixed.feeds] == [str(path), "target"]
    named = taken("mse", target=os.fspath(path), prediction=[1.0, 2.0])
    assert [feed.name for feed in named.feeds] == ["prediction", str(path)]
    assert values(named)["target"].tolist() == [6, 8]


def test_a_constant_weight_beside_a_path(tmp_path: Path) -> None:
    path = tmp_path / "both.csv"
    path.write_text("prediction,target\n5,6\n7,8\n")
    assert taken("mse", path, weight=2.0).constants["weight"].tolist() == [2]


@pytest.mark.parametrize(
    ("arrays", "named", "kind", "message"),
    [
        ((), {}, UsageError, "takes 2 arrays: PREDICTION TARGET; given: 0"),
        (([1],), {}, UsageError, "given: 1"),
        (([1], [1], [1], [1]), {}, UsageError, "given: 4"),
        (([1], [1], [1]), {"weight": [1]}, UsageError, "given: 4"),
        (([1], [1]), {"wieght": [1]}, UsageError, "no role 'wieght'\ndid you mean 'weight'"),
        (([1], None), {}, UsageError, "target must not be None"),
        (([1, 2], 1.0), {}, DataError, "target: is a single number, but other inputs have rows"),
        (("nowhere.csv", [1]), {}, DataError, "nowhere.csv: there is no such file"),
    ],
)
def test_usage(
    arrays: Sequence[object], named: Mapping[str, object], kind: type[LosscliError], message: str
) -> None:
    with pytest.raises(kind) as caught:
        taken("mse", *arrays, **named)
    assert message in str(caught.value)


def test_none_is_not_given() -> None:
    assert "weight" not in taken("mse", [1], [1], None, sample_weight=None).roles


def test_sample_weight_is_never_positional() -> None:
    with pytest.raises(UsageError):
        taken("cross-entropy", [[1.0, 2.0]], [0], [1.0])
    assert "sample_weight" in taken("cross-entropy", [[1.0, 2.0]], [0], sample_weight=[1.0]).roles
