"""Texts as lists of tokens, so that they pair, wait and stream as lists of numbers do.

A loss asks only which tokens are equal, but a digest of targets needs the same number for a word in
every run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from hashlib import blake2b
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from losscli.data.arrow import is_text, values_of
from losscli.data.coding import Labels
from losscli.data.place import Place
from losscli.domain import Array
from losscli.errors import DataError
from losscli.ragged import Ragged
from losscli.shapes import VARIES

# Texts that are split in one go.
_ROWS = 2**14


class TextCoder(ABC):
    """Turns texts into lists of tokens. Several threads may call it at once."""

    row_shape = (VARIES,)

    def encode(self, column: pa.Array, place: Place) -> Ragged:
        """The tokens of each text, as numbers; see :class:`losscli.data.coding.Coder`.

        Raises:
            DataError: a cell is missing (with gaps it is a list of one NaN), or is no text, or no
                UTF-8; names its row.
        """
        texts = _texts(column, place)
        starts = range(0, max(len(texts), 1), _ROWS)
        lists = Ragged.joined([self._split(texts.slice(start, _ROWS), place) for start in starts])
        return _with_gaps(lists, column) if place.gaps and column.null_count else lists

    @abstractmethod
    def _split(self, texts: pa.LargeStringArray, place: Place) -> Ragged: ...


class Words(TextCoder):
    """What white space separates, as Unicode and Python's ``str.split`` have it."""

    def __init__(self) -> None:
        self._labels = Labels("", "to tell words apart")
        self._numbers = _Numbers(self._labels)

    def _split(self, texts: pa.LargeStringArray, place: Place) -> Ragged:
        split = pc.utf8_split_whitespace(texts)
        pieces = split.flatten()
        # White space at either end leaves a piece without characters, and so does an empty text.
        is_word = pc.greater(pc.binary_length(pieces), 0)
        before = np.concatenate([[0], np.cumsum(values_of(is_word), dtype=np.int64)])
        words = self._labels.encode(pieces.filter(is_word), place)
        return Ragged(self._numbers.of(words.astype(np.intp)), before[values_of(split.offsets)])


class _Numbers:
    """A number below 2^53 for each label, from its name alone: codes depend on the threads."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._numbers = np.empty(2**10)
        self._used: set[int] = set()
        self._lock = Lock()

    def of(self, codes: NDArray[np.intp]) -> Array:
        """The numbers of labels that are known by these codes."""
        with self._lock:
            for code in range(len(self._used), int(codes.max(initial=-1)) + 1):
                self._enter(code)
            numbers = self._numbers
        found: Array = numbers[codes]
        return found

    def _enter(self, code: int) -> None:
        if code == len(self._numbers):
            self._numbers = np.concatenate([self._numbers, np.empty(code)])
        name = self._labels.name(code) or ""
        number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little") >> 11
        # Words that share a number are very rare, but two words never become one.
        while number in self._used:
            number = (number + 1) % 2**53
        self._used.add(number)
        self._numbers[code] = number


class Characters(TextCoder):
    """Unicode code points, white space among them."""

    def _split(self, texts: pa.LargeStringArray, place: Place) -> Ragged:
        lengths = values_of(pc.utf8_length(texts))
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        _, bounds, data = texts.buffers()
        if offsets[-1] == 0:
            return Ragged(np.empty(0), offsets)
        first, *_, last = np.frombuffer(bounds, np.int64)[texts.offset :][: len(texts) + 1]
        text = str(data[int(first) : int(last)], "utf-8")
        points = np.frombuffer(text.encode("utf-32-le"), "<u4")
        return Ragged(points.astype(np.float64), offsets)


def _texts(column: pa.Array, place: Place) -> pa.LargeStringArray:
    """The texts of a column, all UTF-8; with gaps, an empty one for each that is missing."""
    kind, types = column.type, pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return _texts(column.storage, place)
    if types.is_dictionary(kind):
        return _texts(column.dictionary_decode(), place)
    if not is_text(kind) and not types.is_null(kind):
        hint = "--tokens splits text; choose another column with -c ROLE=NAME"
        raise DataError(
            f"holds {kind}, not text", path=place.path, column=place.column, hint=hint, code="LC162"
        )
    if column.null_count and not place.gaps:
        hint = "a text with nothing in it is written as an empty one, as '' in pandas and Arrow"
        raise place.fault(
            "the text is missing", int(np.argmax(values_of(column.is_null()))), hint, code="LC128"
        )
    texts = column.cast(pa.large_string()).fill_null("")
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        raise place.fault(
            "is no UTF-8 text", _first_broken(texts), "write it as UTF-8", code="LC160"
        ) from None
    return texts


def _with_gaps(lists: Ragged, column: pa.Array) -> Ragged:
    """The lists, and one of a missing value for each text that is missing."""
    nothing = Ragged(np.full(1, np.nan), np.array([0, 1]))
    is_there = values_of(column.is_valid()).astype(bool)
    return Ragged.joined([lists, nothing]).take(
        np.where(is_there, np.arange(len(lists)), len(lists))
    )


def _first_broken(texts: pa.LargeStringArray) -> int:
    for row, text in enumerate(texts.cast(pa.large_binary()).to_pylist()):
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            return row
    return 0
