"""What a page is made of. A page says what to show; ``plain``, ``screen`` or ``markdown`` how."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from losscli.report.terminal import Style, printable


@dataclass(frozen=True, slots=True)
class Words:
    """A run of text in one style. It may be data: no drawer reads markup in it."""

    text: str
    style: Style = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", printable(self.text))


Line: TypeAlias = tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. Text ``folds`` on a narrow terminal, numbers stay whole."""

    title: str
    right: bool = False
    folds: bool = False
    least: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells. Too wide for the place, it becomes one field a line."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Words, ...], ...]
    heads: bool = True

    def widths(self) -> list[int]:
        """How wide each column is when nothing folds."""
        return [
            max(
                column.least,
                cells(column.title) if self.heads else 0,
                *(cells(row[i].text) for row in self.rows),
            )
            for i, column in enumerate(self.columns)
        ]


@dataclass(frozen=True, slots=True)
class Entries:
    """Labels, each with lines that belong to it."""

    items: tuple[tuple[Words, tuple[Line, ...]], ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A line and the branches below it."""

    label: Line
    branches: tuple[Tree, ...] = ()


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to copy or to read as they stand: commands, formulas, signatures. They never fold."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs."""

    lines: tuple[Line, ...]


Block: TypeAlias = Table | Entries | Tree | Code | Prose


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a title; without one they stand alone."""

    title: str
    blocks: tuple[Block, ...]


Page: TypeAlias = Sequence[Section]


def line(*parts: Words | str) -> Line:
    """A line of these parts."""
    return tuple(Words(part) if isinstance(part, str) else part for part in parts)


def text_of(parts: Line) -> str:
    """The bare text of a line."""
    return "".join(part.text for part in parts)


def map_words(block: Block, change: Callable[[Words], Words]) -> Block:
    """The block with each run of text changed."""

    def changed(parts: Line) -> Line:
        return tuple(change(words) for words in parts)

    if isinstance(block, Table):
        return replace(block, rows=tuple(changed(row) for row in block.rows))
    if isinstance(block, Entries):
        items = ((change(label), tuple(map(changed, texts))) for label, texts in block.items)
        return Entries(tuple(items))
    if isinstance(block, Tree):
        return _map_tree(block, changed)
    return replace(block, lines=tuple(map(changed, block.lines)))


def _map_tree(tree: Tree, change: Callable[[Line], Line]) -> Tree:
    return Tree(change(tree.label), tuple(_map_tree(branch, change) for branch in tree.branches))


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(_char_cells(char) for char in text)


def _char_cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def shorten_numbered(names: Sequence[str]) -> str:
    """Names with a comma between, runs such as ``p_0, p_1, ... p_9`` as ``p_0 .. p_9``."""
    runs: list[list[str]] = []
    for before, name in pairwise(("", *names)):
        if runs and _follows(before, name):
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(f"{run[0]} .. {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _follows(before: str, name: str) -> bool:
    stem, other = before.rstrip("0123456789"), name.rstrip("0123456789")
    first, second = before[len(stem) :], name[len(other) :]
    if stem != other or not first or not second:
        return False
    # Plain counting only, so that the two ends say all there is between them.
    plain = str(int(first)) == first and str(int(second)) == second
    return plain and int(second) == int(first) + 1
