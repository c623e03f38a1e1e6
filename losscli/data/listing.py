"""Folders and patterns become lists of files, in the order in which a person would count them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from glob import glob
from urllib.parse import unquote

from losscli.errors import DataError

_MARKS = re.compile(r"[*?\[]")
# What Hive and Spark call the folder of rows without a value.
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class Listed:
    """A file, and what the names of its folders say: ``split=test`` is a column of one value."""

    path: str
    folders: Mapping[str, str | None]


def list_files(named: str) -> list[Listed]:
    """The files in a folder, or those that match a pattern, part-2 before part-10.

    Hidden files are left out, and those that other programs leave beside data: what begins with
    ``.`` or ``_``.

    Raises:
        DataError: there is none, or the folder has folders that are no partitions.
    """
    if os.path.isdir(named):
        base, found = named, list(_walk(named))
    else:
        base = _fixed_part(named)
        found = []
        for path in glob(named, recursive=True):
            if os.path.isfile(path):
                found += [] if _is_hidden(path, named) else [path]
            elif "=" in os.path.basename(os.path.normpath(path)):
                found += _walk(path)
    if not found:
        what = "holds no files" if os.path.isdir(named) else "matches no file"
        raise DataError(
            what, path=named, hint="files that begin with . or _ do not count", code="LC160"
        )
    return [Listed(path, folders_of(path, base)) for path in natural_order(set(found))]


def natural_order(paths: Iterable[str]) -> list[str]:
    """By name, but numbers by their value."""
    return sorted(paths, key=lambda path: (_words(path), path))


def _words(path: str) -> list[tuple[int, str, int]]:
    words = re.split(r"(\d+)", path)
    return [(int(w), "", 1) if i % 2 else (-1, w, 0) for i, w in enumerate(words)]


def _walk(folder: str) -> Iterator[str]:
    """The files of a folder and of its partitions."""
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if not is_data(entry.name):
            continue
        if not entry.is_dir():
            yield entry.path
        elif "=" in entry.name:
            yield from _walk(entry.path)
        else:
            raise no_partition(folder, entry.name)


def is_data(name: str) -> bool:
    """Is it no file or folder that is hidden, or that other programs leave beside data?"""
    return not name.startswith((".", "_")) and not name.endswith(".crc")


def no_partition(folder: str, name: str) -> DataError:
    """The error for a folder in a folder that says nothing about the files in it."""
    return DataError(
        f"holds the folder {name!r}, which is no partition such as split=test",
        path=folder,
        hint=f"name the files: '{folder.rstrip('/')}/**/*.parquet'",
        code="LC160",
    )


def _is_hidden(path: str, pattern: str) -> bool:
    """Is it one that a pattern should not match by chance?"""
    base = _fixed_part(pattern)
    wanted = all(map(is_data, pattern.removeprefix(base).strip(os.sep).split(os.sep)))
    return wanted and not all(map(is_data, path.removeprefix(base).strip(os.sep).split(os.sep)))


def _fixed_part(pattern: str) -> str:
    """The folder in front of the first mark of a pattern."""
    match = _MARKS.search(pattern)
    return os.path.dirname(pattern[: match.start()] if match else pattern)


def folders_of(path: str, base: str) -> dict[str, str | None]:
    """What the names of the folders between ``base`` and a file say."""
    said: dict[str, str | None] = {}
    for folder in os.path.dirname(os.path.relpath(path, base or ".")).split(os.sep):
        key, equals, value = folder.partition("=")
        if equals and key:
            said[unquote(key)] = None if value == _NO_VALUE else unquote(value)
    return said
