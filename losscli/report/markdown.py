"""A page as GitHub Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from losscli.report.page import Block, Code, Entries, Line, Page, Table, Tree, Words, text_of
from losscli.report.terminal import Terminal

_SPECIAL = re.compile(r"[\\`*\[\]<|~$#&]|(?<![^\W_])_|_(?![^\W_])")


def draw(page: Page, terminal: Terminal) -> None:
    """Write the page, an empty line between its parts."""
    terminal.write("\n\n".join(_parts(page)) + "\n")


def _parts(page: Page) -> Iterator[str]:
    for section in page:
        if section.title:
            yield f"**{escape(section.title)}**"
        for block in section.blocks:
            yield "\n".join(_block(block))


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Table):
        yield from table(block)
    elif isinstance(block, Entries):
        yield from _entries(block)
    elif isinstance(block, Tree):
        yield from _tree(block, 0)
    elif isinstance(block, Code):
        yield from _fenced([text_of(line) for line in block.lines])
    else:
        yield "\n\n".join(_line(line) for line in block.lines)


def _fenced(lines: list[str]) -> Iterator[str]:
    longest = max((len(run) for text in lines for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}text", *lines, fence)


def escape(text: str) -> str:
    """Text that shows as it is: no markup, no HTML, no end of a table cell."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def _words(words: Words) -> str:
    text = escape(words.text)
    inner = text.strip()
    if words.style not in ("value", "error", "warning") or not inner:
        return text
    return text.replace(inner, f"**{inner}**", 1)


def _line(line: Line) -> str:
    return "".join(_words(words) for words in line)


def table(block: Table) -> Iterator[str]:
    """The rows of a table; a table without heads still needs a line for them."""
    yield _row([escape(column.title) for column in block.columns])
    yield _row(["---:" if column.right else "---" for column in block.columns])
    for row in block.rows:
        yield _row([_words(cell) for cell in row])


def _row(texts: list[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _entries(block: Entries) -> Iterator[str]:
    for label, lines in block.items:
        texts = [_line(line) for line in lines]
        yield f"- {_words(Words(label.text, 'value'))}: {'; '.join(texts)}"


def _tree(tree: Tree, depth: int) -> Iterator[str]:
    # Blanks that align on a screen mean nothing in a list.
    yield f"{'  ' * depth}- {' '.join(_line(tree.label).split())}"
    for branch in tree.branches:
        yield from _tree(branch, depth + 1)
