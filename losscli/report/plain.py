"""A page as plain text: complete, one line a line, nothing folded or cut."""

from __future__ import annotations

from losscli.report.page import (
    Block,
    Entries,
    Line,
    Page,
    Section,
    Table,
    Tree,
    Words,
    cells,
)
from losscli.report.terminal import Terminal

_INDENT = "  "
_GUTTER = "  "


def draw(page: Page, terminal: Terminal) -> None:
    """Write the page; color, if any, is all that FORCE_COLOR adds."""
    for i, section in enumerate(page):
        gap = "\n" if i and (section.title or page[i - 1].title) else ""
        lines = _Drawing(terminal).section(section)
        terminal.write(gap + "".join(f"{line.rstrip()}\n" for line in lines))


class _Drawing:
    """The lines of a section, for one terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def section(self, section: Section) -> list[str]:
        lines = [line for block in section.blocks for line in self.block(block)]
        if not section.title:
            return lines
        return [self.paint(Words(section.title, "title")), *(_INDENT + line for line in lines)]

    def block(self, block: Block) -> list[str]:
        if isinstance(block, Table):
            return self.table(block)
        if isinstance(block, Entries):
            return self.entries(block)
        if isinstance(block, Tree):
            return self.tree(block)
        return [self.line(line) for line in block.lines]

    def paint(self, words: Words) -> str:
        return self.terminal.paint(words.text, words.style)

    def line(self, line: Line) -> str:
        return "".join(self.paint(words) for words in line)

    def table(self, table: Table) -> list[str]:
        widths = table.widths()
        needed = sum(widths) + len(_GUTTER) * (len(widths) - 1) + len(_INDENT)
        if self.terminal.width is not None and needed > self.terminal.width:
            return self.records(table)
        heads = tuple(Words(column.title, "head") for column in table.columns)
        rows = (heads, *table.rows) if table.heads else table.rows
        return [
            _GUTTER.join(
                self.cell(cell, width, column.right)
                for cell, width, column in zip(row, widths, table.columns, strict=True)
            )
            for row in rows
        ]

    def cell(self, cell: Words, width: int, right: bool) -> str:
        blank = " " * (width - cells(cell.text))
        return blank + self.paint(cell) if right else self.paint(cell) + blank

    def records(self, table: Table) -> list[str]:
        """One field a line, an empty line between rows of many fields."""
        width = max(cells(column.title) for column in table.columns)
        lines: list[str] = []
        for i, row in enumerate(table.rows):
            lines += [""] if i else []
            for column, cell in zip(table.columns, row, strict=True):
                title = self.cell(Words(column.title, "head"), width, right=False)
                lines += [title + _GUTTER + self.paint(cell)] if cell.text else []
        return lines

    def entries(self, entries: Entries) -> list[str]:
        width = max(cells(label.text) for label, _ in entries.items)
        lines: list[str] = []
        for label, texts in entries.items:
            first = self.cell(label, width, right=False)
            heads = [first, *[" " * width] * (len(texts) - 1)]
            lines += [
                head + _GUTTER + self.line(text) for head, text in zip(heads, texts, strict=True)
            ]
        return lines

    def tree(self, tree: Tree) -> list[str]:
        lines = [self.line(tree.label)]
        for branch in tree.branches:
            lines += [_INDENT + line for line in self.tree(branch)]
        return lines
