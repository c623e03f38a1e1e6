"""Where bytes come from: files, compressed files, standard input, pipes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.data import sources, stored, unpack
from losscli.data.files import open_files
from losscli.data.reading import Reading
from losscli.domain import REAL, Role
from losscli.errors import DataError, UsageError

PREDICTION, TARGET = Role("prediction", REAL), Role("target", REAL)
TEXT = b"prediction,note\n1.5,a\n-2,b\n"


def zstd(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
}


def read(path: str | Path, reading: Reading | None = None) -> list[float]:
    (feed,) = open_files((PREDICTION,), [str(path)], columns={}, reading=reading or Reading()).feeds
    with closing(feed.cursor(0, None)) as cursor:
        return [float(x) for x in cursor.read(10**6)["prediction"]]


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("name", ["preds.csv", "preds.tsv", "preds"])
def test_compressed_files(tmp_path: Path, suffix: str, name: str) -> None:
    text = TEXT.replace(b",", b"\t") if name.endswith(".tsv") else TEXT
    path = tmp_path / f"{name}{suffix}"
    path.write_bytes(COMPRESS[suffix](text))
    reading = Reading(input_format="csv") if name == "preds" else None
    assert read(path, reading) == [1.5, -2.0]


@pytest.mark.parametrize("suffix", COMPRESS)
def test_bytes_say_what_the_name_does_not(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "preds.csv"
    path.write_bytes(COMPRESS[suffix](TEXT))
    assert read(path) == [1.5, -2.0]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_several_streams_in_one_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"preds.csv{suffix}"
    path.write_bytes(COMPRESS[suffix](TEXT) + COMPRESS[suffix](b"3,c\n"))
    assert read(path) == [1.5, -2.0, 3.0]


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_large_file_in_pieces(tmp_path: Path, suffix: str) -> None:
    values = [i / 7 for i in range(200_000)]
    text = "prediction\n" + "\n".join(map(repr, values)) + "\n"
    path = tmp_path / f"preds.csv{suffix}"
    path.write_bytes(COMPRESS[suffix](text.encode()))
    assert read(path) == values


def test_parquet_in_gzip(tmp_path: Path) -> None:
    table = io.BytesIO()
    pq.write_table(pa.table({"prediction": [1.0, 2.0]}), table)
    (tmp_path / "preds.parquet.gz").write_bytes(gzip.compress(table.getvalue()))
    assert read(tmp_path / "preds.parquet.gz") == [1.0, 2.0]


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other", "twice"])
def test_damaged_files(tmp_path: Path, suffix: str, damage: str) -> None:
    data = bytearray(COMPRESS[suffix](b"prediction\n" + os.urandom(5000).hex().encode()))
    path = tmp_path / f"preds.csv{suffix}"
    if damage == "cut":
        del data[-len(data) // 3 :]
    elif damage == "flipped":
        data[len(data) // 2] ^= 0x55
        data[-7] ^= 0x55
    elif damage == "empty":
        data.clear()
    elif damage == "other":
        data = bytearray(TEXT)
    else:
        data = bytearray(COMPRESS[suffix](bytes(data)))
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    said = {
        "cut": "is cut off",
        "empty": "though it is called so",
        "other": "though it is called so",
        "twice": "compressed twice",
    }
    # zstd has no checksum unless it is asked for one.
    if damage in said:
        assert said[damage] in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_trap_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    path = tmp_path / f"preds.csv{suffix}"
    path.write_bytes(COMPRESS[suffix](b"prediction\n" + b"0\n" * 2_000_000))
    assert len(read(path)) == 10**6
    monkeypatch.setenv("LOSSCLI_UNPACK_LIMIT", "1M")
    monkeypatch.setattr(unpack, "_MOST_TIMES", 50)
    with pytest.raises(DataError, match="LOSSCLI_UNPACK_LIMIT"):
        read(path)
    for enough in ("none", "1G", "4000000"):
        monkeypatch.setenv("LOSSCLI_UNPACK_LIMIT", enough + ("" if enough != "4000000" else "0"))
        assert len(read(path)) == 10**6
    monkeypatch.setenv("LOSSCLI_UNPACK_LIMIT", "lots")
    with pytest.raises(UsageError, match="LOSSCLI_UNPACK_LIMIT 'lots' is no size"):
        read(path)


def test_much_from_much_is_no_trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSCLI_UNPACK_LIMIT", "1K")
    path = tmp_path / "preds.csv.gz"
    path.write_bytes(gzip.compress(b"prediction\n" + b"".join(b"%d\n" % i for i in range(9999))))
    assert read(path)[-1] == 9998


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **kwargs: object) -> object:
        return open("/dev/full", "wb", buffering=0)

    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    monkeypatch.setattr(stored.tempfile, "TemporaryFile", full)
    path = tmp_path / "preds.csv.gz"
    path.write_bytes(gzip.compress(TEXT))
    with pytest.raises(DataError, match=r"cannot be copied to .*No space left.*\n.*TMPDIR"):
        read(path)


def test_without_open_files_by_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_DESCRIPTORS", str(tmp_path / "none"))
    monkeypatch.setattr(stored.tempfile, "tempdir", str(tmp_path))
    path = tmp_path / "preds.csv.gz"
    path.write_bytes(gzip.compress(TEXT))
    assert read(path) == [1.5, -2.0]
    assert os.listdir(tmp_path) == ["preds.csv.gz"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_temporary_files_are_closed(tmp_path: Path) -> None:
    path = tmp_path / "preds.csv.gz"
    path.write_bytes(gzip.compress(TEXT))
    before = len(os.listdir("/proc/self/fd"))
    assert read(path) == [1.5, -2.0]
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("data", [TEXT, gzip.compress(TEXT, mtime=0)])
def test_a_named_pipe(tmp_path: Path, data: bytes) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    assert read(pipe) == [1.5, -2.0]
    writer.join()


def losscli(command: str, folder: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    script = f'losscli() {{ {sys.executable} -m losscli "$@"; }}\n{command}'
    return subprocess.run(
        ["bash", "-c", script],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "preds.csv").write_bytes(TEXT)
    (tmp_path / "targets.csv").write_bytes(b"target\n1\n1\n")
    pq.write_table(pa.table({"target": [1.0, 1.0]}), tmp_path / "targets.parquet")
    return tmp_path


MSE = (0.25 + 9) / 2


@pytest.mark.parametrize(
    "command",
    [
        "cat preds.csv | losscli compute mse - targets.csv",
        "cat preds.csv | losscli compute mse - targets.parquet",
        "cat targets.parquet | losscli compute mse preds.csv target=-",
        "gzip -c preds.csv | losscli compute mse - targets.csv",
        "losscli compute mse - targets.csv < preds.csv",
        "paste -d, preds.csv targets.csv | losscli compute mse -",
        "tr , '\\t' < preds.csv | losscli compute mse - targets.csv --input-format tsv",
        "losscli compute mse <(cat preds.csv) <(cat targets.csv)",
        "losscli compute mse <(cat preds.csv) <(cat targets.parquet)",
    ],
)
def test_standard_input_and_process_substitution(folder: Path, command: str) -> None:
    done = losscli(f"{command} --format value", folder)
    assert done.stderr == b""
    assert float(done.stdout) == MSE


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("losscli compute mse - -", "standard input is for one role"),
        ("losscli compute mse - target=-", "standard input is for one role"),
        ("losscli compute mse - targets.csv < /dev/null", "standard input: is empty"),
        ("losscli compute mse preds.csv targets.csv --input-format cvs", "did you mean 'csv'"),
        ("losscli compute mse preds.csv targets.csv --delimiter ab", "cannot separate cells"),
        ("losscli compute mse preds.csv targets.csv --decimal x", "the decimal mark is . or ,"),
    ],
)
def test_what_standard_input_cannot_do(folder: Path, command: str, message: str) -> None:
    done = losscli(command, folder, TEXT)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr.decode()
    assert done.stdout == b""


def test_a_terminal_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="nothing is piped into it"):
        sources.find("-")
