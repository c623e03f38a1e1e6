"""Text to stdout, reports to files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from losscli import report
from losscli.errors import LosscliError, OutputError
from losscli.report import Terminal

if TYPE_CHECKING:
    from losscli.advice import Advice
    from losscli.codes import Code
    from losscli.comparison import Comparison
    from losscli.report.sum_page import Sum
    from losscli.results import Result
    from losscli.spec import Loss, PublishedLoss
    from losscli.verdict import Checked, Planned
    from losscli.verification import Verification

# What these print has no place for findings.
_SILENT = ("value", "csv", "jsonl")


def show_result(result: Result, format: str) -> None:
    """A result on stdout; its findings on stderr where the format has no place for them."""
    with _stdout() as terminal:
        report.show_result(result, format, terminal)
    if format in _SILENT:
        report.show_findings(result.diagnostics, Terminal.of(sys.stderr))


def show_results(results: Sequence[Result], format: str) -> None:
    """The results of several losses on stdout; their findings as those of one."""
    from losscli.findings import merge_findings

    with _stdout() as terminal:
        report.show_results(results, format, terminal)
    if format in _SILENT:
        found = merge_findings([(result.loss.spec, result.diagnostics) for result in results])
        report.show_findings(found, Terminal.of(sys.stderr))


def write_results(results: Sequence[Result], format: str, path: str) -> None:
    """A report on several losses in a file, whole or not at all."""
    with _file(path) as terminal:
        report.show_results(results, format, terminal)


def write_report(result: Result, format: str, path: str) -> None:
    """A report in a file, whole or not at all."""
    with _file(path) as terminal:
        report.show_result(result, format, terminal)


def show_comparison(comparison: Comparison, format: str) -> None:
    """A comparison on stdout; findings on stderr where the format has no place for them."""
    with _stdout() as terminal:
        report.show_comparison(comparison, format, terminal)
    if format in _SILENT:
        report.show_findings(comparison.diagnostics, Terminal.of(sys.stderr))


def write_comparison(comparison: Comparison, format: str, path: str) -> None:
    """A comparison in a file, whole or not at all."""
    with _file(path) as terminal:
        report.show_comparison(comparison, format, terminal)


def show_checked(checked: Checked, format: str) -> None:
    """Verdicts on stdout; of a lone check that could not be made stderr has said all there is."""
    if format == "table" and len(checked.verdicts) == 1 and checked.outcome == "error":
        return
    with _stdout() as terminal:
        report.show_checked(checked, format, terminal)


def show_planned(plans: list[Planned], format: str) -> None:
    """What would be checked, on stdout."""
    with _stdout() as terminal:
        report.show_planned(plans, format, terminal)


def write_checked(checked: Checked, format: str, path: str) -> None:
    """A report about verdicts in a file, whole or not at all."""
    with _file(path) as terminal:
        report.show_checked(checked, format, terminal)


# GitHub takes no summary of a step that is larger, not even a part of it.
_SUMMARY_BYTES = 2**20


def append_summary(checked: Checked, path: str) -> None:
    """Add the verdicts to the summary of a GitHub job, within its limit.

    What goes wrong here is said and does not matter: the verdict stands.
    """
    try:
        used = os.path.getsize(path) if os.path.exists(path) else 0
        text = report.summary_of(checked, _SUMMARY_BYTES - used)
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
        problem = "" if text else "it is full"
    except OSError as error:
        problem = error.strerror or str(error)
    if problem:
        report.show_warning(f"the job summary was not written: {problem}", Terminal.of(sys.stderr))


def show_problem(error: LosscliError) -> None:
    """What kept one of several things from being done, on stderr."""
    report.show_error(error, Terminal.of(sys.stderr))


def show_advice(advice: Advice, format: str) -> None:
    """What ``recommend`` says, on stdout."""
    with _stdout() as terminal:
        report.show_advice(advice, format, terminal)


def show_list(losses: list[Loss], published: list[PublishedLoss], format: str) -> None:
    """The losses by family, and those of other packages, on stdout."""
    with _stdout() as terminal:
        report.show_list(losses, published, format, terminal)


def show_sum(shown: Sum, format: str) -> None:
    """Everything about a weighted sum, on stdout."""
    with _stdout() as terminal:
        report.show_sum(shown, format, terminal)


def show_page(loss: Loss, place: tuple[str, ...], format: str) -> None:
    """Everything about a loss, and its place in the guide, on stdout."""
    with _stdout() as terminal:
        report.show_loss(loss, place, format, terminal)


def show_verification(found: Verification, format: str) -> None:
    """What ``verify`` found, on stdout."""
    with _stdout() as terminal:
        report.show_verification(found, format, terminal)


def show_codes(format: str) -> None:
    """Every finding there is, on stdout."""
    with _stdout() as terminal:
        report.show_codes(format, terminal)


def show_code(code: Code, format: str) -> None:
    """Everything about one kind of finding, on stdout."""
    with _stdout() as terminal:
        report.show_code(code, format, terminal)


def discard_stdout() -> None:
    """Drop what is still buffered, or Python would fail to write it at exit, and say so."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _file(path: str) -> Iterator[Terminal]:
    from losscli.data.sink import whole_file

    with whole_file(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        yield Terminal(file)


@contextmanager
def _stdout() -> Iterator[Terminal]:
    """Stdout, with all of it written at the end.

    Raises:
        BrokenPipeError: whoever reads it had enough.
        OutputError: it cannot be written, for example to a full disk.
    """
    try:
        yield Terminal.of(sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_stdout()
        raise OutputError(f"cannot write to stdout: {error.strerror or error}") from error
