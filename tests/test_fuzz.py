"""Damaged files: the right number, or one message and exit 2. Never a traceback, a hang, a guess.

What the right number is, another reader says: of whatever the damage has left, it reads the same
columns, or says that it cannot, and then losscli may not either.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import math
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import Ran, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import losscli
from losscli.data import csv_file, csv_lines

SECONDS = 20
NUMBERS = [0.5, -1.25, 3.0, 1e-3, 250.0, 7.5, -0.125, 42.0]


@contextmanager
def no_hang() -> Iterator[None]:
    """The test fails if it takes too long."""

    def late(signum: int, frame: object) -> None:
        raise TimeoutError(f"no answer after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# --- how each format is written, and read by somebody else ---------------------------------------


@dataclass(frozen=True)
class Format:
    """A format: how an intact file is written, and an independent reader of what is left of it."""

    write: Callable[[dict[str, list[float]]], bytes]
    read: Callable[[bytes], dict[str, Any]]


def write_text(delimiter: str) -> Callable[[dict[str, list[float]]], bytes]:
    def write(columns: dict[str, list[float]]) -> bytes:
        text = io.StringIO()
        rows = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))
        return text.getvalue().encode()

    return write


def read_text(delimiter: str) -> Callable[[bytes], dict[str, Any]]:
    def read(data: bytes) -> dict[str, Any]:
        text = data.decode("utf-8", errors="backslashreplace").removeprefix("\ufeff")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        names = [name.strip() for name in rows[0]]
        return {name: [number(row[i]) for row in rows[1:]] for i, name in enumerate(names)}

    return read


def number(cell: str) -> float:
    # A mark of byte order may stand before a number where two files were put together.
    text = cell.removeprefix("\ufeff").strip()
    if "_" in text:  # which Python reads as a digit separator
        raise ValueError(text)
    return float({"true": "1", "false": "0"}.get(text.casefold(), text))


def write_parquet(columns: dict[str, list[float]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, row_group_size=3)
    return sink.getvalue()


def read_parquet(data: bytes) -> dict[str, Any]:
    return pq.read_table(io.BytesIO(data)).to_pydict()


def write_arrow(columns: dict[str, list[float]]) -> bytes:
    sink = io.BytesIO()
    table = pa.table(columns)
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table, max_chunksize=3)
    return sink.getvalue()


def write_stream(columns: dict[str, list[float]]) -> bytes:
    sink = io.BytesIO()
    table = pa.table(columns)
    with pa.ipc.new_stream(sink, table.schema) as file:
        file.write_table(table, max_chunksize=3)
    return sink.getvalue()


def read_arrow(data: bytes) -> dict[str, Any]:
    open_any = pa.ipc.open_file if data.startswith(b"ARROW1") else pa.ipc.open_stream
    if open_any is pa.ipc.open_stream and not data.endswith(b"\xff\xff\xff\xff\0\0\0\0"):
        raise ValueError("it may be cut off")
    table = open_any(io.BytesIO(data)).read_all()
    table.validate(full=True)
    return table.to_pydict()


def write_lines(columns: dict[str, list[float]]) -> bytes:
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def read_lines(data: bytes) -> dict[str, Any]:
    lines = data.decode().removeprefix("\ufeff").removesuffix("\n").split("\n")
    rows = [json.loads(line) for line in lines]
    everywhere = set.intersection(*(set(row) for row in rows))
    return {name: [row[name] for row in rows] for name in rows[0] if name in everywhere}


def write_npz(columns: dict[str, list[float]]) -> bytes:
    sink = io.BytesIO()
    np.savez(sink, **{name: np.array(column) for name, column in columns.items()})
    return sink.getvalue()


def write_records(columns: dict[str, list[float]]) -> bytes:
    sink = io.BytesIO()
    kind = [(name, "f8") for name in columns]
    np.save(sink, np.array(list(zip(*columns.values(), strict=True)), kind))
    return sink.getvalue()


def read_records(data: bytes) -> dict[str, Any]:
    file = io.BytesIO(data)
    array = np.load(file, allow_pickle=False)
    if file.read(1):
        raise ValueError("something follows")
    return {name: array[name] for name in array.dtype.names}


def read_npz(data: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def packed(of: Format, pack: Callable[[bytes], bytes], unpack: Callable[[bytes], bytes]) -> Format:
    return Format(lambda columns: pack(of.write(columns)), lambda data: of.read(unpack(data)))


CSV = Format(write_text(","), read_text(","))
LINES = Format(write_lines, read_lines)
FORMATS = {
    "csv": CSV,
    "tsv": Format(write_text("\t"), read_text("\t")),
    "parquet": Format(write_parquet, read_parquet),
    "arrow": Format(write_arrow, read_arrow),
    "arrows": Format(write_stream, read_arrow),
    "jsonl": LINES,
    "npy": Format(write_records, read_records),
    "npz": Format(write_npz, read_npz),
    "csv.gz": packed(CSV, lambda data: gzip.compress(data, mtime=0), gzip.decompress),
    "csv.bz2": packed(CSV, bz2.compress, bz2.decompress),
    "jsonl.xz": packed(LINES, lzma.compress, lzma.decompress),
}


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: bytes(pa.compress(data, "zstd", asbytes=True)),
}


# --- damage --------------------------------------------------------------------------------------


@st.composite
def damage(draw: st.DrawFn, intact: bytes) -> bytes:
    """The file cut off, with bits flipped, or with bytes lost, doubled or put in."""
    data = bytearray(intact)
    for _ in range(draw(st.integers(1, 3))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        length = draw(st.integers(1, 12))
        kind = draw(st.sampled_from(["cut", "flip", "lose", "double", "insert", "zero"]))
        if kind == "cut":
            del data[at:]
        elif kind == "flip":
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "lose":
            del data[at : at + length]
        elif kind == "double":
            data[at:at] = data[at : at + length]
        elif kind == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=8) | st.sampled_from(AWKWARD))
        else:
            data[at : at + length] = bytes(len(data[at : at + length]))
    return bytes(data)


AWKWARD = [
    b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b" ", b"nan", b"inf",
    b"1e999", b"-", b"0x1p3", b"1_0", "\u0661".encode(), b"=1+1", b"[bold]", b"\x1b[31m",
]  # fmt: skip


def expected(format: Format, data: bytes) -> float | None:
    """The mean squared error of what is left; None if the other reader cannot say."""
    try:
        # Which column is which has rules and tests of its own; with two of them it hardly matters.
        columns = {name.casefold(): column for name, column in format.read(data).items()}
        pair = columns.values() if len(columns) == 2 else map(columns.get, ("prediction", "target"))
        prediction, target = (np.array(column, float) for column in pair)
        if len(prediction) == 0 or prediction.ndim != 1:
            return None
        with np.errstate(all="ignore"):
            return float(np.mean((prediction - target) ** 2))
    except Exception:
        return None


def assert_honest(ran: Ran, value: float | None) -> None:
    """Exit 0 with the right number, or 2 with a message, of a number that is not finite too."""
    assert "Traceback" not in ran.err
    assert ran.code in (0, 2), ran.err
    if ran.code == 2:
        assert ran.err.startswith("error: ")
        assert "\x1b" not in ran.err
    if ran.code == 2 and not ran.out:
        return
    assert value is not None, f"read {ran.out!r} where the other reader sees nothing"
    found = float(ran.out)
    assert found == pytest.approx(value, rel=1e-12, nan_ok=True)
    assert (ran.code == 0) == math.isfinite(found)


@pytest.mark.parametrize("extension", FORMATS)
@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(data=st.data())
def test_a_damaged_file(extension: str, data: st.DataObject, tmp_path: Path) -> None:
    format = FORMATS[extension]
    intact = format.write({"prediction": NUMBERS, "target": NUMBERS[::-1]})
    broken = data.draw(damage(intact))
    path = tmp_path / f"data.{extension}"
    path.write_bytes(broken)
    with no_hang():
        ran = run("compute", "mse", str(path), "--format", "value")
    assert_honest(ran, expected(format, broken))


@pytest.mark.parametrize("extension", FORMATS)
def test_cut_off_anywhere(extension: str, tmp_path: Path) -> None:
    format = FORMATS[extension]
    intact = format.write({"prediction": NUMBERS, "target": NUMBERS[::-1]})
    path = tmp_path / f"data.{extension}"
    for length in range(0, len(intact), max(len(intact) // 60, 1)):
        path.write_bytes(intact[:length])
        ran = run("compute", "mse", str(path), "--format", "value")
        assert_honest(ran, expected(format, intact[:length]))


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("named", [*FORMATS, "txt", "", "exe"])
def test_another_extension(extension: str, named: str, tmp_path: Path) -> None:
    """What a file is called does not make it what it is not."""
    format = FORMATS[extension]
    intact = format.write({"prediction": NUMBERS, "target": NUMBERS[::-1]})
    path = tmp_path / f"data.{named}".rstrip(".")
    path.write_bytes(intact)
    ran = run("compute", "mse", str(path), "--format", "value")
    assert_honest(ran, expected(format, intact))


@pytest.mark.parametrize("extension", FORMATS)
def test_an_intact_file(extension: str, tmp_path: Path) -> None:
    format = FORMATS[extension]
    intact = format.write({"prediction": NUMBERS, "target": NUMBERS[::-1]})
    path = tmp_path / f"data.{extension}"
    path.write_bytes(intact)
    ran = run("compute", "mse", str(path), "--format", "value")
    assert ran.code == 0
    assert_honest(ran, expected(format, intact))


# --- intact files, however they are cut into pieces ----------------------------------------------

NOTES = [
    "",
    "x",
    "é",
    "日本",
    "a,b",
    'say ""no""',
    "two\nlines",
    "two\r\nlines",
    "😀" * 9,
    " ",
    "\u2028",
]
CELLS = [
    *("0", "-0", "+1", "1.", ".5", "-2.5e-3", "1E5", "007", " 4 ", '"2"', '" 3 "', "1e-320"),
    *("12345678901234567890.5", "0.1", "1" * 15, "true", "False", "9007199254740992"),
]


@st.composite
def csv_bytes(draw: st.DrawFn) -> tuple[bytes, list[list[str]]]:
    """A CSV file as people have them, and what stands in its two columns of numbers."""
    note = st.sampled_from(NOTES)
    pair = st.tuples(st.sampled_from(CELLS), note, st.sampled_from(CELLS))
    rows = draw(st.lists(pair, min_size=1, max_size=25))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = [draw(st.sampled_from(["prediction,note,target", '"prediction","note","target"']))]
    for prediction, text, target in rows:
        quoted = f'"{text}"' if draw(st.booleans()) or set(text) & set('",\r\n') else text
        lines.append(f"{prediction},{quoted},{target}")
    text = end.join(lines) + (end if draw(st.booleans()) else "")
    data = draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()
    return data, [[row[0], row[2]] for row in rows]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=csv_bytes(),
    piece=st.sampled_from([1, 7, 40, 300]),
    stretch=st.sampled_from([1, 2, 16, 64]),
    share=st.sampled_from([64, 256]),
)
def test_borders_of_pieces_anywhere(
    made: tuple[bytes, list[list[str]]],
    piece: int,
    stretch: int,
    share: int,
    tmp_path: Path,
) -> None:
    """Within quotes, CRLF or a character of several bytes: rows are what they are."""
    data, rows = made
    path = tmp_path / "data.csv"
    path.write_bytes(data)
    pairs = [[number(cell.strip('"')) for cell in row] for row in rows]
    expected = [abs(prediction - target) for prediction, target in pairs]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_file, "_PIECE_BYTES", piece)
        patch.setattr(csv_lines, "_STRETCH", stretch)
        patch.setattr(csv_lines, "_READ", stretch * 4)
        patch.setattr(csv_lines, "_SHARE", share)
        ran = run("compute", "mae", str(path), "--reduction", "none", "--format", "value")
    assert ran.code == 0, ran.err
    assert [float(line) for line in ran.out.split()] == expected


@pytest.mark.parametrize("packer", ["gz", "bz2", "xz", "zst"])
@pytest.mark.parametrize("extension", [name for name in FORMATS if "." not in name])
def test_every_format_in_every_compression(extension: str, packer: str, tmp_path: Path) -> None:
    format = FORMATS[extension]
    columns = {"prediction": NUMBERS, "target": NUMBERS[::-1]}
    path = tmp_path / f"data.{extension}.{packer}"
    path.write_bytes(PACKERS[packer](format.write(columns)))
    ran = run("compute", "mse", str(path), "--format", "value")
    assert float(ran.out) == pytest.approx(expected(format, format.write(columns)), rel=1e-15)


COLUMNS = {
    "int8": lambda x: pa.array(np.rint(x * 20), pa.int8()),
    "uint64": lambda x: pa.array(np.abs(np.rint(x * 1e15)), pa.uint64()),
    "float16": lambda x: pa.array(x.astype(np.float16)),
    "float32": lambda x: pa.array(x.astype(np.float32)),
    "float64": pa.array,
    "decimal128": lambda x: pa.array(x.round(6)).cast(pa.decimal128(30, 12)),
    "decimal256": lambda x: pa.array(x.round(6)).cast(pa.decimal256(50, 20)),
    "bool": lambda x: pa.array(x > 0),
    "dictionary": lambda x: pa.array(x.round(1)).dictionary_encode(),
}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.tuples(st.sampled_from([*COLUMNS]), st.sampled_from([*COLUMNS])),
    rows=st.integers(1, 700),
    group=st.integers(1, 300),
    compression=st.sampled_from(["none", "snappy", "zstd", "gzip", "lz4"]),
    version=st.sampled_from(["1.0", "2.0"]),
    page=st.sampled_from([64, 4096]),
    seed=st.integers(0, 99),
)
def test_parquet_of_any_layout(
    kinds: tuple[str, str],
    rows: int,
    group: int,
    compression: str,
    version: str,
    page: int,
    seed: int,
    tmp_path: Path,
) -> None:
    """Row groups of odd sizes, pages of a few bytes, every type of number."""
    rng = np.random.default_rng(seed)
    columns = [COLUMNS[kind](rng.normal(size=rows)) for kind in kinds]
    path = tmp_path / "data.parquet"
    pq.write_table(
        pa.table(columns, names=["prediction", "target"]),
        path,
        row_group_size=group,
        compression=compression,
        data_page_version=version,
        data_page_size=page,
        write_batch_size=16,
    )
    ran = run("compute", "mae", str(path), "--reduction", "none", "--format", "value")
    read = pq.read_table(path).to_pydict()
    prediction, target = (np.array([*map(float, read[name])]) for name in ("prediction", "target"))
    assert np.array_equal([float(line) for line in ran.out.split()], np.abs(prediction - target))


def test_decimals_are_the_numbers_that_their_text_is(tmp_path: Path) -> None:
    """To the last bit, which Arrow's own cast of a decimal gets wrong every fourth time."""
    texts = [f"{x:.6f}" for x in np.random.default_rng(0).normal(size=500)]
    decimals = pa.array(map(Decimal, texts), pa.decimal128(30, 12))
    pq.write_table(pa.table({"prediction": decimals, "target": [0] * 500}), tmp_path / "d.parquet")
    (tmp_path / "d.csv").write_text("\n".join(["prediction,target", *(f"{x},0" for x in texts)]))
    words = ["--reduction", "none", "--format", "value"]
    text, binary = (
        run("compute", "mae", str(tmp_path / name), *words) for name in ("d.csv", "d.parquet")
    )
    assert text == binary
    assert [float(line) for line in text.out.split()] == [abs(float(x)) for x in texts]


