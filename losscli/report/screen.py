"""A page on a terminal, drawn by rich: panels as wide as the screen, folded rather than cut."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table as Grid
from rich.text import Text
from rich.tree import Tree as RichTree

from losscli.report.page import Block, Code, Entries, Line, Page, Section, Table, Tree
from losscli.report.terminal import Style, Terminal

# Wider than this, lines are hard to read; only a table that needs more gets more.
_COMFORTABLE = 100
# Narrower, a number could be folded; the terminal then wraps the lines.
_NARROWEST = 48
_FRAME = 4
_GUTTER = 2
_LEAST_FOLD = 16
_STYLES: dict[Style, str] = {
    "": "",
    "title": "bold",
    "head": "dim",
    "dim": "dim",
    "value": "bold",
    "accent": "cyan",
    "warning": "yellow",
    "error": "bold red",
}


def draw(page: Page, terminal: Terminal) -> None:
    """Write the page."""
    drawing = _Drawing(terminal, _needed(page))
    for section in page:
        for renderable in drawing.section(section):
            drawing.console.print(renderable, soft_wrap=isinstance(renderable, Text))
    terminal.write(drawing.paper.getvalue())


def _needed(page: Page) -> int:
    """How wide the widest table of the page is, framed."""
    tables = [block for section in page for block in section.blocks if isinstance(block, Table)]
    return max((_natural(table) for table in tables), default=0) + _FRAME


def _natural(table: Table) -> int:
    widths = table.widths()
    return sum(widths) + _GUTTER * (len(widths) - 1)


class _Paper(io.StringIO):
    """What rich draws on; it asks the encoding to choose between lines and ASCII."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override] # None in typeshed, for any StringIO
        return self._encoding


class _Drawing:
    """The parts of a page as rich draws them, for one terminal."""

    def __init__(self, terminal: Terminal, needed: int) -> None:
        available = terminal.width or _COMFORTABLE
        self.width = max(_NARROWEST, min(available, max(_COMFORTABLE, needed)))
        self.inner = self.width - _FRAME
        self.paper = _Paper("utf-8" if terminal.unicode else "ascii")
        self.console = Console(
            file=self.paper,
            force_terminal=True,
            force_jupyter=False,
            color_system="standard" if terminal.color else None,
            # With TERM=dumb rich believes in a width only if there is a height too.
            width=self.width,
            height=25,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def section(self, section: Section) -> Iterator[RenderableType]:
        if not section.title:
            yield from self.lone(section)
            return
        parts = [self.block(block) for block in section.blocks]
        title = Text(section.title, "bold")
        yield Panel(
            Group(*parts), title=title, title_align="left", border_style="dim", box=box.ROUNDED
        )

    def lone(self, section: Section) -> Iterator[RenderableType]:
        """What stands outside a frame: whole lines, so that they can be copied."""
        for block in section.blocks:
            if isinstance(block, Code):
                yield from (styled(line) for line in block.lines)
            else:
                yield self.block(block)

    def block(self, block: Block) -> RenderableType:
        if isinstance(block, Table):
            return self.table(block)
        if isinstance(block, Entries):
            return self.entries(block)
        if isinstance(block, Tree):
            return self.tree(block)
        return Group(*(styled(line) for line in block.lines))

    def table(self, table: Table) -> RenderableType:
        widths = table.widths()
        spare = self.inner - _natural(table)
        can_fold = sum(
            max(0, width - _LEAST_FOLD)
            for width, column in zip(widths, table.columns, strict=True)
            if column.folds
        )
        if spare + can_fold < 0:
            return self.records(table)
        grid = _grid(table.heads)
        for width, column in zip(widths, table.columns, strict=True):
            grid.add_column(
                Text(column.title),
                justify="right" if column.right else "left",
                overflow="fold",
                min_width=min(width, _LEAST_FOLD) if column.folds else width,
                max_width=width,
            )
        for row in table.rows:
            grid.add_row(*(styled((cell,)) for cell in row))
        return grid

    def records(self, table: Table) -> RenderableType:
        grids: list[RenderableType] = []
        for i, row in enumerate(table.rows):
            grid = _pairs()
            for column, cell in zip(table.columns, row, strict=True):
                if cell.text:
                    grid.add_row(Text(column.title, "dim"), styled((cell,)))
            grids += [Text(""), grid] if i else [grid]
        return Group(*grids)

    def entries(self, entries: Entries) -> RenderableType:
        grid = _pairs()
        for label, texts in entries.items:
            grid.add_row(styled((label,)), Group(*(styled(text) for text in texts)))
        return grid

    def tree(self, tree: Tree) -> RichTree:
        root = RichTree(styled(tree.label), guide_style="dim")
        for branch in tree.branches:
            root.children.append(self.tree(branch))
        return root


def styled(line: Line) -> Text:
    """A line as rich text; nothing in it is markup."""
    text = Text(overflow="fold")
    for words in line:
        text.append(words.text, _STYLES[words.style])
    return text


def _grid(heads: bool) -> Grid:
    return Grid(
        box=None,
        show_header=heads,
        header_style="dim",
        padding=(0, _GUTTER, 0, 0),
        pad_edge=False,
    )


def _pairs() -> Grid:
    grid = _grid(heads=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid
