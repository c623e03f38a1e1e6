"""Killed, interrupted, or out of disk: a file under the final name is whole, or is not there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

resource = pytest.importorskip("resource", reason="limits are POSIX")

ROWS = 400_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file whose losses take a while to write as text."""
    path = tmp_path_factory.mktemp("interrupted") / "data.parquet"
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=ROWS) for name in ("prediction", "target")}
    columns["id"] = np.arange(ROWS)
    pq.write_table(pa.table(columns), path, row_group_size=1 << 16)
    return path


def start(
    words: list[str], folder: Path, limit: Callable[[], object] | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "losscli", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
        env=os.environ | {"TMPDIR": str(folder)},
    )


def writing(path: Path, out: str) -> list[str]:
    return ["compute", "mae", str(path), "--per-sample", out, "--format", "value"]


def wait_for_output(folder: Path, process: subprocess.Popen[str]) -> None:
    """Until the file has begun to be written, under whatever name."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if any(path.stat().st_size for path in folder.iterdir()):
            return
        time.sleep(0.002)


def is_whole(path: Path) -> bool:
    return path.read_bytes().count(b"\n") == ROWS + 1


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.3])
def test_kill_leaves_no_half_written_file(data: Path, tmp_path: Path, delay: float) -> None:
    process = start(writing(data, "rows.csv"), tmp_path)
    wait_for_output(tmp_path, process)
    time.sleep(delay)
    process.kill()
    process.communicate()
    rows = tmp_path / "rows.csv"
    assert not rows.exists() or is_whole(rows)


def test_an_older_file_survives_a_kill(data: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("older")
    process = start(writing(data, "rows.csv"), tmp_path)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert (tmp_path / "rows.csv").read_text() == "older" or is_whole(tmp_path / "rows.csv")


def test_an_interrupt_exits_130_at_once_and_cleans_up(data: Path, tmp_path: Path) -> None:
    process = start(writing(data, "rows.csv"), tmp_path)
    wait_for_output(tmp_path, process)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("it was done before the signal came")
    assert time.monotonic() - began < 10
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


# Of every kind of file that a command writes, the words and how many files there are in the end.
KINDS = {
    "losses of rows": ("compute mae,mse {} --per-sample rows.parquet --format value", 1),
    "reports": ("compute mae {} --json-report r.json --markdown-report r.md --format value", 2),
    "for a pipeline": ("check mae {} --max 9 --junit-xml r.xml --json-report r.json", 2),
    "a baseline": ("check mae {} --baseline b.json --update-baseline --baseline-rows b.parquet", 2),
    "a comparison": (
        "compare mse a={0}:prediction b={0}:target --target {0} --json-report r.json",
        1,
    ),
    "a join on disk": (
        "compute mae {0} {0} -c prediction=prediction -c target=target --on id --memory 1M "
        "--per-sample rows.csv --format value",
        1,
    ),
}


def assert_readable(path: Path) -> None:
    """It is a file of its format, from the first byte to the last."""
    if path.suffix == ".json":
        json.loads(path.read_bytes())
    elif path.suffix == ".xml":
        ElementTree.fromstring(path.read_bytes())
    elif path.suffix == ".parquet":
        assert pq.read_table(path).num_rows == ROWS
    elif path.suffix == ".csv":
        assert is_whole(path)
    else:
        assert path.read_text(encoding="utf-8").startswith("**mae = ")


@pytest.mark.parametrize("kind", KINDS)
def test_kill_when_the_first_bytes_are_there(data: Path, tmp_path: Path, kind: str) -> None:
    line, count = KINDS[kind]
    words = line.format(data).split()
    process = start(words, tmp_path)
    wait_for_output(tmp_path, process)
    process.kill()
    process.communicate()
    for path in tmp_path.iterdir():
        if not path.name.startswith((".", "losscli-")):
            assert_readable(path)
        path.unlink()
    process = start(words, tmp_path)
    assert "Traceback" not in process.communicate(timeout=60)[1]
    assert process.returncode == 0
    assert len(list(tmp_path.iterdir())) == count
    for path in tmp_path.iterdir():
        assert_readable(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_whatever_is_written(data: Path, tmp_path: Path, kind: str) -> None:
    process = start(KINDS[kind][0].format(data).split(), tmp_path, no_more_than(100))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.startswith("error: cannot write ")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device is full here")
@pytest.mark.parametrize("words", ["list", "--help"])
def test_stdout_that_cannot_be_written_to(words: str) -> None:
    command = f"{sys.executable} -m losscli {words}"
    full = subprocess.run(f"{command} >/dev/full", shell=True, capture_output=True, text=True)
    assert (full.returncode, full.stderr) == (
        2,
        "error: cannot write to stdout: No space left on device\n",
    )
    # Nobody wants to see what is printed, and that is no error.
    closed = subprocess.run(f"{command} >&-", shell=True, capture_output=True, text=True)
    assert (closed.returncode, closed.stderr) == (0, "")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_job_that_is_ended_cleans_up(data: Path, tmp_path: Path, name: str) -> None:
    number = signal.Signals[name]
    process = start(writing(data, "rows.csv"), tmp_path)
    wait_for_output(tmp_path, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("it was done before the signal came")
    assert (process.returncode, out, err) == (128 + number, "", "")
    assert list(tmp_path.iterdir()) == []


LOST = """
import sys, time
from losscli.cli.signals import ending_by_signal

