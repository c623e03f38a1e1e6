"""How files are read: what a command says once about all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from losscli.errors import UsageError, did_you_mean

INPUT_FORMATS = ("csv", "tsv", "jsonl", "parquet", "arrow", "npy", "npz")
_DELIMITERS = {
    "comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "space": " ", "bar": "|", "pipe": "|",
}  # fmt: skip
_NO_DELIMITER = "\"'\r\n."
ON_MISSING = ("error", "drop")
MISSING = ("error", "drop", "ignore-elements")
TOKENS = ("words", "characters")


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
        on: the columns whose values say which rows belong together: ``id``; ``id,date`` or both
            one by one; ``id=V1`` where the first file says id and the others V1. Without any, rows
            pair by position.
        on_missing: what becomes of a row whose key is not in every file: ``error`` or ``drop``.
        missing: what becomes of a row that lacks a value: ``error``, ``drop``, or
            ``ignore-elements``, which leaves out single elements of rows that hold several.
        by_position: do rows pair as they stand, even where columns that name them differ?
        tokens: what texts are split into where a loss takes tokens: ``words`` or ``characters``.
            None where they are given as numbers.
        memory: the bytes that a join may use before it goes to disk.
        classes: the names of the classes in their order, for labels that are names. None takes
            them from the columns of the logits.

    Raises:
        UsageError: one of them has a value that makes no sense.
    """

    header: bool | None = None
    delimiter: str | None = None
    decimal: str = "."
    input_format: str | None = None
    on: tuple[str, ...] = ()
    on_missing: str = "error"
    missing: str = "error"
    by_position: bool = False
    tokens: str | None = None
    memory: int = 2**30
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", _delimiter(self.delimiter))
        if self.decimal not in (".", ","):
            raise UsageError(f"the decimal mark is . or , and not {self.decimal!r}")
        if self.input_format is not None:
            _check_word("input format", self.input_format, INPUT_FORMATS)
        if self.classes:
            _check_classes(self.classes)
        _check_word("--on-missing", self.on_missing, ON_MISSING)
        _check_word("--missing", self.missing, MISSING)
        if self.on and self.by_position:
            raise UsageError("--on and --by-position exclude each other", hint="leave one out")
        if self.tokens is not None:
            _check_word("kind of --tokens", self.tokens, TOKENS)

    @classmethod
    def of(
        cls, on: str | Iterable[str], on_missing: str, missing: str, by_position: bool
    ) -> Reading:
        """What a Python call says about the rows."""
        keys = (on,) if isinstance(on, str) else tuple(on)
        return cls(on=keys, on_missing=on_missing, missing=missing, by_position=by_position)

    def also(
        self, said: Reading, classes: Iterable[str] = (), tokens: str | None = None
    ) -> Reading:
        """This, with what is said about rows, classes and tokens besides."""
        return replace(
            self,
            on=said.on or self.on,
            on_missing=said.on_missing if self.on_missing == "error" else self.on_missing,
            missing=said.missing if self.missing == "error" else self.missing,
            by_position=said.by_position or self.by_position,
            tokens=tokens or self.tokens,
            classes=tuple(classes) or self.classes,
        )

    @property
    def by_element(self) -> bool:
        """Are single elements of rows left out where they are missing?"""
        return self.missing == "ignore-elements"

    @property
    def gaps(self) -> bool:
        """May values be missing?"""
        return self.missing != "error"


def _check_word(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        hint = did_you_mean(given, known) or f"choose one of {', '.join(known)}"
        raise UsageError(f"there is no {what} {given!r}", hint=hint)


def _check_classes(names: tuple[str, ...]) -> None:
    twice = [name for name in names if names.count(name) > 1]
    if "" in names:
        what = "has an empty name"
    elif twice:
        what = f"has {twice[0]!r} twice"
    elif len(names) < 2:
        what = "names one class"
    else:
        return
    raise UsageError(f"--classes {what}", hint="name each class once: --classes cat,dog,bird")


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
