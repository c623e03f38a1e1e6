"""Columns that name rows have to agree where rows pair by position."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import losscli
from losscli.cli import main
from losscli.errors import DataError, UsageError

ROWS = 300


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


def files(folder: Path, mine: object, theirs: object, name: str = "id") -> tuple[str, str]:
    rng = np.random.default_rng(0)
    rows = len(np.asarray(mine))
    paths = folder / "p.csv", folder / "t.csv"
    pd.DataFrame({name: mine, "prediction": rng.normal(size=rows)}).to_csv(paths[0], index=False)
    pd.DataFrame({name: theirs, "target": rng.normal(size=rows)}).to_csv(paths[1], index=False)
    return str(paths[0]), str(paths[1])


def test_rows_in_another_order_are_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = np.array([f"u{i}" for i in range(ROWS)])
    theirs = ids.copy()
    theirs[[41, 97]] = theirs[[97, 41]]
    p, t = files(tmp_path, ids, theirs)
    code, _, err = run(capsys, "compute", "mse", p, t)
    assert code == 2
    assert f"t.csv, column 'id', row 42: 'u97' stands where {p} has 'u41'" in err
    assert "--on id" in err
    assert "--by-position" in err
    code, joined, _ = run(capsys, "compute", "mse", p, t, "--on", "id", "-f", "value")
    assert code == 0
    code, paired, _ = run(capsys, "compute", "mse", p, t, "--by-position", "-f", "value")
    assert code == 0
    assert joined != paired
    code, _, err = run(capsys, "compute", "mse", p, t, "--by-position", "--on", "id")
    assert code == 2
    assert "exclude each other" in err


@pytest.mark.parametrize("threads", [1, 3])
def test_a_late_difference_is_found(threads: int, tmp_path: Path) -> None:
    rows = 200_000
    ids = np.arange(rows)
    theirs = ids.copy()
    theirs[[rows - 1, rows - 2]] = theirs[[rows - 2, rows - 1]]
    p, t = files(tmp_path, ids, theirs, "user_id")
    with pytest.raises(DataError) as raised:
        losscli.compute("mse", p, t, threads=threads)
    assert raised.value.row == rows - 1
    assert losscli.compute("mse", p, t, by_position=True).n == rows


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (["a", "b"], ["a", "b"]),
        ([7, 8], ["7", "8"]),
        ([7.0, 8.0], [7, 8]),
        (pa.array([7, None]), pa.array(["7", None])),
        (pa.array([7, 8], pa.int8()), pa.array(["7", "8"]).dictionary_encode()),
    ],
)
def test_equal_text_is_the_same(mine: object, theirs: object) -> None:
    a = pa.table({"id": mine, "prediction": [1.0, 2.0]})
    b = pa.table({"id": theirs, "target": [1.0, 2.0]})
    roles = {"prediction": a, "target": b}
    paths = {}
    for name, table in roles.items():
        paths[name] = table
    assert losscli.compute("mse", paths["prediction"].drop(["id"]), b.drop(["id"])).value == 0.0
    from losscli.data.frames import FrameTable
    from losscli.data.ids import Ids
    from losscli.data.place import Place

    ids = Ids("id", [FrameTable(a), FrameTable(b)])
    codes = [
        np.concatenate([ids.encode(chunk, Place(None)) for chunk in table["id"].chunks])
        for table in (a, b)
    ]
    np.testing.assert_array_equal(*codes)


def test_an_index_that_counts_says_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    split = rng.permutation(10 * ROWS)[:ROWS]
    for name in ("", "Unnamed: 0", "index"):
        p, t = files(tmp_path, np.arange(ROWS), split, name)
        assert losscli.compute("mse", p, t).n == ROWS
        # But the same count in another order does.
        p, t = files(tmp_path, np.arange(ROWS), rng.permutation(ROWS), name)
        with pytest.raises(DataError, match="stands where"):
            losscli.compute("mse", p, t)
        # And so do two indices that are no count.
        p, t = files(tmp_path, split, split[::-1], name)
        with pytest.raises(DataError, match="stands where"):
            losscli.compute("mse", p, t)
    p, t = files(tmp_path, np.arange(ROWS), split, "id")
    with pytest.raises(DataError, match="stands where"):
        losscli.compute("mse", p, t)


def test_what_is_named_otherwise_is_not_looked_at(tmp_path: Path) -> None:
    p, t = files(tmp_path, np.arange(ROWS), np.arange(ROWS)[::-1], "shard")
    assert losscli.compute("mse", p, t).n == ROWS


def test_ids_within_groups(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "query": np.repeat(np.arange(50), 4),
            "id": np.arange(200),
            "prediction": rng.normal(size=200),
            "target": rng.integers(0, 2, 200),
        }
    )
    p, t = tmp_path / "p.csv", tmp_path / "t.parquet"
    frame[["query", "id", "prediction"]].to_csv(p, index=False)
    frame[["query", "id", "target"]].to_parquet(t)
    same = losscli.compute("ndcg", str(p), str(t), group="query").value
    swapped = frame.copy()
    swapped.loc[[4, 5], "id"] = [5, 4]
    swapped[["query", "id", "target"]].to_parquet(t)
    with pytest.raises(DataError) as raised:
        losscli.compute("ndcg", str(p), str(t), group="query")
    assert raised.value.row == 5
    by_position = losscli.compute("ndcg", str(p), str(t), group="query", by_position=True)
    assert by_position.value == same


def test_ids_travel_beside_gaps_and_slices(tmp_path: Path) -> None:
    p, t = files(tmp_path, np.arange(6), np.arange(6))
    frame = pd.read_csv(p)
    frame["prediction"] = [1.0, np.nan, 2.0, np.nan, 3.0, 4.0]
    frame["part"] = list("aabbcc")
    frame.to_csv(p, index=False)
    result = losscli.compute("mse", p, t, missing="drop", by="part")
    assert (result.n, result.missing) == (6, 2)
    assert len(result.slices) == 3


def test_on_and_by_position() -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        losscli.compute("mse", [1.0], [1.0], on="id", by_position=True)
