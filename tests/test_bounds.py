"""Never more memory than is stated, whatever a few kilobytes of a file unpack to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import Ran, run
from test_fuzz import MEASURED, no_hang

from losscli.data import csv_lines
from losscli.errors import UsageError
from losscli.sizes import size, size_from_environment

linux = pytest.mark.skipif(sys.platform != "linux", reason="the bound and its measure are Linux's")

# Kilobytes. A run of two columns needs 100 MB; none may need much more for what was made to harm.
FLAT = 200_000
BOUND = 500_000


def measured(*words: str, limit: str = "700M") -> tuple[Ran, int]:
    """A command in a process of its own, and the most memory that it held, in kilobytes."""
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, *words, "--format", "value"],
        capture_output=True,
        text=True,
        env=os.environ | {"LOSSCLI_MEMORY_LIMIT": limit},
        timeout=100,
        check=False,
    )
    said, _, most = ran.stderr.rstrip("\n").rpartition("\n")
    return Ran(ran.returncode, ran.stdout, said), int(most)


# --- flat, though the file unpacks to a hundred times its size ------------------------------------


@linux
@pytest.mark.parametrize("dictionary", [True, False], ids=["a dictionary", "plain pages"])
def test_a_row_group_of_millions_of_rows(dictionary: bool, tmp_path: Path) -> None:
    path = tmp_path / "rle.parquet"
    table = pa.table({"prediction": np.ones(2**24), "target": np.zeros(2**24)})
    pq.write_table(
        table,
        path,
        row_group_size=2**24,
        use_dictionary=dictionary,
        data_page_size=2**20,
        compression="zstd",
    )
    assert path.stat().st_size < 500_000
    ran, most = measured("compute", "mse", str(path))
    assert (ran.code, ran.out) == (0, "1.0\n")
    assert most < FLAT


@linux
def test_texts_that_nobody_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "texts.parquet"
    texts = pa.array(["x" * 2**20]).take(pa.array([0] * 300))
    table = pa.table({"prompt": texts, "prediction": np.ones(300), "target": np.zeros(300)})
    pq.write_table(table, path, use_dictionary=False, compression="zstd")
    ran, most = measured("compute", "mse", str(path))
    assert (ran.code, ran.out) == (0, "1.0\n")
    assert most < FLAT


@linux
def test_an_archive_is_unpacked_to_disk(tmp_path: Path) -> None:
    path = tmp_path / "zeros.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in ("prediction", "target"):
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array_header_1_0(
                    member, {"descr": "<f2", "fortran_order": False, "shape": (2**24,)}
                )
                for _ in range(8):
                    member.write(bytes(2**22))
    ran, most = measured("compute", "mse", str(path))
    assert (ran.code, ran.out) == (0, "0.0\n")
    assert most < FLAT


# --- what has to be held as a whole ---------------------------------------------------------------


@linux
def test_one_list_of_many_million_values(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet"
    offsets = pa.array([0, 3 * 10**7], pa.int32())
    lists = pa.ListArray.from_arrays(offsets, pa.array(np.zeros(3 * 10**7, np.float32)))
    pq.write_table(pa.table({"logits": lists, "target": [0]}), path, compression="zstd")
    assert path.stat().st_size < 2_000
    ran, most = measured("compute", "cross-entropy", str(path), limit="300M")
    assert (ran.code, ran.out) == (2, "")
    assert "list.parquet, row 1: cannot be read as Parquet: it asks for more memory" in ran.err
    assert "(LC164)" in ran.err
    assert most < BOUND


@linux
@pytest.mark.parametrize("kind", ["file", "stream"])
def test_one_compressed_batch_of_many_millions(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "batch.arrow"
    values = np.zeros(2**25)
    table = pa.table({"prediction": values, "target": values})
    make = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
    with make(path, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as file:
        file.write_table(table)
    ran, most = measured("compute", "mse", str(path), limit="300M")
    assert (ran.code, ran.out) == (2, "")
    assert "batch.arrow" in ran.err
    assert "it asks for more memory" in ran.err
    assert most < BOUND


@linux
def test_memory_that_a_loss_asks_for(tmp_path: Path) -> None:
    np.lib.format.open_memmap(tmp_path / "logits.npy", "w+", np.float32, (1, 2**27))
    np.save(tmp_path / "target.npy", [0])
    words = [str(tmp_path / name) for name in ("logits.npy", "target.npy")]
    ran, _ = measured("compute", "cross-entropy", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: this needs more memory than may be used")
    assert "LOSSCLI_MEMORY_LIMIT" in ran.err


def test_what_bounds_are_written_as(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [size("x", text) for text in ("7", "2K", "1.5 MiB", "3gb")] == [
        7,
        2048,
        3 * 2**19,
        3 * 2**30,
    ]
    for text in ("", "0", "-1", "much", "1e3", "4 X"):
        with pytest.raises(UsageError, match="is no size"):
            size("x", text)
    monkeypatch.delenv("LOSSCLI_X", raising=False)
    assert size_from_environment("LOSSCLI_X", 5) == 5
    monkeypatch.setenv("LOSSCLI_X", "None")
    assert size_from_environment("LOSSCLI_X", 5) is None
    monkeypatch.setenv("LOSSCLI_MEMORY_LIMIT", "lots")
    ran = run("list")
    assert ran.code == 2
    assert ran.err.startswith("error: LOSSCLI_MEMORY_LIMIT 'lots' is no size")


# --- rows of text ---------------------------------------------------------------------------------


@pytest.fixture
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> int:
    """As if the longest piece of a text file were a few kilobytes, and it is 64 MiB."""
    monkeypatch.setattr(csv_lines, "_LONGEST_PIECE", 2**12)
    return 2**12


@pytest.mark.parametrize("extension", ["csv", "jsonl"])
def test_one_row_that_is_too_long(extension: str, tmp_path: Path, short_pieces: int) -> None:
    path = tmp_path / f"long.{extension}"
    rows = [(i, f"{'9' * short_pieces if i == 700 else i}") for i in range(2000)]
    if extension == "csv":
        path.write_text("prediction,target\n" + "".join(f"{p},{t}\n" for p, t in rows))
    else:
        path.write_text("".join(f'{{"prediction": {p}, "target": {t}}}\n' for p, t in rows))
    ran = run("compute", "mse", str(path))
    assert (ran.code, ran.out) == (2, "")
    assert "row 701 has 4," in ran.err
    assert "more than 4,096 in one piece" in ran.err


def test_long_rows_after_short_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces are made shorter until each may be held; the number stays what it was."""
    path = tmp_path / "longer.csv"
    rows = [(i % 7, i % 5, "x" * (0 if i < 20_000 else 2_000)) for i in range(20_100)]
    path.write_text("prediction,target,note\n" + "".join(f"{p},{t},{n}\n" for p, t, n in rows))
    expected = np.mean([(p - t) ** 2 for p, t, _ in rows])
    assert float(run("compute", "mse", str(path), "--format", "value").out) == expected
    monkeypatch.setattr(csv_lines, "_LONGEST_PIECE", 2**13)
    assert float(run("compute", "mse", str(path), "--format", "value").out) == expected
    monkeypatch.setattr(csv_lines, "_MOST_PIECES", 2**4)
    ran = run("compute", "mse", str(path), "--format", "value")
    assert ran.code == 2
    assert "have" in ran.err
    assert "bytes, more than 8,192 in one piece" in ran.err


