"""Addresses, folders and faults of stores, as far as no store is needed: see also ``remote/``."""

from __future__ import annotations

import os
import threading
import time
from functools import partial
from pathlib import Path

import pyarrow.fs as pafs
import pytest

from losscli.data.aside import in_turn
from losscli.data.listing import list_files
from losscli.data.remote_faults import explained, fault
from losscli.data.remote_paths import files_below, files_like
from losscli.data.stored import shown, split_query, user_in
from losscli.errors import DataError

FILES = (
    "all.csv",
    "a b/100%.csv",
    "parts/part-1.csv",
    "parts/part-2.csv",
    "parts/part-10.csv",
    "parts/.part-1.csv.crc",
    "parts/part-1.csv.crc",
    "parts/_SUCCESS",
    "runs/model=a/x.csv",
    "runs/model=b/to=us%2Feast/y.csv",
    "runs/model=b/_temporary/z.csv",
    "mixed/model=a/deep/x.csv",
    "mixed/other/x.csv",
)
PATTERNS = (
    "parts/*",
    "parts/*.csv",
    "parts/part-?.csv",
    "parts/part-[12].csv",
    "p*/part-1.csv",
    "*/*.csv",
    "**/*.csv",
    "**/part-1*.csv",
    "runs/*",
    "runs/model=*",
    "runs/model=*/*.csv",
    "runs/**/y.csv",
    "r*/model=[b]/to=*/y.csv",
    "a b/*.csv",
)


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_means_what_it_means_on_disk(pattern: str, bucket: Path) -> None:
    on_disk = {os.path.relpath(one.path, bucket) for one in list_files(str(bucket / pattern))}
    system = pafs.SubTreeFileSystem(str(bucket), pafs.LocalFileSystem())
    found = files_like(system, pattern, "s3")
    assert {path.strip("/") for path in found} == on_disk
    assert len(found) == len(on_disk) > 0


@pytest.mark.parametrize("folder", ["parts", "runs", "runs/model=b"])
def test_a_folder_means_what_it_means_on_disk(folder: str, bucket: Path) -> None:
    system = pafs.SubTreeFileSystem(str(bucket), pafs.LocalFileSystem())
    on_disk = {os.path.relpath(one.path, bucket) for one in list_files(str(bucket / folder))}
    assert set(files_below(system, folder, "s3")) == on_disk


@pytest.mark.parametrize("folder", ["mixed", "mixed/model=a"])
def test_a_folder_with_folders_that_say_nothing(folder: str, bucket: Path) -> None:
    system = pafs.SubTreeFileSystem(str(bucket), pafs.LocalFileSystem())
    with pytest.raises(DataError, match="which is no partition"):
        list_files(str(bucket / folder))
    with pytest.raises(DataError, match="which is no partition") as caught:
        files_below(system, folder, "s3")
    assert caught.value.hint is not None
    assert f"'s3://{folder}" in caught.value.hint


@pytest.mark.parametrize(
    ("url", "user", "query", "is_shown"),
    [
        ("s3://b/k.csv", "", "", "s3://b/k.csv"),
        ("s3://key:word@b/k.csv", "key:word@", "", "s3://b/k.csv"),
        ("s3://key:a/b+c@b/k.csv", "key:a/b+c@", "", "s3://b/k.csv"),
        ("s3://b/part-?.csv", "", "", "s3://b/part-?.csv"),
        ("s3://b/a?b=c/x.csv", "", "?b=c/x.csv", "s3://b/a"),
        ("s3://b/x#1.csv", "", "", "s3://b/x#1.csv"),
        ("s3://b/*.csv?region=x&scheme=http", "", "?region=x&scheme=http", "s3://b/*.csv"),
        ("gs://anonymous@b/k.csv", "anonymous@", "", "gs://b/k.csv"),
        ("hf://datasets/me/x@main/k.csv", "", "", "hf://datasets/me/x@main/k.csv"),
        ("https://h:80/a@b/k.csv?s=1#x", "", "?s=1#x", "https://h:80/a@b/k.csv"),
        ("https://me:p@h:80/k.csv?sig", "me:p@", "?sig", "https://h:80/k.csv"),
        ("abfs://c@account/k.csv?sig=1", "c@", "?sig=1", "abfs://account/k.csv"),
    ],
)
def test_addresses_and_their_secrets(url: str, user: str, query: str, is_shown: str) -> None:
    assert user_in(url) == user
    assert split_query(url)[1] == query
    assert shown(url) == is_shown


def _error(text: str, cause: Exception | None = None) -> Exception:
    error = OSError(text)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (_error("AWS Error ACCESS_DENIED during HeadObject operation"), "may not be read: "),
        (_error("google::cloud::Status(PERMISSION_DENIED: no)"), "may not be read: "),
        (_error("401 Client Error"), "may not be read: "),
        (PermissionError(13, "no"), "may not be read: "),
        (FileNotFoundError("s3://b/403.csv"), "there is no such file"),
        (_error("x", _error("403, message='Forbidden'")), "may not be read: 403"),
        (_error("AWS Error NETWORK_CONNECTION during HeadObject"), "cannot be reached: "),
        (_error("[Errno -2] Name or service not known"), "cannot be reached: "),
        (TimeoutError("timed out"), "cannot be reached: timed out"),
        (_error("404 Not Found"), "there is no such file"),
        (_error("disk on fire"), "cannot be read: disk on fire"),
    ],
)
def test_faults_are_told_apart(error: Exception, said: str) -> None:
    with pytest.raises(DataError) as caught, explained("s3://key:word@b/403.csv"):
        raise error
    assert caught.value.message.startswith(said)
    assert caught.value.path == "s3://b/403.csv"
    assert caught.value.code == "LC160"


def test_a_fault_of_the_file_is_none_of_the_store() -> None:
    assert fault("s3://b/x.parquet", OSError("Couldn't deserialize thrift")) is None


def test_what_a_library_says_is_shortened_and_holds_no_secret() -> None:
    said = (
        "google::cloud::Status(UNAVAILABLE: Retry policy exhausted, with a last message of "
        "could not get s3://key:word@b/x with word error_info={reason=, domain=}"
    )
    found = fault("s3://key:word@b/x", OSError(said))
    assert found is not None
    assert found.message == "cannot be reached: could not get ... with"
    long = fault("s3://b/x", OSError("refused " + "x" * 999))
    assert long is not None
    assert len(long.message) < 250


def test_calls_are_answered_in_their_order() -> None:
    def slow(i: int) -> int:
        time.sleep(0.01 * (5 - i))
        return i

    assert in_turn([partial(slow, i) for i in range(6)], 3) == [*range(6)]
    assert in_turn([], 3) == []


def test_the_first_fault_in_order_counts() -> None:
    begun: list[int] = []
    both = threading.Barrier(2, timeout=10)

    def call(i: int) -> int:
        begun.append(i)
        if i < 2:
            both.wait()
            time.sleep(0.05 * (1 - i))
            raise ValueError(f"fault {i}")
        return i

    with pytest.raises(ValueError, match="fault 0"):
        in_turn([partial(call, i) for i in range(50)], 2)
    assert len(begun) < 50
