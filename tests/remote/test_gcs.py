"""``gs://``, as an emulator answers in Google's place on this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from stores import NAMES, refused, same_as_on_disk

import losscli

pytest.importorskip("gcp_storage_emulator")
requests = pytest.importorskip("requests")


@pytest.fixture(scope="module")
def address(files: Path) -> Iterator[str]:
    """A server with one bucket. Arrow waits for it without letting other threads of Python run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["start", "--host=127.0.0.1", f"--port={port}", "--in-memory", "--default-bucket=preds"]
    served = subprocess.Popen(
        [sys.executable, "-m", "gcp_storage_emulator", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_for(base)
        for path in files.rglob("*"):
            if path.is_file():
                _upload(base, path.relative_to(files).as_posix(), path)
        yield base
    finally:
        served.terminate()
        served.wait()


def _wait_for(base: str) -> None:
    for _ in range(100):
        try:
            requests.get(f"{base}/storage/v1/b/preds", timeout=10)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return


def _upload(base: str, name: str, path: Path) -> None:
    upload = f"{base}/upload/storage/v1/b/preds/o?uploadType=media&name={quote(name, safe='')}"
    kind = {"Content-Type": "application/octet-stream"}
    requests.post(upload, data=path.read_bytes() or b"0", headers=kind, timeout=10)


@pytest.fixture
def gcs(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is where Google's libraries look."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)


@pytest.mark.usefixtures("gcs")
@pytest.mark.parametrize("name", NAMES)
def test_names_mean_what_they_mean_on_disk(name: str, files: Path) -> None:
    same_as_on_disk(f"gs://preds/{name}", files / name)


@pytest.mark.usefixtures("gcs")
def test_partitions_slice() -> None:
    slices = losscli.compute("mse", "gs://preds/runs", by="model").slices
    assert sorted(one.slice["model"] for one in slices) == ["a", "b", "c"]


@pytest.mark.usefixtures("gcs")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("preds/none.csv", "gs://preds/none.csv: there is no such file"),
        ("preds/none.parquet", "gs://preds/none.parquet: there is no such file"),
        ("preds/none/*.csv", "gs://preds/none/*.csv: matches no file"),
        ("preds", "gs://preds: holds the folder 'a b', which is no partition"),
        ("nobody/all.csv", "gs://nobody/all.csv: there is no bucket 'nobody'"),
        ("", "gs:// names no bucket"),
    ],
)
def test_what_is_not_there(name: str, said: str) -> None:
    assert said in refused(f"gs://{name}")


def test_a_store_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up in time: Google's library would try for a quarter of an hour."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    begun = time.monotonic()
    said = refused("gs://preds/all.csv", seconds=90)
    assert "gs://preds/all.csv: cannot be reached: " in said
    assert time.monotonic() - begun < 60