def test_a_text_that_is_longer_than_python_reads_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "prompts.csv"
    path.write_text(f'prompt,prediction,target\n"{"x" * 200_000}",1,3\nshort,,4\n')
    ran = run("compute", "mse", str(path))
    assert ran.code == 2
    assert "column 'prediction', row 2: the value is missing" in ran.err
    assert run("compute", "mse", str(path), "--missing", "drop", "-f", "value").out == "4.0\n"


# --- many columns ---------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ["csv", "jsonl", "parquet", "arrow", "npz"])
def test_thousands_of_columns(extension: str, tmp_path: Path) -> None:
    """What each column costs does not grow with their number."""
    path = tmp_path / f"wide.{extension}"
    names = [*(f"logits_{i}" for i in range(5_000)), "target"]
    table = pa.table({name: [0.0, 0.0] for name in names})
    if extension == "csv":
        path.write_text("\n".join([",".join(names), *[",".join("0" * len(names))] * 2]))
    elif extension == "jsonl":
        path.write_text(2 * f"{json.dumps(dict.fromkeys(names, 0))}\n")
    elif extension == "parquet":
        pq.write_table(table, path)
    elif extension == "arrow":
        with pa.ipc.new_file(path, table.schema) as file:
            file.write_table(table)
    else:
        np.savez(path, **{name: np.zeros(2) for name in names})
    with no_hang():
        ran = run("compute", "cross-entropy", str(path), "--format", "value")
    assert float(ran.out) == pytest.approx(np.log(5_000), rel=1e-15)
