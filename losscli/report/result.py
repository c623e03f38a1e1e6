"""What ``compute`` found, in every format."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from losscli.domain import Array
from losscli.report.numbers import full
from losscli.report.terminal import Terminal
from losscli.results import Result
from losscli.strict_json import status, to_line, to_text

# Rows turned into text at a time: the per-sample losses may be far larger than memory.
_CHUNK = 1 << 16


# Pages load where one is drawn: a bare value should not wait for them.
def _table(result: Result, terminal: Terminal) -> None:
    from losscli.report.compute_page import table_page
    from losscli.report.draw import draw_text

    draw_text(table_page(result, unicode=terminal.unicode), terminal)


def _markdown(result: Result, terminal: Terminal) -> None:
    from losscli.report.compute_page import summary_page
    from losscli.report.draw import draw_markdown

    draw_markdown(summary_page(result), terminal)


def _value(result: Result, terminal: Terminal) -> None:
    if result.reduction != "none":
        terminal.write(f"{full(result.value)}\n")
        return
    for _, losses in _chunks(result):
        terminal.write("".join(f"{loss!r}\n" for loss in losses))


def _json(result: Result, terminal: Terminal) -> None:
    if result.reduction != "none" or result.per_sample is None:
        terminal.write_json(result.to_dict())
        return
    # The same text as to_json(), without ever holding it.
    ascii_only = not terminal.unicode
    head = to_text(replace(result, per_sample=None).to_dict(), ascii_only=ascii_only)
    if result.key_of is not None:
        names = (to_line(result.key_of(i), ascii_only=ascii_only) for i in range(result.n))
        keys = ",\n    ".join(names)
        head = f'{head.removesuffix("}").rstrip()},\n  "keys": [\n    {keys}\n  ]\n}}'
    terminal.write(f'{head.removesuffix("}").rstrip()},\n  "per_sample": [')
    for first_row, losses in _chunks(result):
        comma = "," if first_row > 1 else ""
        numbers = ",\n    ".join(_token(loss) for loss in losses)
        terminal.write(f"{comma}\n    {numbers}")
    terminal.write("\n  ]\n}\n")


def _jsonl(result: Result, terminal: Terminal) -> None:
    if result.reduction != "none":
        terminal.write(json_line(result, terminal))
        return
    for first_row, losses in _chunks(result):
        rows = enumerate(losses, first_row)
        terminal.write("".join(_row_record(result, row, loss, terminal) for row, loss in rows))


def _row_record(result: Result, row: int, loss: float, terminal: Terminal) -> str:
    key = ""
    if result.key_of is not None:
        key = f',"key":{to_line(result.key_of(row - 1), ascii_only=not terminal.unicode)}'
    if math.isfinite(loss):
        return f'{{"row":{row}{key},"loss":{loss!r}}}\n'
    return f'{{"row":{row}{key},"loss":null,"status":"{status(loss)}"}}\n'


def _token(loss: float) -> str:
    return repr(loss) if math.isfinite(loss) else "null"


def json_line(result: Result, terminal: Terminal) -> str:
    """The record on a line of JSON."""
    return f"{to_line(result.to_dict(), ascii_only=not terminal.unicode)}\n"


def _csv(result: Result, terminal: Terminal) -> None:
    if result.by and result.reduction != "none":
        from losscli.report.slices import slice_records

        records = list(slice_records(result))
        terminal.write("".join(map(csv_line, [records[0], *(r.values() for r in records)])))
        return
    if result.reduction != "none":
        record = csv_record(result)
        terminal.write(csv_line(record) + csv_line(record.values()))
        return
    key_of = result.key_of
    terminal.write("row,loss\n" if key_of is None else "row,key,loss\n")
    for first_row, losses in _chunks(result):
        rows = enumerate(losses, first_row)
        if key_of is None:
            lines = (f"{row},{loss!r}\n" for row, loss in rows)
        else:
            lines = (csv_line((row, key_of(row - 1), repr(loss))) for row, loss in rows)
        terminal.write("".join(lines))


def csv_line(fields: Any) -> str:
    """A line of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue()


def csv_record(result: Result) -> dict[str, object]:
    """One flat record. The columns are the same for every loss, so that records can be stacked."""
    spread = result.distribution
    fields = (
        "std", "stderr", "min", "p25", "median", "p75", "p95", "p99", "max", "tail_share",
        "quantile_error",
    )  # fmt: skip
    return {
        "loss": result.loss.name,
        "spec": result.loss.spec,
        "reduction": result.reduction,
        "value": full(result.value),
        "status": result.status,
        "n": result.n,
        "ignored": result.ignored,
        "missing": result.missing,
        "divisor": full(result.divisor),
        "divisor_meaning": result.divisor_meaning,
        **{name: _number(result.reductions.get(name)) for name in ("mean", "sum", "batchmean")},
        **{name: _number(getattr(spread, name, None)) for name in fields},
        "diagnostics": " ".join(found.code for found in result.diagnostics),
        "version": result.version,
        "signature": result.signature,
    }


def _number(value: float | None) -> str:
    return "" if value is None else full(value)


def _chunks(result: Result) -> Iterator[tuple[int, list[float]]]:
    """The per-sample losses as Python numbers, a chunk at a time, with the row of the first."""
    losses = _kept(result)
    for start in range(0, len(losses), _CHUNK):
        yield start + 1, losses[start : start + _CHUNK].tolist()


def _kept(result: Result) -> Array:
    if result.per_sample is None:
        raise ValueError("the per-sample losses were not kept in this run")
    return result.per_sample


Renderer = Callable[[Result, Terminal], None]
FORMATS: Mapping[str, Renderer] = MappingProxyType(
    {
        "table": _table,
        "json": _json,
        "jsonl": _jsonl,
        "csv": _csv,
        "markdown": _markdown,
        "value": _value,
    }
)
