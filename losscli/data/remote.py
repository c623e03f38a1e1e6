"""Object stores and HTTP: ``s3://``, ``gs://``, ``hf://``, ``https://`` and what else fsspec knows.

Credentials are where these libraries take them from: the environment, their own files, the machine.
What messages and reports call such a file is its address without a user, a password or a query,
which may hold a signature. Parquet is read by ranges, everything else is copied to disk first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote, urlencode, urlsplit

import pyarrow as pa
import pyarrow.fs as pafs

from losscli.data.aside import in_turn
from losscli.data.listing import Listed, folders_of, natural_order
from losscli.data.remote_faults import credentials_for, explained
from losscli.data.remote_paths import files_below, files_like
from losscli.data.stored import HTTP, Stored, shown, split_query, suffix_of, user_in
from losscli.errors import DataError, UsageError

# What pyarrow may have built in; everything else is fsspec's.
_NATIVE = {"s3": "S3FileSystem", "gs": "GcsFileSystem", "gcs": "GcsFileSystem"}
_EXTRA = (*_NATIVE, *HTTP, "hf")
_INSTALL = "pip install 'losscli[remote]'"
# Google's library tries for a quarter of an hour to find credentials.
_GCS_SECONDS = "10"
_GCS_EMULATOR = "STORAGE_EMULATOR_HOST"
_RANGED = (".parquet", ".pq")
_PARQUET = b"PAR1"
# The part of a path of Hugging Face that is asked for before anything in it.
_REPOSITORY = re.compile(r"((datasets|spaces)/)?[^/]+/[^/]+")
_COPIED_AT_ONCE = 2**20
# Requests wait for the network most of the time.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Store:
    """A store and where in it the address leads.

    Attributes:
        scheme: ``s3``.
        system: how to read it.
        path: what the address names there.
        bucket: the part of the path that has to be there before anything in it; "" for none.
    """

    scheme: str
    system: pafs.FileSystem
    path: str
    bucket: str = ""

    @property
    def is_http(self) -> bool:
        """Is it a server without folders, and with a query in the path?"""
        return self.scheme in HTTP

    def stored(self, path: str, name: str) -> Stored:
        """A file of the store; ``name`` is what messages call it."""
        suffix = suffix_of(name)
        if suffix in _RANGED:
            magic = self._first_bytes(path)
            if magic == _PARQUET:
                return Stored(name, path, suffix, magic, system=self.system)
        with self.system.open_input_stream(path, compression=None) as stream:
            chunks = iter(lambda: stream.read(_COPIED_AT_ONCE), b"")
            return Stored.copied(chunks, name, suffix, is_stream=False)

    def _first_bytes(self, path: str) -> bytes | None:
        """The first bytes of a file that can be entered anywhere, None of one that cannot."""
        with self.system.open_input_file(path) as file:
            try:
                if self.is_http:
                    # Not every server answers to ranges, and only the attempt shows which.
                    file.seek(max(file.size() - len(_PARQUET), 0))
                    file.read(len(_PARQUET))
                    file.seek(0)
                return bytes(file.read(len(_PARQUET)))
            except (OSError, ValueError, NotImplementedError, pa.ArrowException):
                if self.is_http:
                    return None
                raise


def list_remote(url: str) -> tuple[list[Stored], list[Listed]]:
    """The files that an address stands for, and for a folder or a pattern what their folders say.

    Raises:
        UsageError: what reads such an address is not installed, or it names no bucket.
        DataError: there is no such file, or it may not be read.
    """
    # What waits for a network in a library's own code cannot be interrupted; who waits for it can.
    ((files, folders),) = in_turn([partial(_list, url)], 1)
    return files, folders


def _list(url: str) -> tuple[list[Stored], list[Listed]]:
    with explained(url):
        store = _open_store(url)
        if store.is_http:
            return [store.stored(store.path, shown(url))], []
        base, found = _find(store)
        if base is None:
            return [store.stored(store.path, shown(url))], []
        if not found:
            raise DataError("matches no file", path=shown(url), code="LC160")
        ordered = natural_order(found)
        named = [(path, f"{store.scheme}://{path.lstrip('/')}") for path in ordered]
        files = in_turn([partial(store.stored, path, name) for path, name in named], _AT_ONCE)
        return files, [Listed(path, folders_of(path, base)) for path in ordered]


def _find(store: _Store) -> tuple[str | None, Sequence[str]]:
    """The folder that the files are in, and their paths; no folder if it is one file."""
    mark = re.search(r"[*?\[]", store.path)
    if mark is not None:
        base = store.path[: mark.start()].rpartition("/")[0]
        found = files_like(store.system, store.path, store.scheme)
        if not found:
            _check_bucket(store)
        return base, found
    kind = store.system.get_file_info(store.path).type
    if kind == pafs.FileType.Directory:
        return store.path, files_below(store.system, store.path, store.scheme)
    if kind == pafs.FileType.NotFound:
        _check_bucket(store)
        raise FileNotFoundError(store.path)
    return None, []


def _check_bucket(store: _Store) -> None:
    """Say so where not even the bucket is there; whoever may not see buckets learns nothing."""
    try:
        is_there = store.system.get_file_info(store.bucket or store.path)
    except OSError:
        return
    if store.bucket and is_there.type == pafs.FileType.NotFound:
        what = "repository" if store.scheme == "hf" else "bucket"
        raise DataError(
            f"there is no {what} {store.bucket!r}, or it is not open to you",
            path=f"{store.scheme}://{store.path}",
            hint=credentials_for(store.scheme),
            code="LC160",
        )


def _open_store(url: str) -> _Store:
    scheme = urlsplit(url).scheme
    if scheme in _NATIVE and hasattr(pafs, _NATIVE[scheme]):
        return _native(url, scheme)
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise _not_installed(scheme, _INSTALL) from None
    try:
        system, path = url_to_fs(url)
    except ImportError as error:
        # The extra has what the most common stores need; fsspec says what another one does.
        hint = _INSTALL if scheme in _EXTRA else str(error)
        raise _not_installed(scheme, hint) from None
    if scheme in HTTP:
        # Arrow asks fsspec only whether there is such a file, not what else is wrong.
        system.info(path)
    repository = _REPOSITORY.match(path) if scheme == "hf" else None
    bucket = repository[0] if repository else ""
    return _Store(scheme, pafs.PyFileSystem(pafs.FSSpecHandler(system)), path, bucket)


def _not_installed(scheme: str, hint: str) -> UsageError:
    return UsageError(f"{scheme}:// needs packages that are not installed", hint=hint)


def _native(url: str, scheme: str) -> _Store:
    """One of pyarrow's own stores.

    Keys are what they are, as for the tools of these stores: ``%2F`` in one is no slash. So pyarrow
    reads the address of the bucket only, with user and settings.
    """
    address, query = split_query(url)
    user = user_in(address)
    bucket, _, key = address.removeprefix(f"{scheme}://{user}").partition("/")
    if not bucket:
        raise UsageError(f"{scheme}:// names no bucket", hint=f"write {scheme}://BUCKET/FILE")
    settings = query.removeprefix("?")
    is_google = scheme != "s3"
    if is_google:
        settings = "&".join(filter(None, [settings, _gcs_settings(settings)]))
        user = user or ("anonymous@" if _GCS_EMULATOR in os.environ else "")
    base = f"{scheme}://{quote(user, safe=':@%')}{quote(bucket)}"
    system, root = pafs.FileSystem.from_uri(f"{base}?{settings}" if settings else base)
    path = "/".join(filter(None, [root.strip("/"), key.strip("/")]))
    return _Store(scheme, system, path, root.strip("/"))


def _gcs_settings(given: str) -> str:
    """What is to be set for Google's store unless the address sets it."""
    settings = {}
    if "retry_limit_seconds" not in given:
        settings["retry_limit_seconds"] = _GCS_SECONDS
    emulator = os.environ.get(_GCS_EMULATOR)
    if emulator and "endpoint_override" not in given:
        scheme, _, host = emulator.rpartition("://")
        settings |= {"scheme": scheme or "http", "endpoint_override": host.rstrip("/")}
    return urlencode(settings)
