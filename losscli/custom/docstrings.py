"""What a docstring says of each parameter: Google, NumPy and Sphinx style."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TITLES = ("args", "arguments", "parameters", "params", "attributes", "hyperparameters")
_GOOGLE_TITLE = re.compile(r"([A-Z][\w ]*):")
_GOOGLE = re.compile(r"\*{0,2}(\w+)\s*(?:\(([^()]*(?:\([^()]*\)[^()]*)*)\))?\s*:\s*(.*)")
_NUMPY = re.compile(r"\*{0,2}(\w+(?:\s*,\s*\w+)*)\s*(?::\s*(.*))?")
_SPHINX = re.compile(r":(?:param|parameter|arg|argument)\s+(?:([^:]*?)\s+)?\*{0,2}(\w+)\s*:\s*(.*)")
_SPHINX_TYPE = re.compile(r":type\s+(\w+)\s*:\s*(.*)")
_FIELD = re.compile(r":\w+[^:]*:")


@dataclass(frozen=True, slots=True)
class About:
    """A parameter as its docstring has it; ``type`` is text such as ``float, optional``."""

    type: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """A docstring taken apart: what it says of the whole, and of each parameter."""

    text: str
    parameters: dict[str, About]


def describe(doc: str | None) -> Described:
    """Take a docstring apart; what is in no known style stays in the text."""
    lines = inspect.cleandoc(doc or "").splitlines()
    kept: list[str] = []
    found: dict[str, About] = {}
    at = 0
    while at < len(lines):
        title, start = _section(lines, at)
        if title is None:
            field, at_next = _sphinx(lines, at, found)
            kept += [] if field else [lines[at]]
            at = at_next
            continue
        stop = _end(lines, start, numpy=start == at + 2)
        if title in _TITLES:
            read = _numpy if start == at + 2 else _google
            found |= dict(read(lines[start:stop]))
        at = stop
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return Described(text, found)


def _section(lines: Sequence[str], at: int) -> tuple[str | None, int]:
    """The title of the section that begins here, and where its body does."""
    line = lines[at].strip()
    if at + 1 < len(lines) and line and re.fullmatch(r"-{3,}|={3,}", lines[at + 1].strip()):
        return line.casefold(), at + 2
    match = _GOOGLE_TITLE.fullmatch(line)
    follows = lines[at + 1] if at + 1 < len(lines) else ""
    if match and not lines[at].startswith(" ") and follows.startswith(" "):
        return match[1].casefold(), at + 1
    return None, at


def _end(lines: Sequence[str], start: int, *, numpy: bool) -> int:
    """Where the body of a section ends: at the next section, or where the text comes back."""
    for at in range(start, len(lines)):
        if _section(lines, at)[0] is not None:
            return at
        if not numpy and lines[at] and not lines[at].startswith(" "):
            return at
    return len(lines)


def _entries(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The entries of a section: the line that begins each, and the text indented below it."""
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    base = min(indents, default=0)
    head = ""
    body: list[str] = []
    for line in lines:
        if line.strip() and len(line) - len(line.lstrip()) == base:
            if head:
                yield head, " ".join(body)
            head, body = line.strip(), []
        elif line.strip():
            body.append(line.strip())
    if head:
        yield head, " ".join(body)


def _google(lines: Sequence[str]) -> Iterator[tuple[str, About]]:
    for head, body in _entries(lines):
        match = _GOOGLE.fullmatch(head)
        if match:
            yield match[1], About(match[2] or "", _sentence(f"{match[3]} {body}"))


def _numpy(lines: Sequence[str]) -> Iterator[tuple[str, About]]:
    for head, body in _entries(lines):
        match = _NUMPY.fullmatch(head)
        for name in match[1].split(",") if match else ():
            yield name.strip(), About((match[2] if match else "") or "", _sentence(body))


def _sphinx(lines: Sequence[str], at: int, found: dict[str, About]) -> tuple[bool, int]:
    """Take in the field that begins here, if one does; where the text goes on."""
    if not _FIELD.match(lines[at].strip()):
        return False, at + 1
    stop = at + 1
    while stop < len(lines) and lines[stop].startswith(" "):
        stop += 1
    text = " ".join(line.strip() for line in lines[at:stop])
    if match := _SPHINX.fullmatch(text):
        type_so_far = found[match[2]].type if match[2] in found else ""
        found[match[2]] = About(match[1] or type_so_far, _sentence(match[3]))
    elif match := _SPHINX_TYPE.fullmatch(text):
        found[match[1]] = About(match[2], found[match[1]].help if match[1] in found else "")
    return True, stop


def _sentence(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")
