"""Folders and patterns in a store: the same files that the same folder or pattern has on disk."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import pyarrow.fs as pafs

from losscli.data.listing import is_data, no_partition


def files_below(system: pafs.FileSystem, folder: str, scheme: str) -> list[str]:
    """The files of a folder and of its partitions.

    Raises:
        DataError: the folder has folders that are no partitions.
    """
    top = _listed(system, folder)
    # One look at the names in it, before all that is below is listed.
    _check_partitions(top, folder, scheme)
    if all(info.type == pafs.FileType.File for info in top):
        return [info.path for info in top]
    found = _listed(system, folder, recursive=True)
    _check_partitions(found, folder, scheme)
    return [info.path for info in found if info.type == pafs.FileType.File]


def files_like(system: pafs.FileSystem, pattern: str, scheme: str) -> list[str]:
    """The files that match a pattern, and those below partitions that do.

    Only folders that can hold some are listed. ``**`` is any number of folders.
    """
    *folders, last = pattern.split("/")
    bases = [""]
    for i, name in enumerate(folders):
        if name == "**":
            rest = [*folders[i:], last]
            below = [info for base in bases for info in _listed(system, base, recursive=True)]
            return [
                info.path
                for info in below
                if info.type == pafs.FileType.File
                and any(_matches(_below(info.path, base), rest) for base in bases)
            ]
        if _has_mark(name):
            inside = [info for base in bases for info in _listed(system, base)]
            bases = [
                info.path
                for info in inside
                if info.type == pafs.FileType.Directory and _is_like(info, name)
            ]
        else:
            bases = [f"{base}/{name}" if base or i else name for base in bases]
    if not _has_mark(last):
        infos = system.get_file_info([f"{base}/{last}" for base in bases])
    else:
        inside = [info for base in bases for info in _listed(system, base)]
        infos = [info for info in inside if _is_like(info, last)]
    found = [info.path for info in infos if info.type == pafs.FileType.File]
    for info in infos:
        if info.type == pafs.FileType.Directory and "=" in info.base_name:
            found += files_below(system, info.path, scheme)
    return found


def _has_mark(name: str) -> bool:
    return any(mark in name for mark in "*?[")


def _is_like(info: pafs.FileInfo, name: str) -> bool:
    """Does the pattern mean this file? A star means no hidden one."""
    is_wanted = name.startswith((".", "_")) or is_data(info.base_name)
    return is_wanted and fnmatchcase(info.base_name, name)


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Does a pattern stand for this path? ``**`` is any number of folders."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_matches(path[i:], pattern[1:]) for i in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], pattern[0]) and _matches(path[1:], pattern[1:])


def _listed(
    system: pafs.FileSystem, folder: str, *, recursive: bool = False
) -> list[pafs.FileInfo]:
    """What a folder holds, but for what is hidden; nothing if there is none."""
    # Google's store knows no folders, and Arrow shows it only those that somebody made.
    is_flat = system.type_name == "gcs"
    selector = pafs.FileSelector(folder, allow_not_found=True, recursive=recursive or is_flat)
    found = system.get_file_info(selector)
    if is_flat and not recursive:
        found = _children(found, folder)
    return [info for info in found if all(map(is_data, _below(info.path, folder)))]


def _children(found: Sequence[pafs.FileInfo], folder: str) -> list[pafs.FileInfo]:
    """The files and folders in a folder, of all that is below it."""
    children = {}
    for info in found:
        name, *rest = _below(info.path, folder)
        path = f"{folder}/{name}"
        children[path] = pafs.FileInfo(path, pafs.FileType.Directory) if rest else info
    return [*children.values()]


def _below(path: str, folder: str) -> list[str]:
    return path.removeprefix(folder).strip("/").split("/")


def _check_partitions(found: Sequence[pafs.FileInfo], folder: str, scheme: str) -> None:
    for info in found:
        names = _below(info.path, folder)
        for name in names if info.type == pafs.FileType.Directory else names[:-1]:
            if "=" not in name:
                raise no_partition(f"{scheme}://{folder.strip('/')}", name)
