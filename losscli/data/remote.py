"""Object stores and HTTP: ``s3://``, ``gs://``, ``hf://``, ``https://`` and what else fsspec knows.

Credentials are where these libraries take them from: the environment, their own files, the machine.
What messages and reports call such a file is its address without a user, a password or a query,
which may hold a signature. Parquet is read by ranges, everything else is copied to disk first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.fs as pafs

from losscli.data.listing import Listed, folders_of, natural_order
from losscli.data.stored import Stored, shown, suffix_of, without_secrets
from losscli.errors import DataError, UsageError

# What pyarrow may have built in; everything else is fsspec's.
_NATIVE = {"s3": "S3FileSystem", "gs": "GcsFileSystem", "gcs": "GcsFileSystem"}
_HTTP = ("http", "https")
_RANGED = (".parquet", ".pq")
_PARQUET = b"PAR1"
_COPIED_AT_ONCE = 2**20


def list_remote(url: str) -> tuple[list[Stored], list[Listed]]:
    """The files that an address stands for, and for a folder or a pattern what their folders say.

    Raises:
        UsageError: what reads such an address is not installed.
        DataError: there is no such file, or it may not be read.
    """
    with _explained(url):
        system, path = _open_system(url)
        is_http = urlsplit(url).scheme in _HTTP
        mark = None if is_http else re.search(r"[*?\[]", path)
        if mark is not None:
            base = path[: mark.start()].rpartition("/")[0]
            found = [p for p in _walk(system, base) if _matches(p.split("/"), path.split("/"))]
        elif not is_http and system.get_file_info(path).type == pafs.FileType.Directory:
            base = path
            found = list(_walk(system, base))
        else:
            return [_stored(system, path, shown(url))], []
        if not found:
            raise DataError("matches no file", path=shown(url), code="LC160")
        scheme = urlsplit(url).scheme
        ordered = natural_order(found)
        files = [_stored(system, p, f"{scheme}://{p.lstrip('/')}") for p in ordered]
        return files, [Listed(p, folders_of(p, base)) for p in ordered]


def _open_system(url: str) -> tuple[pafs.FileSystem, str]:
    scheme = urlsplit(url).scheme
    if scheme in _NATIVE and hasattr(pafs, _NATIVE[scheme]):
        system, path = pafs.FileSystem.from_uri(url)
        return system, path
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise _not_installed(scheme) from None
    try:
        system, path = url_to_fs(url)
    except ImportError:
        raise _not_installed(scheme) from None
    return pafs.PyFileSystem(pafs.FSSpecHandler(system)), path


def _not_installed(scheme: str) -> UsageError:
    return UsageError(
        f"{scheme}:// needs packages that are not installed",
        hint="pip install 'losscli[remote]'",
    )


def _walk(system: pafs.FileSystem, base: str) -> Iterator[str]:
    for info in system.get_file_info(pafs.FileSelector(base, recursive=True)):
        below = info.path.removeprefix(base).strip("/").split("/")
        if info.type == pafs.FileType.File and not any(n.startswith(("_", ".")) for n in below):
            yield info.path


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Does a pattern stand for this path? ``**`` is any number of folders."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_matches(path[i:], pattern[1:]) for i in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], pattern[0]) and _matches(path[1:], pattern[1:])


def _stored(system: pafs.FileSystem, path: str, name: str) -> Stored:
    suffix = suffix_of(name)
    if suffix in _RANGED:
        magic = _magic_by_range(system, path)
        if magic == _PARQUET:
            return Stored(name, path, suffix, magic, system=system)
    with system.open_input_stream(path, compression=None) as stream:
        chunks = iter(lambda: stream.read(_COPIED_AT_ONCE), b"")
        return Stored.copied(chunks, name, suffix, is_stream=False)


def _magic_by_range(system: pafs.FileSystem, path: str) -> bytes | None:
    """The first bytes of a file that can be entered anywhere, None of one that cannot."""
    try:
        with system.open_input_file(path) as file:
            file.seek(max(file.size() - len(_PARQUET), 0))
            file.read(len(_PARQUET))
            file.seek(0)
            return bytes(file.read(len(_PARQUET)))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, NotImplementedError, pa.ArrowException):
        return None


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Whatever a library says, without the secrets of the address."""
    try:
        yield
    except (DataError, UsageError):
        raise
    except FileNotFoundError:
        raise DataError("there is no such file", path=shown(url), code="LC160") from None
    except Exception as error:
        raise DataError(
            f"cannot be read: {_said(error, url)}", path=shown(url), code="LC160"
        ) from None


def _said(error: Exception, url: str) -> str:
    parts = urlsplit(url)
    text = (str(error).splitlines() or [""])[0] or type(error).__name__
    for secret in (url, parts.query, parts.netloc.rpartition("@")[0], parts.password or ""):
        if secret:
            text = text.replace(secret, "...")
    # An address within the message may be spelled in another way.
    return without_secrets(text)
