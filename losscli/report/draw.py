"""A page drawn in the way that suits a name and a place."""

from __future__ import annotations

from losscli.report.page import Page, Section, Words, map_words
from losscli.report.terminal import Terminal


def draw_text(page: Page, terminal: Terminal) -> None:
    """For a person: panels on a terminal, plain lines elsewhere."""
    if not terminal.unicode:
        page = _encodable(page, terminal)
    if terminal.is_tty:
        # Loading rich takes longer than computing a small loss; a pipe never waits for it.
        from losscli.report import screen

        screen.draw(page, terminal)
    else:
        from losscli.report import plain

        plain.draw(page, terminal)


def draw_markdown(page: Page, terminal: Terminal) -> None:
    """For a pull request, a job summary or a README."""
    from losscli.report import markdown

    markdown.draw(page, terminal)


def _encodable(page: Page, terminal: Terminal) -> Page:
    """The page as the stream can hold it; before it is laid out, so that columns stay in line."""

    def change(words: Words) -> Words:
        return Words(terminal.encodable(words.text), words.style)

    return tuple(
        Section(section.title, tuple(map_words(block, change) for block in section.blocks))
        for section in page
    )