class Slow:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(1)

with ending_by_signal():
    try:
        Slow()
        time.sleep(60)
    except BaseException as raised:
        print(type(raised).__name__, raised)
"""


@pytest.mark.parametrize(
    ("number", "raised"),
    [(signal.SIGINT, "KeyboardInterrupt \n"), (signal.SIGTERM, "SystemExit 143\n")],
)
def test_a_signal_that_python_drops_is_asked_again(number: int, raised: str) -> None:
    """What is raised in a finalizer goes nowhere, and the run would go on."""
    words = [sys.executable, "-c", LOST]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.communicate(timeout=20) == (raised, "")


def test_an_interrupt_while_the_command_line_loads(data: Path, tmp_path: Path) -> None:
    for delay in (0.12, 0.2, 0.3):
        process = start(writing(data, "rows.csv"), tmp_path)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        # Python itself, and what it reads of its own, cannot be held back.
        assert process.returncode in (130, -signal.SIGINT)
        assert process.returncode != 130 or err == ""
        assert list(tmp_path.iterdir()) == []


def test_what_is_ignored_stays_ignored(data: Path, tmp_path: Path) -> None:
    """As under nohup."""
    ignore = partial(signal.signal, signal.SIGHUP, signal.SIG_IGN)
    process = start(writing(data, "rows.csv"), tmp_path, ignore)
    wait_for_output(tmp_path, process)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert is_whole(tmp_path / "rows.csv")


def no_more_than(size: int) -> Callable[[], None]:
    """A disk with so much room for each file."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.mark.parametrize("out", ["rows.csv", "rows.parquet"])
def test_a_full_disk_is_reported_and_leaves_nothing(data: Path, tmp_path: Path, out: str) -> None:
    process = start(writing(data, out), tmp_path, no_more_than(100_000))
    printed, err = process.communicate(timeout=60)
    assert (process.returncode, printed) == (2, "")
    assert err.startswith(f"error: cannot write {out}: ")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_no_room_for_what_is_set_aside(data: Path, tmp_path: Path) -> None:
    words = ["compute", "mae", str(data), "--reduction", "none", "--format", "csv"]
    process = start(words, tmp_path, no_more_than(100_000))
    printed, err = process.communicate(timeout=60)
    assert (process.returncode, printed) == (2, "")
    assert err.startswith(f"error: cannot set losses aside in {tmp_path}: ")
    assert list(tmp_path.iterdir()) == []
