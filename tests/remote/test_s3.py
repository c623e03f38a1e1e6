"""``s3://``, as moto answers in Amazon's place on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stores import NAMES, refused, run, same_as_on_disk

import losscli
from losscli.errors import UsageError

server = pytest.importorskip("moto.server")
boto3 = pytest.importorskip("boto3")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDSECRET", "AWS_SECRET_ACCESS_KEY": "a/secret+word"}


@pytest.fixture(scope="module")
def address(files: Path) -> Iterator[str]:
    """A server with one bucket."""
    served = server.ThreadedMotoServer(port=0, verbose=False)
    served.start()
    host, port = served.get_host_and_port()
    client = boto3.client("s3", **_boto(f"http://{host}:{port}"))
    client.create_bucket(Bucket="preds")
    for path in files.rglob("*"):
        if path.is_file():
            client.upload_file(str(path), "preds", path.relative_to(files).as_posix())
    client.put_object(Bucket="preds", Key="empty/", Body=b"")
    body = (files / "all.csv").read_bytes()
    client.put_object(Bucket="preds", Key="public.csv", Body=body, ACL="public-read")
    yield f"http://{host}:{port}"
    served.stop()


def _boto(endpoint: str) -> dict[str, str]:
    return {
        "endpoint_url": endpoint,
        "region_name": "us-east-1",
        "aws_access_key_id": KEYS["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"],
    }


@pytest.fixture
def s3(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server is where Amazon's libraries look, with credentials."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return address


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize("name", NAMES)
def test_names_mean_what_they_mean_on_disk(name: str, files: Path) -> None:
    same_as_on_disk(f"s3://preds/{name}", files / name)


@pytest.mark.usefixtures("s3")
def test_partitions_slice_and_rows_are_named_by_file() -> None:
    result = losscli.compute("mse", "s3://preds/runs", by=["model", "to"])
    assert [(*one.slice.values(), one.n > 0) for one in sorted(result.slices, key=str)] == [
        ("a", "us/east", True),
        ("b", "us/east", True),
        ("c", "us/east", True),
    ]
    worst = losscli.compute("mse", "s3://preds/parts").worst[0]
    code, said = run("s3://preds/parts")
    assert code == 0
    name, row = f"part-{(worst.row - 1) // 20}.parquet", (worst.row - 1) % 20 + 1
    assert f"s3://preds/parts/{name}" in said
    assert f" {row} " in said


@pytest.mark.usefixtures("s3")
def test_stores_and_disk_side_by_side(files: Path) -> None:
    result = losscli.compute("mae", "s3://preds/parts", str(files / "all.csv"), on="id")
    assert result.value == losscli.compute("mae", str(files / "all.csv")).value


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("preds/none.csv", "s3://preds/none.csv: there is no such file"),
        ("preds/none.parquet", "s3://preds/none.parquet: there is no such file"),
        ("preds/none", "s3://preds/none: there is no such file"),
        ("preds/none/*.csv", "s3://preds/none/*.csv: matches no file"),
        ("preds/empty", "s3://preds/empty: matches no file"),
        ("preds", "s3://preds: holds the folder 'a b', which is no partition"),
        ("nobody/all.csv", "s3://nobody/all.csv: there is no bucket 'nobody'"),
        ("nobody", "s3://nobody: there is no bucket 'nobody'"),
        ("nobody/*.csv", "s3://nobody/*.csv: there is no bucket 'nobody'"),
    ],
)
def test_what_is_not_there(name: str, said: str) -> None:
    assert said in refused(f"s3://{name}")


def test_an_address_without_a_bucket() -> None:
    with pytest.raises(UsageError, match="s3:// names no bucket"):
        losscli.compute("mse", "s3://")


def test_credentials_in_the_address(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    user = f"{KEYS['AWS_ACCESS_KEY_ID']}:{KEYS['AWS_SECRET_ACCESS_KEY']}"
    result = losscli.compute("mse", f"s3://{user}@preds/all.csv")
    assert result.inputs[0].path == "s3://preds/all.csv"
    assert "secret" not in result.to_json()
    assert refused(f"s3://{user}@preds/none.csv").startswith("s3://preds/none.csv: there is no")


def test_without_credentials(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is public is read, and nothing else."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    assert losscli.compute("mse", "s3://preds/public.csv").n == 240
    said = refused("s3://preds/all.csv")
    assert "s3://preds/all.csv: may not be read: " in said
    assert "credentials come from AWS_PROFILE, AWS_ACCESS_KEY_ID, ~/.aws" in said


@pytest.mark.usefixtures("s3")
def test_wrong_credentials(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    requests.post(f"{address}/moto-api/reset-auth", data="0", timeout=10)
    try:
        for name in ("all.csv", "all.parquet", "parts", "parts/*.parquet"):
            said = refused(f"s3://preds/{name}")
            assert f"s3://preds/{name}: may not be read: " in said
    finally:
        requests.post(f"{address}/moto-api/reset-auth", data="inf", timeout=10)


@pytest.mark.usefixtures("s3")
def test_a_store_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    said = refused("s3://preds/all.csv", seconds=30)
    assert "s3://preds/all.csv: cannot be reached: " in said


def test_parquet_is_read_by_ranges(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a wide file only what holds the two columns is asked for."""
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=100_000) for name in ("prediction", "target")}
    wide = {f"x{i}": rng.normal(size=100_000) for i in range(20)}
    pq.write_table(pa.table({**wide, **columns}), tmp_path / "wide.parquet", row_group_size=25_000)
    client = boto3.client("s3", **_boto(s3))
    client.upload_file(str(tmp_path / "wide.parquet"), "preds", "wide/wide.parquet")
    sent = _count_sent(monkeypatch)
    result = losscli.compute("mse", "s3://preds/wide/wide.parquet")
    assert result.value == losscli.compute("mse", str(tmp_path / "wide.parquet")).value
    size = os.path.getsize(tmp_path / "wide.parquet")
    assert 0.05 * size < sum(sent) < 0.2 * size


def _count_sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the bodies that moto sends from now on."""
    from werkzeug.serving import WSGIRequestHandler

    sent: list[int] = []
    write = WSGIRequestHandler.run_wsgi

    def counted(self: Any) -> None:
        file, sizes = self.wfile, sent

        class Counted:
            def write(self, data: bytes) -> int:
                sizes.append(len(data))
                return int(file.write(data))

            def __getattr__(self, name: str) -> Any:
                return getattr(file, name)

        self.wfile = Counted()
        write(self)

    monkeypatch.setattr(WSGIRequestHandler, "run_wsgi", counted)
    return sent
