"""How files are read: what a command says once about all of them."""

from __future__ import annotations

from dataclasses import dataclass

from losscli.errors import UsageError, did_you_mean

INPUT_FORMATS = ("csv", "tsv")
_DELIMITERS = {
    "comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "space": " ", "bar": "|", "pipe": "|",
}  # fmt: skip
_NO_DELIMITER = "\"'\r\n."


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything about reading that is no role, no column and no file.

    Attributes:
        header: does a CSV file begin with the names of its columns? None if that is obvious.
        delimiter: what separates the cells of a CSV file: a character, ``tab`` or ``space``. None
            takes what the first lines show.
        decimal: the decimal mark in CSV files, ``.`` or ``,``.
        input_format: the format of what neither its first bytes nor its name tell, such as
            standard input. None guesses.

    Raises:
        UsageError: one of them has a value that makes no sense.
    """

    header: bool | None = None
    delimiter: str | None = None
    decimal: str = "."
    input_format: str | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", _delimiter(self.delimiter))
        if self.decimal not in (".", ","):
            raise UsageError(f"the decimal mark is . or , and not {self.decimal!r}")
        if self.input_format is not None and self.input_format not in INPUT_FORMATS:
            known = f"choose one of {', '.join(INPUT_FORMATS)}"
            hint = did_you_mean(self.input_format, INPUT_FORMATS) or known
            raise UsageError(f"there is no input format {self.input_format!r}", hint=hint)


def _delimiter(given: str) -> str:
    mark = _DELIMITERS.get(given.casefold(), given)
    if len(mark) != 1 or not mark.isascii() or mark.isalnum() or mark in _NO_DELIMITER:
        raise UsageError(
            f"{given!r} cannot separate cells",
            hint="a delimiter is one character such as , ; | or a word: tab, space",
        )
    return mark


# What holds when nothing is said.
AS_IT_IS = Reading()
