"""On which line of a TOML file a key stands: the standard library reads values, not places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

# Keys and, in an array of tables, the number of the table.
KeyPath: TypeAlias = tuple[str | int, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED: Final = rf"{_PART}(?:\s*\.\s*{_PART})*"
_ARRAY: Final = re.compile(rf"^\s*\[\[\s*({_DOTTED})\s*\]\]")
_TABLE: Final = re.compile(rf"^\s*\[\s*({_DOTTED})\s*\]")
_KEY: Final = re.compile(rf"^\s*({_DOTTED})\s*=")
_QUOTES: Final = re.compile(r'"""|\'\'\'')


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """The line, from 1, of every table and key that begins one; ``text`` is valid TOML.

    What stands inside an inline table or array has no line of its own.
    """
    found: dict[KeyPath, int] = {}
    tables: dict[KeyPath, int] = {}
    here: KeyPath = ()
    for number, line in _outside_texts(text):
        if match := _ARRAY.match(line):
            path = _numbered(_parts(match[1]), tables)
            tables[path] = tables.get(path, -1) + 1
            here = (*path, tables[path])
            found.setdefault(path, number)
            found[here] = number
        elif match := _TABLE.match(line):
            here = _numbered(_parts(match[1]), tables)
            _put(found, here, number)
        elif match := _KEY.match(line):
            _put(found, (*here, *_parts(match[1])), number)
    return found


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """The line of a key, or of the nearest thing around it that has one."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return 1


def _put(found: dict[KeyPath, int], path: KeyPath, number: int) -> None:
    """``a.b.c`` is also the first line of ``a`` and ``a.b``, unless these have one."""
    for end in range(1, len(path) + 1):
        found.setdefault(path[:end], number)


def _numbered(parts: tuple[str, ...], tables: Mapping[KeyPath, int]) -> KeyPath:
    """The path of a table inside the latest table of each array on the way."""
    path: KeyPath = ()
    for i, part in enumerate(parts):
        path = (*path, part)
        if path in tables and i < len(parts) - 1:
            path = (*path, tables[path])
    return path


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(_unquoted(part) for part in re.findall(_PART, dotted))


def _unquoted(part: str) -> str:
    return part[1:-1].replace('\\"', '"').replace("\\\\", "\\") if part[0] in "\"'" else part


def _outside_texts(text: str) -> Iterator[tuple[int, str]]:
    """The lines that do not begin inside a text of several lines."""
    inside = ""
    for number, line in enumerate(text.split("\n"), 1):
        if not inside:
            yield number, line
        for quotes in _QUOTES.findall(line):
            if not inside:
                inside = quotes
            elif quotes == inside:
                inside = ""
