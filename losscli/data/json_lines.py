"""JSON Lines: one object a line, cut into pieces of whole lines like a CSV file.

Arrow parses; where it finds a fault, the lines of the piece are gone through one by one to say
which, or to read what only Arrow did not like.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.json as pajson

from losscli.data.arrow import values_of
from losscli.data.batches import BROKEN, BatchTable
from losscli.data.csv_lines import Lines, find_lines, pieces
from losscli.data.place import Place, check_rounding, may_be_rounded
from losscli.data.stored import Stored
from losscli.errors import DataError

_PIECE_BYTES = 3 * 2**19
_HEAD_BYTES = 2**18
_LONGEST_LINE = 2**24
_SAMPLED_ROWS = 100
_BOM = b"\xef\xbb\xbf"
_NUMBER = pa.float64()
_NO_JSON = {UnicodeDecodeError: "it is no UTF-8 text", RecursionError: "it is nested too deeply"}


class JsonTable(BatchTable):
    """A file of JSON Lines whose first rows have been looked at.

    A key that a line does not have is a missing value. A column that is wanted for its numbers is
    read as float64; one whose values are names is read as what the first rows show.

    Raises:
        DataError: the file is empty, holds one JSON document, or a line is no object.
    """

    def __init__(self, file: Stored, *, gaps: bool = False) -> None:
        self._stored = file
        head = _read_head(file)
        self._start = len(_BOM) if head.startswith(_BOM) else 0
        sample = _sample(file.name, head[self._start :])
        kinds = {name: _kind([row.get(name) for row in sample]) for name in _names(sample)}
        self._named = {n: pa.null() if kind is None else kind for n, kind in kinds.items()}
        super().__init__(file.name, pa.schema([*self._named.items()]), gaps=gaps)

    @property
    def bounds(self) -> Sequence[int]:
        """The first row of each piece, and how many rows there are."""
        return self._bounds

    @cached_property
    def _bounds(self) -> Sequence[int]:
        lines = self._lines
        return [*range(0, lines.rows, lines.step), lines.rows]

    @cached_property
    def _lines(self) -> Lines:
        return find_lines(self._stored, self._start, _PIECE_BYTES, quotes=False)

    def keys(self, column: int) -> Iterator[pa.Array]:
        """What a column holds; see :class:`losscli.data.columns.Table`."""
        name = self.columns[column].name
        for batch in self.batches([name], 0, self.rows, 1, [name]):
            yield batch.column(0)

    def batches(
        self, names: Sequence[str], piece: int, stop: int, rows: int, coded: Collection[str] = ()
    ) -> Generator[pa.RecordBatch, None, None]:
        """The pieces from one on; see :class:`BatchTable`."""
        schema = pa.schema([(name, self._kind(name, name in coded)) for name in names])
        for data, first, count in pieces(self._stored, self._lines, self._bounds[piece], stop):
            yield self._parse(data, first, count, schema)

    def _kind(self, name: str, is_coded: bool) -> pa.DataType:
        """The type in which a column is read."""
        kind = self._named[name]
        if not is_coded:
            return _as_numbers(kind)
        return pa.string() if pa.types.is_null(kind) else kind

    def _parse(self, data: memoryview, first: int, rows: int, schema: pa.Schema) -> pa.RecordBatch:
        read = pajson.ReadOptions(use_threads=False, block_size=len(data) + 1)
        parse = pajson.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        try:
            found = pajson.read_json(pa.BufferReader(data), read, parse)
        except BROKEN:
            found = None
        if found is not None and len(found) == rows and found.schema.equals(schema):
            (batch,) = found.combine_chunks().to_batches()
            if not any(map(_may_be_rounded, batch.columns)):
                return batch
        return self._read_carefully(data, first, rows, schema)

    def _read_carefully(
        self, data: memoryview, first: int, rows: int, schema: pa.Schema
    ) -> pa.RecordBatch:
        lines = bytes(data).removesuffix(b"\n").split(b"\n")
        columns: dict[str, list[Any]] = {name: [] for name in schema.names}
        for row, line in enumerate(lines, first):
            found = _object(line, Place(self.name, None, row))
            for field in schema:
                place = Place(self.name, field.name, row)
                columns[field.name].append(_value(found.get(field.name), field.type, place))
        arrays = [pa.array(columns[field.name], field.type) for field in schema]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _read_head(file: Stored) -> bytes:
    with open(file.path, "rb") as opened:
        head = opened.read(_HEAD_BYTES)
        while b"\n" not in head and len(head) < _LONGEST_LINE:
            more = opened.read(len(head) or 1)
            if not more:
                break
            head += more
    if not head.removeprefix(_BOM).strip():
        raise DataError("is empty", path=file.name, hint="was it written to the end?", code="LC160")
    if head.removeprefix(_BOM).lstrip().startswith(b"["):
        raise _one_document(file.name, f"for example with: jq -c '.[]' {file.name}")
    return head


def _one_document(path: str, how: str) -> DataError:
    return DataError(
        "holds one JSON document, not one object a line",
        path=path,
        hint=f"write JSON Lines, {how}",
        code="LC160",
    )


def _sample(path: str, head: bytes) -> list[dict[str, Any]]:
    lines = head.split(b"\n")
    if len(lines) > 1:
        # The last may be cut off, or is what follows the last line end.
        lines.pop()
    if lines[0].strip() == b"{":
        raise _one_document(path, f"for example with: jq -c . {path}")
    first = enumerate(lines[:_SAMPLED_ROWS])
    found = [_object(line, Place(path, None, row)) for row, line in first]
    if len(found) == 1 and _holds_columns([*found[0].values()]):
        how = "orient='records', lines=True"
        raise _one_document(path, f"with pandas: frame.to_json(path, {how})")
    return found


def _holds_columns(values: Sequence[Any]) -> bool:
    """Is this how pandas writes a whole frame: a column each, the values by row name?"""
    columns = [[*value] if isinstance(value, _Pairs) else None for value in values]
    return len(columns) > 1 and columns[0] is not None and all(c == columns[0] for c in columns)


def _object(line: bytes, place: Place) -> dict[str, Any]:
    """What stands on a line."""
    if not line.strip():
        raise place.fault(
            "blank line", hint="remove it, or write the object that is missing", code="LC128"
        )
    try:
        found = json.loads(line, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        said = getattr(error, "msg", None) or _NO_JSON.get(type(error), "a number has no end")
        hint = (
            "is it cut off? JSON Lines have one whole object on each line, as `jq -c .` writes them"
        )
        raise place.fault(f"is no JSON: {said}", hint=hint, code="LC160") from None
    if not isinstance(found, _Pairs):
        raise place.fault("is no JSON object", hint='write {"prediction": 1.5}', code="LC160")
    if found.twice is not None:
        raise place.fault(
            f"has {found.twice!r} twice", hint="a name occurs once in an object", code="LC160"
        )
    return found


class _Pairs(dict[str, Any]):
    """An object, and a name that it has twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        twice = len(names) > len(self)
        self.twice = next(n for n in names if names.count(n) > 1) if twice else None