# --- a file that goes on behind its end ----------------------------------------------------------


@pytest.mark.parametrize("packer", PACKERS)
def test_streams_put_together_are_read_whole(packer: str, tmp_path: Path) -> None:
    """As `cat` and tools that compress side by side leave them; what is no stream is no end."""
    pack = PACKERS[packer]
    first, second = pack(b"prediction,target\n1,3\n"), pack(b"1,1\n2,4\n0,0\n")
    path = tmp_path / f"data.csv.{packer}"

    def ran(data: bytes) -> Ran:
        path.write_bytes(data)
        return run("compute", "mse", str(path), "--format", "value")

    assert ran(first + second).out == "2.0\n"
    if packer in ("gz", "xz"):  # whose files may be padded
        assert ran(first + bytes(512) + second + bytes(512)).out == "2.0\n"
    for damaged in (
        first + second[:-1],
        first + b"?" + second[1:],
        first + second + b"trailing garbage",
        first + second[: len(second) // 2],
    ):
        assert ran(damaged).code == 2
        assert "data.csv" in ran(damaged).err


def test_an_xz_file_that_asks_for_gigabytes(tmp_path: Path) -> None:
    intact = lzma.compress(b"prediction,target\n1,3\n", lzma.FORMAT_XZ, lzma.CHECK_NONE)
    # The size of the dictionary is one byte of the header of the block, before its checksum.
    at = intact.index(b"\x21\x01") + 2
    header = intact[12 : 12 + (intact[12] + 1) * 4 - 4]
    greedy = header[: at - 12] + bytes([40]) + header[at - 11 :]
    data = intact[:12] + greedy + zlib.crc32(greedy).to_bytes(4, "little")
    path = tmp_path / "data.csv.xz"
    path.write_bytes(data + intact[len(data) :])
    ran = run("compute", "mse", str(path), "--format", "value")
    assert (ran.code, "emory" in ran.err) == (2, True)


def test_an_arrow_stream_cut_between_batches(tmp_path: Path) -> None:
    """It is a shorter stream but for the mark at its end, which nothing makes Arrow ask for."""
    whole = write_stream({"prediction": NUMBERS, "target": NUMBERS[::-1]})
    ends = [i for i in range(len(whole)) if whole.startswith(b"\xff\xff\xff\xff", i)]
    assert len(ends) == 5  # the schema, three batches and the mark
    for end in ends[1:]:
        for name, data in (("cut.arrows", whole[:end]), ("cut.gz", gzip.compress(whole[:end]))):
            (tmp_path / name).write_bytes(data)
            ran = run("compute", "mse", str(tmp_path / name), "--format", "value")
            assert (ran.code, ran.out) == (2, "")
            assert "is cut off: the Arrow stream has no end" in ran.err


@pytest.mark.parametrize("behind", ["itself", "zeros"])
@pytest.mark.parametrize("extension", ["arrows", "npy"])
def test_something_is_written_behind_the_end(extension: str, behind: str, tmp_path: Path) -> None:
    """Other readers stop at the end of the first, and the rows of the second are lost."""
    columns = {"prediction": NUMBERS, "target": NUMBERS[::-1]}
    whole = write_stream(columns) if extension == "arrows" else write_records(columns)
    path = tmp_path / f"data.{extension}"
    path.write_bytes(whole)
    assert run("compute", "mse", str(path), "--format", "value").code == 0
    path.write_bytes(whole + (whole if behind == "itself" else bytes(16)))
    ran = run("compute", "mse", str(path), "--format", "value")
    assert (ran.code, ran.out) == (2, "")
    assert "after the end" in ran.err or "behind the array" in ran.err


def test_a_flipped_bit_far_into_an_archive(tmp_path: Path) -> None:
    """Arrays that lie in an archive as they are get mapped, and their checksum is compared."""
    path = tmp_path / "data.npz"
    values = np.arange(200_000.0)
    np.savez(path, prediction=values, target=values + 2)
    assert run("compute", "mse", str(path), "--format", "value").out == "4.0\n"
    data = bytearray(path.read_bytes())
    data[data.index(np.float64(150_000).tobytes()) + 6] ^= 1
    path.write_bytes(data)
    ran = run("compute", "mse", str(path), "--format", "value")
    assert (ran.code, ran.out) == (2, "")
    assert "CRC" in ran.err


# --- shapes that readers choke on ----------------------------------------------------------------


def test_ten_thousand_columns(tmp_path: Path) -> None:
    names = [f"logits_{i}" for i in range(10_000)]
    (tmp_path / "wide.csv").write_text(f"{','.join(names)}\n{','.join(['0'] * 10_000)}\n")
    (tmp_path / "t.csv").write_text("target\n0\n")
    words = ["compute", "cross-entropy", str(tmp_path / "wide.csv"), str(tmp_path / "t.csv")]
    with no_hang():
        ran = run(*words, "--format", "value")
    assert float(ran.out) == pytest.approx(math.log(10_000), rel=1e-15)
    with no_hang():
        ran = run("compute", "mse", str(tmp_path / "wide.csv"))
    assert ran.code == 2
    assert len(ran.err) < 2_000


def test_a_field_of_many_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    path.write_text(f"prediction,target\n1,{'9' * 30_000_000}\n")
    with no_hang():
        ran = run("compute", "mse", str(path))
    assert ran.code in (1, 2)
    assert len(ran.out + ran.err) < 20_000


def test_a_header_of_many_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    path.write_text("x" * 30_000_000)
    with no_hang():
        ran = run("compute", "mse", str(path))
    assert (ran.code, len(ran.err) < 2_000) == (2, True)


@pytest.mark.parametrize("header", ["a,a", "prediction,prediction,target", ",", "target,target"])
def test_headers_that_repeat(header: str, tmp_path: Path) -> None:
    cells = ",".join("1" for _ in header.split(","))
    path = tmp_path / "twice.csv"
    path.write_text(f"{header}\n{cells}\n")
    ran = run("compute", "mse", str(path))
    assert ran.code == 2
    assert ran.err.startswith("error: ")


@pytest.mark.parametrize(
    "name", ["../t.csv", "a/../t.csv", "-c.csv", "t t.csv", "t[bold].csv", "t\n.csv", "é.csv"]
)
def test_paths_are_only_names(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "a").mkdir(parents=True)
    path = folder / name
    path.write_text("prediction,target\n1,3\n")
    ran = run("compute", "mse", str(path), "--format", "value")
    assert (ran.code, ran.out) == (0, "4.0\n")


@pytest.mark.parametrize("name", ["a\0b", "x" * 5_000, "/dev/null", "/proc/self/mem", "/", ""])
def test_paths_that_are_no_files(name: str) -> None:
    with no_hang():
        ran = run("compute", "mse", name, name)
    assert ran.code == 2
    assert ran.err.startswith("error: ")
    assert len(ran.err) < 12_000


# --- arrays that lie -----------------------------------------------------------------------------


class Lying:
    """An object whose ``__array__`` returns whatever it was given, or raises it."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def __array__(self, dtype: object = None, copy: object = None) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def __len__(self) -> int:
        return 10**9


LIES = {
    "no array": [[1.0, 2.0]],
    "text": [np.array(["a", "b"])],
    "objects": [np.array([object(), object()])],
    "an error": [RuntimeError("no memory")],
    "another length the second time": [np.ones(2), np.ones(5)],
    "other shape": [np.ones((2, 2, 0))],
    "dates": [np.array(["2026-01-01", "2026-01-02"], "datetime64[D]")],
    "records": [np.array([(1, 2.0)], dtype=[("a", int), ("b", float)])],
    "complex": [np.array([1j, 2j])],
    "nothing": [None],
}


@pytest.mark.parametrize("answers", LIES.values(), ids=LIES)
def test_an_array_that_lies(answers: list[Any]) -> None:
    if answers[0] is not LIES["another length the second time"][0]:
        with pytest.raises((losscli.DataError, losscli.UsageError)):
            losscli.compute("mse", Lying(*answers), [1.0, 3.0])
    else:
        # It is asked once, and what it says then is what is computed.
        assert losscli.compute("mse", Lying(*answers), [1.0, 3.0]).value == 2.0


class Boasting(np.ndarray):
    """An array whose attributes and methods say what is not so."""

    @property
    def shape(self) -> Any:
        return (5, 5)

    def __array__(self, *args: object, **kwargs: object) -> Any:
        raise RuntimeError("it is one already")

    def reshape(self, *args: Any, **kwargs: Any) -> Any:
        return np.zeros(99)


class Endless(Lying):
    shape, dtype, ndim = (7, 3), "nonsense", 9


@pytest.mark.parametrize(
    "value",
    [np.ones(2).view(Boasting), Endless(np.ones(2)), Lying(np.ones(2), np.array(["a", "b"]))],
    ids=["a subclass", "attributes", "text the second time"],
)
def test_what_counts_is_what_the_values_are(value: Any) -> None:
    assert losscli.compute("mse", value, [1.0, 3.0]).value == 2.0


def test_an_exit_from_an_array_is_one() -> None:
    with pytest.raises(SystemExit):
        losscli.compute("mse", Lying(SystemExit(5)), [1.0, 3.0])


# --- bombs ---------------------------------------------------------------------------------------


def npy(header: str, data: bytes) -> bytes:
    padded = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded + data


def f8_of(shape: tuple[int, ...]) -> str:
    return f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}"


BOMBS = {
    "lists.jsonl": b'{"prediction": '
    + b"[" * 200_000
    + b"1"
    + b"]" * 200_000
    + b', "target": 1}\n',
    "objects.jsonl": b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b"\n",
    "promise.npy": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (10**12,)}", bytes(64)),
    "large.npy": npy(f8_of((10**12,)), bytes(64)),
    "too large.npy": npy(f8_of((2**32, 2**32)), bytes(64)),
    "nothing.npy": npy(f8_of((10**12, 0)), b""),
    "negative.npy": npy(f8_of((-4, -2)), bytes(64)),
    "true.npy": npy(f8_of((True,)), bytes(8)),
    "deep.npy": npy("{'descr': '<f8', 'shape': (" + "-" * 6000 + "8,)}", bytes(64)),
    "future.npy": npy(f8_of((8,)), bytes(64)).replace(b"Y\x01", b"Y\x09"),
    "pickle.npy": npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", bytes(16)),
    "code.npy": npy("{'descr': __import__('os').abort(), 'shape': (2,)}", bytes(16)),
    "twice.csv.gz": gzip.compress(gzip.compress(b"prediction,target\n1,2\n")),
}


@pytest.mark.parametrize("name", BOMBS)
def test_files_made_to_harm(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(BOMBS[name])
    with no_hang():
        ran = run("compute", "mse", str(path), str(path))
    assert ran.code == 2
    assert ran.err.startswith(f"error: {path}")
    assert len(ran.err) < 2_000


MEASURED = """
import sys
from losscli.cli import main
try:
    main(sys.argv[1:])
finally:
    status = open("/proc/self/status").read()
    print(status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no measure of memory here")
@pytest.mark.parametrize("limit", ["none", "10M"])
def test_a_file_that_unpacks_to_a_thousand_times_its_size(tmp_path: Path, limit: str) -> None:
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"prediction,target\n")
        for _ in range(200):
            file.write(b"1.5,2.5\n" * 2**17)
    words = [sys.executable, "-c", MEASURED, "compute", "mse", str(path), "--format", "value"]
    env = os.environ | {"LOSSCLI_UNPACK_LIMIT": limit}
    ran = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
    if limit == "none":
        assert (ran.returncode, ran.stdout) == (0, "1.0\n")
    else:
        assert ran.returncode == 2
        assert "this looks like a trap" in ran.stderr
    # Kilobytes. The rows are 210 MB of text and 420 MB of numbers.
    assert int(ran.stderr.split()[-1]) < 300_000
