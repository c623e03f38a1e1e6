"""Files behind addresses: fsspec's memory, and an HTTP server on this machine.

Object stores are tried in ``remote/``, against servers that take more packages.
"""

from __future__ import annotations

import gzip
import os
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.data.remote import list_remote
from losscli.data.stored import is_url, shown
from losscli.errors import DataError, UsageError

fsspec = pytest.importorskip("fsspec")

CSV = b"prediction,target\n1.5,1\n-2,1\n"
MSE = (0.25 + 9) / 2


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    system.pipe("/runs/all.csv", CSV)
    system.pipe("/runs/all.csv.gz", gzip.compress(CSV))
    for i in range(12):
        for model in ("a", "b"):
            path = tmp_path / "x.parquet"
            pq.write_table(pa.table({"prediction": [float(i)], "target": [0.0]}), path)
            system.pipe(f"/parts/model={model}/part-{i}.parquet", path.read_bytes())
    system.pipe("/parts/_SUCCESS", b"")
    yield system
    system.rm("/runs", recursive=True)
    system.rm("/parts", recursive=True)


@pytest.mark.usefixtures("memory")
def test_one_file() -> None:
    for name in ("all.csv", "all.csv.gz"):
        result = losscli.compute("mse", f"memory://runs/{name}")
        assert result.value == MSE
        assert result.inputs[0].path == f"memory://runs/{name}"


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("url", "rows", "first"),
    [
        ("memory://parts", 24, 0.0),
        ("memory://parts/model=a/*.parquet", 12, 0.0),
        ("memory://parts/**/part-1?.parquet", 4, 100.0),
        ("memory://parts/model=*/part-3.parquet", 2, 9.0),
    ],
)
def test_folders_and_patterns(url: str, rows: int, first: float) -> None:
    result = losscli.compute("mse", url, reduction="none")
    assert result.n == rows
    assert result.per_sample is not None
    assert result.per_sample[0] == first
    if url == "memory://parts":
        assert result.per_sample.tolist() == [float(i) ** 2 for i in range(12)] * 2
        assert losscli.compute("mse", url, group="model", reduction="none").n == 2


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://runs/none.csv", "memory://runs/none.csv: there is no such file"),
        ("memory://runs/*.json", "memory://runs/*.json: matches no file"),
        ("memory://runs/none.parquet", "memory://runs/none.parquet: there is no such file"),
    ],
)
def test_what_is_not_there(url: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        losscli.compute("mse", url)
    assert message in str(caught.value)


def test_faults_are_named(memory: Any) -> None:
    memory.pipe("/runs/bad.csv", b"prediction,target\n1,1\nx,1\n")
    with pytest.raises(DataError, match=r"memory://runs/bad\.csv, column 'prediction', row 2"):
        losscli.compute("mse", "memory://runs/bad.csv")
    memory.pipe("/runs/bad.parquet", b"PAR1rubbishPAR1")
    with pytest.raises(DataError, match=r"memory://runs/bad\.parquet: cannot be read as Parquet"):
        losscli.compute("mse", "memory://runs/bad.parquet")


def test_file_addresses(tmp_path: Path) -> None:
    (tmp_path / "a b.csv").write_bytes(CSV)
    assert losscli.compute("mse", (tmp_path / "a b.csv").as_uri()).value == MSE


class Ranges(SimpleHTTPRequestHandler):
    """Answers ranges, as object stores do."""

    def send_head(self) -> Any:
        asked = self.headers.get("Range")
        path = self.translate_path(self.path)
        if not asked or not os.path.isfile(path):
            return super().send_head()
        begin, end = asked.removeprefix("bytes=").split("-")
        data = Path(path).read_bytes()
        start = int(begin or 0)
        stop = min(int(end or len(data) - 1), len(data) - 1)
        self.server.ranges.append((start, stop))  # type: ignore[attr-defined]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{stop}/{len(data)}")
        self.send_header("Content-Length", str(stop - start + 1))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        self.wfile.write(data[start : stop + 1])
        return None

    def end_headers(self) -> None:
        if self.command == "HEAD":
            self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def log_message(self, *args: object) -> None:
        pass


class Plain(SimpleHTTPRequestHandler):
    """Knows no ranges."""

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(params=[Plain, Ranges])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    pytest.importorskip("aiohttp")
    (tmp_path / "all.csv").write_bytes(CSV)
    (tmp_path / "all.csv.gz").write_bytes(gzip.compress(CSV))
    rng = np.random.default_rng(0)
    table = pa.table({"prediction": rng.normal(size=200_000), "target": rng.normal(size=200_000)})
    noise = rng.bytes(2**20)
    wide = table.append_column("noise", [[noise[i : i + 40] for i in range(200_000)]])
    pq.write_table(wide, tmp_path / "all.parquet", row_group_size=50_000)
    pq.write_table(table, tmp_path / "small.parquet")
    served = ThreadingHTTPServer(("127.0.0.1", 0), partial(request.param, directory=tmp_path))
    served.ranges = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


def test_http(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    base = f"http://127.0.0.1:{server.server_port}"
    for name in ("all.csv", "all.csv.gz"):
        assert losscli.compute("mse", f"{base}/{name}").value == MSE
    expected = losscli.compute("mse", str(tmp_path / "all.parquet"))
    for query in ("", "?X-Amz-Signature=secret"):
        result = losscli.compute("mse", f"{base}/all.parquet{query}")
        assert result.value == expected.value
        assert result.inputs[0].path == f"{base}/all.parquet"
        assert "secret" not in result.to_json()
    ranges = server.ranges  # type: ignore[attr-defined]
    if ranges:
        size = (tmp_path / "all.parquet").stat().st_size
        assert all(stop - start < size - 1 for start, stop in ranges)


def test_secrets_are_not_shown(server: ThreadingHTTPServer) -> None:
    base = f"http://me:password@127.0.0.1:{server.server_port}"
    for name in ("none.csv", "none.parquet", "all.csv/x.npy"):
        with pytest.raises(DataError) as caught:
            losscli.compute("mse", f"{base}/{name}?sig=secret")
        said = str(caught.value)
        assert "secret" not in said
        assert "password" not in said
        assert f"http://127.0.0.1:{server.server_port}/{name}" in said


def test_addresses() -> None:
    assert shown("https://u:p@host:80/a/b.csv?sig=1") == "https://host:80/a/b.csv"
    assert is_url("s3://b/k")
    assert not is_url("C:\\x")
    assert not is_url("preds.csv")


def test_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(UsageError, match=r"memory:// needs packages.*\npip install 'losscli\[rem"):
        list_remote("memory://x.csv")


def test_a_store_that_the_extra_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adlfs", None)
    with pytest.raises(UsageError, match=r"abfs:// needs packages.*\nInstall adlfs"):
        list_remote("abfs://container/x.csv")


def test_an_unknown_scheme() -> None:
    with pytest.raises(DataError, match="cannot be read: Protocol not known: nothing"):
        list_remote("nothing://x.csv")
