"""However a file is written and wherever a cursor opens: the same rows, the same bits."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from losscli.data import csv_file, json_lines
from losscli.data.arrays import from_arrays
from losscli.data.feed import Feed
from losscli.data.files import open_files
from losscli.data.reading import Reading
from losscli.domain import LOGITS, REAL, Array, Role

LOGITS_ROLE, TARGET = Role("logits", LOGITS), Role("target", REAL)
ROLES = (LOGITS_ROLE, TARGET)
ROWS, CLASSES = 300, 3


@pytest.fixture(scope="module")
def values() -> tuple[Array, Array]:
    """Logits and targets whose every digit matters."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(ROWS, CLASSES)) * 10.0 ** rng.integers(-30, 30, (ROWS, 1)), rng.normal(
        size=ROWS
    )


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory, values: tuple[Array, Array]) -> dict[str, Feed]:
    """The same rows in every form that one feed can hold."""
    folder = tmp_path_factory.mktemp("same")
    logits, target = values
    wide = pa.table(
        {"id": np.arange(ROWS)}
        | {f"logits_{i}": logits[:, i] for i in range(CLASSES)}
        | {"target": target}
    )
    nested = pa.table({"target": target, "logits": list(logits)})
    made: dict[str, Feed] = {}

    def keep(name: str, path: Path) -> None:
        (made[name],) = open_files(ROLES, [str(path)], columns={}).feeds

    for group in (1, 7, 64, ROWS):
        pq.write_table(wide, folder / f"wide{group}.parquet", row_group_size=group)
        pq.write_table(nested, folder / f"nested{group}.parquet", row_group_size=group)
        keep(f"wide, groups of {group}", folder / f"wide{group}.parquet")
        keep(f"nested, groups of {group}", folder / f"nested{group}.parquet")
    pacsv.write_csv(wide, folder / "wide.csv")
    for size in (1, 500, 2**20):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_file, "_PIECE_BYTES", size)
            keep(f"CSV, pieces of {size} bytes", folder / "wide.csv")
    for group, rows in (("few", 100), ("many", 7)):
        for kind, table in (("wide", wide), ("nested", nested)):
            parts = folder / f"{kind}-{group}"
            parts.mkdir()
            for start in range(0, ROWS, rows):
                pq.write_table(table.slice(start, rows), parts / f"{start}.parquet")
            keep(f"{kind}, {group} files", parts)
    for kind, table in (("wide", wide), ("nested", nested)):
        for size in (7, ROWS):
            for codec in (None, "zstd", "lz4"):
                for opened, name in ((ipc.new_file, "file"), (ipc.new_stream, "stream")):
                    path = folder / f"{kind}-{size}-{codec}-{name}.arrow"
                    options = ipc.IpcWriteOptions(compression=codec)
                    with opened(path, table.schema, options=options) as writer:
                        writer.write_table(table, max_chunksize=size)
                    keep(path.stem, path)
        text = "".join(json.dumps(row) + "\n" for row in table.to_pylist())
        (folder / f"{kind}.jsonl").write_text(text)
        (folder / f"{kind}.jsonl.gz").write_bytes(gzip.compress(text.encode()))
        keep(f"{kind} JSON Lines, gzip", folder / f"{kind}.jsonl.gz")
        for size in (1, 500, 2**20):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(json_lines, "_PIECE_BYTES", size)
                keep(f"{kind} JSON Lines, pieces of {size} bytes", folder / f"{kind}.jsonl")
    arrays: dict[str, Any] = {"logits": np.asfortranarray(logits), "target": target.astype(">f8")}
    np.savez(folder / "arrays.npz", **arrays)
    np.savez_compressed(folder / "packed.npz", **arrays)
    records = np.empty(ROWS, [("logits", "f8", (CLASSES,)), ("target", "<f8")])
    records["logits"], records["target"] = logits, target
    np.save(folder / "records.npy", records)
    (folder / "records.npy.xz").write_bytes(lzma.compress((folder / "records.npy").read_bytes()))
    for name in ("arrays.npz", "packed.npz", "records.npy", "records.npy.xz"):
        keep(name, folder / name)
    (made["frame"],) = from_arrays(ROLES, [wide], {}).feeds
    return made


def read(feed: Feed, start: int, stop: int | None, block: int) -> dict[str, list[Array]]:
    """Everything a cursor gives until there is no more."""
    blocks: dict[str, list[Array]] = {role.role: [] for role in feed.roles}
    with closing(feed.cursor(start, stop)) as cursor:
        while True:
            rows = cursor.read(block)
            for role, x in rows.items():
                blocks[role].append(x)
            if len(x) < block:
                return blocks


@given(bounds=st.tuples(st.integers(0, ROWS), st.integers(0, ROWS)), block=st.integers(1, ROWS + 9))
def test_a_cursor_reads_its_rows(
    feeds: dict[str, Feed],
    values: tuple[Array, Array],
    bounds: tuple[int, int],
    block: int,
) -> None:
    start, stop = sorted(bounds)
    for name, feed in feeds.items():
        read_rows = read(feed, start, stop, block)
        for role, whole in zip(("logits", "target"), values, strict=True):
            blocks = read_rows[role]
            sizes = [len(x) for x in blocks]
            assert sizes[:-1] == [block] * (len(sizes) - 1), name
            assert sum(sizes) == stop - start
            assert blocks[-1].shape[1:] == whole.shape[1:]
            got = np.concatenate(blocks)
            assert got.dtype == np.float64
            assert got.tobytes() == whole[start:stop].tobytes(), name


def test_blocks_outlive_the_next_read(feeds: dict[str, Feed], values: tuple[Array, Array]) -> None:
    for feed in feeds.values():
        assert np.concatenate(read(feed, 0, None, 7)["target"]).tobytes() == values[1].tobytes()


def test_starts_are_rows_in_order(feeds: dict[str, Feed]) -> None:
    for feed in feeds.values():
        assert feed.rows == ROWS
        starts = list(feed.starts)
        assert starts == sorted(set(starts))
        assert starts[0] == 0
        assert starts[-1] < ROWS


@pytest.fixture(scope="module")
def read_column(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[str]], Array]:
    """Reads texts as a column."""
    path = tmp_path_factory.mktemp("texts") / "x.csv"

    def column(texts: Sequence[str]) -> Array:
        path.write_text("target\n" + "\n".join(texts) + "\n")
        (feed,) = open_files((TARGET,), [str(path)], columns={}, reading=Reading(header=True)).feeds
        return read(feed, 0, None, 2**16)["target"][0]

    return column


plain_numbers = st.one_of(
    st.floats().map(repr),
    st.floats(width=32).map(str),
    st.integers(-(2**70), 2**70).map(str),
    st.from_regex(
        r"[+-]?([0-9]{1,25}\.?[0-9]{0,25}|\.[0-9]{1,25})([eE][+-]?[0-9]{1,3})?", fullmatch=True
    ),
)


@given(texts=st.lists(plain_numbers, min_size=1, max_size=20))
def test_numbers_are_rounded_correctly(
    read_column: Callable[[Sequence[str]], Array], texts: list[str]
) -> None:
    np.testing.assert_array_equal(read_column(texts), [float(text) for text in texts])
