"""Verdicts as GitHub's workflow commands: annotations on the run, and no more than GitHub keeps.

Ten errors and ten warnings are shown of a step, the rest is dropped without a word; so the last one
says how many more there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from losscli.report.check_page import conclusion
from losscli.report.page import text_of
from losscli.report.terminal import Terminal
from losscli.verdict import Checked, Verdict

_MOST = 10
_MESSAGE_BYTES = 4096
# In a title, which stands on one line of the page.
_TITLE_BYTES = 255


@dataclass(frozen=True, slots=True)
class Annotation:
    """One line of a workflow's log that GitHub shows beside the run."""

    level: str
    title: str
    message: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        places = [("file", self.file), ("line", self.line), ("title", self.title)]
        properties = ",".join(
            f"{name}={escape(_cut(str(value), _TITLE_BYTES), property=True)}"
            for name, value in places
            if value is not None
        )
        return f"::{self.level} {properties}::{_within(self.message, _MESSAGE_BYTES)}"


def draw(checked: Checked, terminal: Terminal) -> None:
    """An annotation for each failure and each finding worth one, then the verdict."""
    found = [one for verdict in checked.verdicts for one in _annotations(verdict)]
    for level in ("error", "warning", "notice"):
        for annotation in _few([one for one in found if one.level == level]):
            terminal.write(f"{annotation}\n")
    # A verdict begins with a word of ours, so that no data is taken for a command.
    *_, last = conclusion(checked)
    terminal.write(f"{text_of(last)}\n")


def _annotations(verdict: Verdict) -> Iterator[Annotation]:
    place = verdict.place
    file, line = (None, None) if place is None else (place.file, place.line)
    if verdict.problem is not None:
        message = "\n".join(filter(None, [verdict.problem.sentence, verdict.problem.hint]))
        yield Annotation("error", f"{verdict.name} could not be checked", message, file, line)
    for gate in verdict.failures:
        yield Annotation("error", f"{verdict.name}: {gate.label}", gate.reason, file, line)
    for finding in verdict.remarks:
        message = "\n".join(filter(None, [finding.message, finding.hint]))
        level, title = "warning", f"{verdict.name}: {finding.code}"
        if finding.allowed:
            level, title = "notice", f"{title} is allowed"
        yield Annotation(level, title, message, file, line)


def _few(annotations: list[Annotation]) -> list[Annotation]:
    if len(annotations) <= _MOST:
        return annotations
    shown = annotations[: _MOST - 1]
    more = len(annotations) - len(shown)
    level = annotations[0].level
    message = f"GitHub shows {_MOST} of a step; the log and the reports have all of them"
    return [*shown, Annotation(level, f"{more} more {level}s", message)]


def escape(text: str, *, property: bool = False) -> str:
    """Text that a workflow command carries as it is."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if property else text


def _within(text: str, size: int) -> str:
    """The escaped text, cut at a character so that it has no more bytes than this."""
    whole = escape(text)
    if len(_bytes(whole)) <= size:
        return whole
    room, kept = size - len(_bytes("…")), 0
    for char in text:
        room -= len(_bytes(escape(char)))
        if room < 0:
            break
        kept += 1
    return escape(text[:kept]) + "…"


def _cut(text: str, size: int) -> str:
    """The text with no more bytes than this."""
    data = _bytes(text)
    return text if len(data) <= size else data[: size - 3].decode("utf-8", "ignore") + "…"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
