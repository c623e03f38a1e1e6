"""What stands behind a name is no file, or the name is none: a message, never a hang."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Ran, assert_refused, run

from losscli.data import pipes

BOTH = "prediction,target\n1,3\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text(BOTH)
    return tmp_path


def value(*words: str) -> Ran:
    return run("compute", "mse", *words, "--format", "value")


def later(seconds: float, do: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(seconds, do)
    timer.start()
    return timer


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("a\0b.csv", "a zero byte"),
        ("file:///a%00b.csv", "a zero byte"),
        ("file://d.csv", "three slashes"),
        ("d.csv/", "Not a directory"),
        ("d.csv/x", "Not a directory"),
        ("[", "matches no file"),
    ],
)
@pytest.mark.parametrize("words", [["mse", "{}"], ["cross-entropy", "d.csv", "--weight", "@{}"]])
def test_no_file_can_have_this_name(named: str, says: str, words: list[str]) -> None:
    """Wherever a file may be named: as a role, and as what holds a parameter."""
    ran = run("compute", *(word.format(named) for word in words))
    assert_refused(ran, (says,))


@pytest.mark.parametrize("name", ["[d].csv", "*.csv", "%64.csv", "target=d.csv", "d\n.csv"])
def test_a_name_that_looks_like_something_else(name: str, folder: Path) -> None:
    (folder / name).write_text(BOTH)
    assert value(f"./{name}") == Ran(0, "4.0\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="names are any bytes on Linux")
def test_a_name_that_is_no_text(folder: Path) -> None:
    name = os.fsdecode(b"d\xff.csv")
    (folder / name).write_text(BOTH)
    assert value(name) == Ran(0, "4.0\n", "")
    assert_refused(value(f"no{name}"), ("there is no such file",))
    assert run("compute", "mse", name, "--json-report", "out.json", "--format", "json").code == 0


def test_links(folder: Path) -> None:
    (folder / "a.csv").symlink_to("b.csv")
    (folder / "b.csv").symlink_to("a.csv")
    (folder / "dangling.csv").symlink_to("nowhere.csv")
    (folder / "good.csv").symlink_to("d.csv")
    assert_refused(value("a.csv"), ("a.csv", "Too many levels"))
    assert_refused(value("dangling.csv"), ("there is no such file",))
    assert value("good.csv") == Ran(0, "4.0\n", "")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets here")
def test_a_socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert_refused(value("socket"), ("socket", "is not a regular file"))


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/random", "/dev/null"])
def test_a_device(device: str) -> None:
    if not Path(device).exists():
        pytest.skip("there is none here")
    assert_refused(value(device), (device, "is not a regular file"))


# --- named pipes ---------------------------------------------------------------------------------

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")


@needs_pipes
def test_nobody_writes_to_a_pipe(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkfifo("fifo")
    monkeypatch.setenv("LOSSCLI_PIPE_WAIT", "0.3")
    monkeypatch.setattr(pipes, "_SILENT", 0.1)
    assert_refused(value("fifo"), ("fifo", "nobody has opened to write for 0.3 s", "=3600"))
    assert caplog.messages == ["waiting for somebody to write to 'fifo'"]
    monkeypatch.setenv("LOSSCLI_PIPE_WAIT", "soon")
    assert_refused(value("fifo"), ("LOSSCLI_PIPE_WAIT", "soon", "600"))


@needs_pipes
def test_a_writer_may_be_late_and_slow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for a writer; once there is one it may take as long as it likes."""
    os.mkfifo("fifo")
    monkeypatch.setenv("LOSSCLI_PIPE_WAIT", "0.6")

    def write() -> None:
        with open("fifo", "wb", buffering=0) as pipe:
            for piece in (BOTH[:20], BOTH[20:]):
                time.sleep(0.8)
                pipe.write(piece.encode())

    writer = later(0.2, write)
    assert value("fifo") == Ran(0, "4.0\n", "")
    writer.join()


@needs_pipes
def test_a_writer_that_writes_nothing(folder: Path) -> None:
    os.mkfifo("fifo")
    writer = later(0.2, lambda: Path("fifo").write_bytes(b""))
    assert_refused(value("fifo"), ("fifo", "is empty"))
    writer.join()


@needs_pipes
def test_an_interrupt_while_a_pipe_is_waited_for(folder: Path) -> None:
    os.mkfifo("fifo")
    words = [sys.executable, "-m", "losscli", "compute", "mse", "fifo"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "waiting for somebody to write to 'fifo'\n"
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "")
    assert time.monotonic() - began < 2


# --- where reports go ----------------------------------------------------------------------------


@needs_pipes
def test_a_report_into_a_pipe_leaves_it_one(folder: Path) -> None:
    os.mkfifo("fifo")
    read: list[str] = []
    reader = later(0, lambda: read.append(Path("fifo").read_text()))
    assert run("compute", "mse", "d.csv", "--markdown-report", "fifo").code == 0
    reader.join()
    assert read[0].startswith("**mse = 4.0**")
    assert stat.S_ISFIFO(os.stat("fifo").st_mode)
    assert sorted(os.listdir()) == ["d.csv", "fifo"]


@pytest.mark.skipif(sys.platform != "linux", reason="no device is full here")
def test_a_report_into_a_full_device(folder: Path) -> None:
    device = "/dev/full"
    if os.geteuid() == 0:
        # Root could replace the system's own.
        device = "full"
        os.mknod(device, stat.S_IFCHR | 0o666, os.stat("/dev/full").st_rdev)
    ran = run("compute", "mse", "d.csv", "--json-report", device)
    assert_refused(ran, (f"cannot write {device}: No space left on device",))
    assert stat.S_ISCHR(os.stat(device).st_mode)


def test_a_report_through_a_link_leaves_it_one(folder: Path) -> None:
    (folder / "link.md").symlink_to("reports/real.md")
    ran = run("compute", "mse", "d.csv", "--markdown-report", "link.md")
    assert_refused(ran, ("cannot write link.md", "make the folder first"))
    (folder / "reports").mkdir()
    assert run("compute", "mse", "d.csv", "--markdown-report", "link.md").code == 0
    assert (folder / "link.md").is_symlink()
    assert (folder / "reports" / "real.md").read_text().startswith("**mse = 4.0**")


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="stdout has no name here")
@pytest.mark.parametrize("to", ["pipe", "file"])
def test_a_report_to_where_stdout_goes(folder: Path, to: str) -> None:
    command = "{} -m losscli compute mse d.csv -f value --markdown-report /dev/stdout {}"
    redirect = "> out.txt; cat out.txt" if to == "file" else "| cat"
    line = command.format(sys.executable, redirect)
    ran = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("**mse = 4.0**")
    assert ran.stdout.endswith("\n4.0\n")


def test_a_report_whose_name_is_as_long_as_names_may_be(folder: Path) -> None:
    name = "é" * 100 + ".json"
    assert run("compute", "mse", "d.csv", "--json-report", name).code == 0
    assert sorted(os.listdir()) == ["d.csv", name]
