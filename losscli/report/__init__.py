"""Results as text: what the command line may show, and where it goes.

============== ====================================================================
``terminal``   where the text goes and what that can show
``page``       what a page is made of: tables, entries, trees, lines
``plain``      draws a page as plain text: pipes, files, dumb terminals
``screen``     draws a page on a terminal; the only importer of rich
``markdown``   draws a page as GitHub Markdown
``result``     ``compute`` in every format, with ``compute_page``
``several``    the same of several losses
``sum_page``   ``show`` of a weighted sum
``comparison`` ``compare`` in every format, with ``comparison_page``
``verdict``    ``check`` in every format, with ``check_page``, ``github`` and ``junit``
``advice``     ``recommend``
``catalogue``  ``list`` and ``show``; ``formula`` turns LaTeX into text
``verify_page`` ``verify``
``explanation``  ``explain``
``error``      errors and findings on stderr
============== ====================================================================

Modules load when they are used, so that an error message costs no NumPy and JSON no rich.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from losscli.report.terminal import Terminal

if TYPE_CHECKING:
    from losscli.advice import Advice
    from losscli.codes import Code
    from losscli.comparison import Comparison
    from losscli.errors import LosscliError
    from losscli.findings import Diagnostic
    from losscli.report.sum_page import Sum
    from losscli.results import Result
    from losscli.spec import Loss, PublishedLoss
    from losscli.verdict import Checked, Planned
    from losscli.verification import Verification

__all__ = [
    "Terminal",
    "show_advice",
    "show_checked",
    "show_code",
    "show_codes",
    "show_comparison",
    "show_error",
    "show_findings",
    "show_list",
    "show_loss",
    "show_planned",
    "show_result",
    "show_results",
    "show_sum",
    "show_verification",
    "show_warning",
    "summary_of",
]


def show_result(result: Result, format: str, terminal: Terminal) -> None:
    """What ``compute`` found: table, json, jsonl, csv, markdown or value."""
    from losscli.report import result as module

    module.FORMATS[format](result, terminal)


def show_comparison(comparison: Comparison, format: str, terminal: Terminal) -> None:
    """What ``compare`` found: table, json, jsonl, csv or markdown."""
    from losscli.report import comparison as module

    module.FORMATS[format](comparison, terminal)


def show_checked(checked: Checked, format: str, terminal: Terminal) -> None:
    """What ``check`` found: table, json, markdown, github or junit."""
    from losscli.report import verdict

    verdict.FORMATS[format](checked, terminal)


def show_planned(plans: Sequence[Planned], format: str, terminal: Terminal) -> None:
    """What ``check`` would check: json, markdown, or a table."""
    from losscli.report import verdict

    verdict.show_plans(plans, format, terminal)


def summary_of(checked: Checked, room: int) -> str:
    """What ``check`` found, as Markdown of no more than so many bytes."""
    from losscli.report import verdict

    return verdict.summary(checked, room)


def show_results(results: Sequence[Result], format: str, terminal: Terminal) -> None:
    """What ``compute`` found of several losses, in the same formats."""
    from losscli.report import several

    several.FORMATS[format](results, terminal)


def show_advice(advice: Advice, format: str, terminal: Terminal) -> None:
    """What ``recommend`` says: table, json or markdown."""
    from losscli.report import advice as module

    module.FORMATS[format](advice, terminal)


def show_list(
    losses: Sequence[Loss], published: Sequence[PublishedLoss], format: str, terminal: Terminal
) -> None:
    """These losses by family, one line each, and those of packages: table, json or markdown."""
    from losscli.report import catalogue

    catalogue.LIST_FORMATS[format](losses, published, terminal)


def show_loss(loss: Loss, place: Sequence[str], format: str, terminal: Terminal) -> None:
    """Everything about one loss and the flags of its place in the guide: table, json, markdown."""
    from losscli.report import catalogue

    catalogue.PAGE_FORMATS[format](loss, place, terminal)


def show_verification(found: Verification, format: str, terminal: Terminal) -> None:
    """What ``verify`` found: table, json or markdown."""
    from losscli.report import verify_page

    verify_page.FORMATS[format](found, terminal)


def show_codes(format: str, terminal: Terminal) -> None:
    """Every finding there is, one line each: table, json or markdown."""
    from losscli.report import explanation

    explanation.CODES_FORMATS[format](terminal)


def show_code(code: Code, format: str, terminal: Terminal) -> None:
    """Everything about one kind of finding: table, json or markdown."""
    from losscli.report import explanation

    explanation.CODE_FORMATS[format](code, terminal)


def show_sum(shown: Sum, format: str, terminal: Terminal) -> None:
    """Everything about a weighted sum: table, json or markdown."""
    from losscli.report import sum_page

    sum_page.FORMATS[format](shown, terminal)


def show_error(error: LosscliError, terminal: Terminal) -> None:
    """One error: what, where and what to do."""
    from losscli.report.error import print_error

    print_error(error, terminal)


def show_warning(message: str, terminal: Terminal) -> None:
    """Something that went wrong and does not change the result."""
    from losscli.report.error import print_warning

    print_warning(message, terminal)


def show_findings(findings: Iterable[Diagnostic], terminal: Terminal) -> None:
    """Errors and warnings about the data, for a format that has no place for them."""
    from losscli.report.error import print_findings

    print_findings(findings, terminal)
