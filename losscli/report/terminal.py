"""Where text goes, and what can be shown there."""

from __future__ import annotations

import codecs
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TextIO, TypeAlias

Style: TypeAlias = Literal["", "title", "head", "dim", "value", "accent", "warning", "error"]

_ANSI: dict[Style, str] = {
    "title": "1",
    "head": "2",
    "dim": "2",
    "value": "1",
    "accent": "36",
    "warning": "33",
    "error": "1;31",
}


@dataclass(frozen=True, slots=True)
class Terminal:
    """A text stream and its abilities.

    ``width`` is None where lines may be as long as they need to be: off a terminal, unless COLUMNS
    asks otherwise. ``color`` may be true off a terminal too (FORCE_COLOR); boxes and folding never.
    """

    stream: TextIO
    is_tty: bool = False
    color: bool = False
    width: int | None = None
    unicode: bool = True

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str] | None = None) -> Terminal:
        """What this stream can do in this environment, by default the process's own."""
        env = os.environ if environ is None else environ
        # A dumb terminal cannot draw; what it gets is what a pipe gets.
        is_tty = _isatty(stream) and env.get("TERM") != "dumb"
        forced = env.get("FORCE_COLOR", "") not in ("", "0")
        color = (is_tty or forced) and not env.get("NO_COLOR")
        width = _columns(env) or (shutil.get_terminal_size().columns if is_tty else None)
        return cls(stream, is_tty, color, width, _is_utf8(stream))

    def write(self, text: str) -> None:
        """Write text; a character the stream cannot encode is escaped, never an error."""
        self.stream.write(self.encodable(text))

    def write_json(self, record: object) -> None:
        """Write a record as an indented document."""
        from losscli.strict_json import to_text

        self.write(f"{to_text(record, ascii_only=not self.unicode)}\n")

    def encodable(self, text: str) -> str:
        """The text as the stream can hold it: ``r\\xe9sum\\xe9`` on an ASCII stream."""
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        return text.encode(encoding, "backslashreplace").decode(encoding)

    def paint(self, text: str, style: Style) -> str:
        """The text in this style, where there is color."""
        if not self.color or not style or not text:
            return text
        return f"\x1b[{_ANSI[style]}m{text}\x1b[0m"


def _isatty(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def _columns(env: Mapping[str, str]) -> int | None:
    columns = env.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and int(columns) > 0 else None


def _is_utf8(stream: TextIO) -> bool:
    # A stream without an encoding, such as io.StringIO, takes any text.
    encoding = getattr(stream, "encoding", None)
    if encoding is None:
        return True
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False


def printable(text: str) -> str:
    """The text with control characters escaped: a file name must not move the cursor."""
    if text.isprintable():
        return text
    return "".join(char if _is_shown(char) else _escape(char) for char in text)


def _is_shown(char: str) -> bool:
    # isprintable() is also false for wide spaces, which do no harm; line separators do.
    return char.isprintable() or (char.isspace() and char >= "\xa0" and char not in "\u2028\u2029")


def _escape(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
