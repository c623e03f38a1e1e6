"""A page drawn in the way that suits a name and a place."""

from __future__ import annotations

from losscli.report.page import Page
from losscli.report.terminal import Terminal


def draw_text(page: Page, terminal: Terminal) -> None:
    """For a person: panels on a terminal, plain lines elsewhere."""
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
