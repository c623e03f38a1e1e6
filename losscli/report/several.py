"""Several results of one data set, in every format."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from losscli.findings import merge_findings
from losscli.report.compute_page import (
    findings,
    guide,
    inputs_table,
    join_table,
    titled,
)
from losscli.report.denominator import divisor_of, sentences
from losscli.report.numbers import count, full, short
from losscli.report.page import Block, Column, Page, Prose, Section, Table, Words, line
from losscli.report.result import csv_line, csv_record, json_line
from losscli.report.slices import SHOWN_SLICES, slice_records, slices_title
from losscli.report.terminal import Style, Terminal
from losscli.results import Recommendation, Result, results_to_dict, shown


def table_page(results: Sequence[Result]) -> Page:
    """Everything, for a screen: read from the bottom."""
    return (
        *titled("inputs", inputs_table(results[0].inputs), join_table(results[0].join)),
        *titled(slices_title(results[0]), *_slices(results, SHOWN_SLICES)),
        *titled("findings", _findings(results)),
        *titled("guide", guide(_word(results))),
        Section("losses", (_counts(results), losses_table(results))),
    )


def summary_page(results: Sequence[Result]) -> Page:
    """The same for a page that is read from the top."""
    return (
        Section("", (losses_table(results), _counts(results))),
        *titled("", _findings(results)),
        *titled(slices_title(results[0]), *_slices(results, None)),
        *titled("guide", guide(_word(results))),
        *titled("inputs", inputs_table(results[0].inputs), join_table(results[0].join)),
    )


def _findings(results: Sequence[Result]) -> Block | None:
    return findings(merge_findings([(one.loss.spec, one.diagnostics) for one in results]))


def _word(results: Sequence[Result]) -> Recommendation | None:
    return next((one.recommendation for one in results if one.recommendation is not None), None)


def losses_table(results: Sequence[Result]) -> Table:
    """A row for each loss."""
    columns = (
        Column("loss", folds=True),
        Column("value", right=True),
        Column("reduction"),
        Column("divisor", folds=True),
        Column("standard error", right=True),
        Column("findings", right=True),
    )
    return Table(columns, tuple(map(_row, results)))


def _counts(results: Sequence[Result]) -> Prose:
    """What the numbers count, once where it is the same for all."""
    of_losses = {result.loss.spec: result.denominator for result in results}
    texts = sentences(of_losses, results[0].samples, divides=results[0].reduction != "sum")
    return Prose(tuple(line(Words(text, "dim")) for text in texts))


def _row(result: Result) -> tuple[Words, ...]:
    style: Style = "value" if result.status == "ok" else "error"
    spread = result.distribution
    error = "" if spread is None or math.isnan(spread.stderr) else short(spread.stderr)
    return (
        Words(result.loss.spec, "accent"),
        Words(full(result.value), style),
        Words(result.reduction),
        Words(divisor_of(result.denominator), "dim"),
        Words(error),
        Words(count(len(result.diagnostics)) if result.diagnostics else ""),
    )


def _slices(results: Sequence[Result], most: int | None) -> Sequence[Block]:
    """A row for each slice with all its losses; the order is that of the first loss."""
    first = results[0]
    if not first.slices:
        return ()
    columns = [Column(name, folds=True) for name in first.by]
    columns += [Column(first.samples, right=True)]
    columns += [Column(result.loss.spec, right=True) for result in results]
    values = [{tuple(one.slice.items()): one.value for one in result.slices} for result in results]
    rows = tuple(
        (
            *(Words(shown(value), "accent") for value in one.slice.values()),
            Words(count(one.n)),
            *(Words(short(of_loss[tuple(one.slice.items())])) for of_loss in values),
        )
        for one in first.slices[:most]
    )
    left = len(first.slices) - len(rows)
    more = [Prose((line(Words(f"and {count(left)} more: --format csv has all", "dim")),))]
    return [Table(tuple(columns), rows), *(more if left else ())]


def _table(results: Sequence[Result], terminal: Terminal) -> None:
    from losscli.report.draw import draw_text

    draw_text(table_page(results), terminal)


def _markdown(results: Sequence[Result], terminal: Terminal) -> None:
    from losscli.report.draw import draw_markdown

    draw_markdown(summary_page(results), terminal)


def _value(results: Sequence[Result], terminal: Terminal) -> None:
    terminal.write("".join(f"{full(result.value)}\n" for result in results))


def _json(results: Sequence[Result], terminal: Terminal) -> None:
    terminal.write_json(results_to_dict(results))


def _jsonl(results: Sequence[Result], terminal: Terminal) -> None:
    terminal.write("".join(json_line(result, terminal) for result in results))


def _csv(results: Sequence[Result], terminal: Terminal) -> None:
    """One flat record a loss, or with slices one for each loss and slice."""
    records: list[Mapping[str, object]]
    if results[0].by:
        records = [
            {"spec": result.loss.spec, **record}
            for result in results
            for record in slice_records(result)
        ]
    else:
        records = [csv_record(result) for result in results]
    if records:
        terminal.write(csv_line(records[0]))
    for record in records:
        terminal.write(csv_line(record.values()))


Renderer = Callable[[Sequence[Result], Terminal], None]
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
