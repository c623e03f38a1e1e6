"""What ``compute`` found, in every format."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count, islice, repeat, starmap
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
    terminal.write(head.removesuffix("}").rstrip())
    for name, values in result.names_of_rows().items():
        _write_list(f"{name}s", (to_line(one, ascii_only=ascii_only) for one in values), terminal)
    losses = (_token(loss) for _, some in _chunks(result) for loss in some)
    _write_list("per_sample", losses, terminal)
    terminal.write("\n}\n")


def _write_list(name: str, tokens: Iterator[str], terminal: Terminal) -> None:
    """A list at the end of a JSON object, an entry a line, a chunk at a time."""
    before = f',\n  "{name}": [\n    '
    while some := [*islice(tokens, _CHUNK)]:
        terminal.write(before + ",\n    ".join(some))
        before = ",\n    "
    terminal.write("\n  ]")


def _jsonl(result: Result, terminal: Terminal) -> None:
    if result.reduction != "none":
        terminal.write(json_line(result, terminal))
        return
    ascii_only, names = not terminal.unicode, result.names_of_rows()

    def record(row: int, loss: float, said: tuple[object, ...]) -> str:
        pairs = zip(names, said, strict=True)
        named = "".join(f',"{k}":{to_line(v, ascii_only=ascii_only)}' for k, v in pairs)
        if math.isfinite(loss):
            return f'{{"row":{row}{named},"loss":{loss!r}}}\n'
        return f'{{"row":{row}{named},"loss":null,"status":"{status(loss)}"}}\n'

    for rows in _rows(result, names):
        terminal.write("".join(starmap(record, rows)))


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
    names = result.names_of_rows()
    terminal.write(csv_line(("row", *names, "loss")))
    for rows in _rows(result, names):
        if names:
            lines = (csv_line((row, *said, repr(loss))) for row, loss, said in rows)
        else:
            lines = (f"{row},{loss!r}\n" for row, loss, _ in rows)
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


def _rows(
    result: Result, names: Mapping[str, Iterator[object]]
) -> Iterator[Iterator[tuple[int, float, tuple[object, ...]]]]:
    """The rows a chunk at a time: number, loss, and what else names each."""
    said = zip(*names.values(), strict=True) if names else repeat(())
    for first_row, losses in _chunks(result):
        # The losses end a chunk, before a name is taken that belongs to the next.
        yield zip(count(first_row), losses, said, strict=False)


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