def _names(sample: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in sample for name in row))


def _kind(values: Sequence[Any]) -> pa.DataType | None:
    """The type of some values; None if all are missing."""
    present = [value for value in values if value is not None]
    kinds = {type(value) for value in present}
    if not present:
        return None
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return pa.int64()
    if kinds & {int, float}:
        return _NUMBER
    if kinds == {list}:
        inner = _kind([item for value in present for item in value])
        return pa.list_(_NUMBER if inner is None else inner)
    if kinds == {_Pairs}:
        return pa.struct([])
    return pa.string()


def _as_numbers(kind: pa.DataType) -> pa.DataType:
    """The type in which numbers of such a column are read."""
    if pa.types.is_list(kind):
        return pa.list_(_as_numbers(kind.value_type))
    if pa.types.is_integer(kind) or pa.types.is_null(kind):
        return _NUMBER
    return kind


def _may_be_rounded(array: pa.Array) -> bool:
    """May a whole number have lost digits, alone or in a list?"""
    while pa.types.is_list(array.type):
        array = array.flatten()
    return pa.types.is_floating(array.type) and may_be_rounded(values_of(array.drop_null()))


def _value(value: Any, kind: pa.DataType, place: Place) -> Any:
    """A value in the type of its column."""
    if value is None:
        return None
    if pa.types.is_list(kind) and isinstance(value, list):
        return [_value(item, kind.value_type, place) for item in value]
    if pa.types.is_string(kind) and isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise place.fault("is no Unicode text: half a surrogate pair", code="LC160") from None
        return value
    if pa.types.is_boolean(kind) and isinstance(value, bool):
        return value
    if kind == pa.int64() and type(value) is int and abs(value) < 2**63:
        return value
    if kind == _NUMBER and isinstance(value, int | float):
        # An integer may be too long for a float, as 1e400 is.
        number = float(str(value)) if type(value) is int else float(value)
        if type(value) is int:
            check_rounding(str(value), number, place)
        return number
    shown = json.dumps(value)
    shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
    wanted = "a number" if kind == _NUMBER else f"of the type of the rows before it, {kind}"
    raise place.fault(f"{shown} is not {wanted}", code="LC162")
