"""The slices of a result, the worst first."""

from __future__ import annotations

import math
from collections.abc import Iterator

from losscli.report.numbers import count, full, percent, short, things
from losscli.report.page import Block, Column, Prose, Table, Words, line
from losscli.report.terminal import Style
from losscli.results import SMALL_SLICE, Result, SliceRecord, shown

# As many are shown where somebody has to read them.
SHOWN_SLICES = 20


def slices_title(result: Result) -> str:
    """What they are slices by."""
    return f"slices by {', '.join(result.by)}, worst first"


def slices_table(
    result: Result, most: int | None = None, whole: str = "--format csv"
) -> Iterator[Block]:
    """Each slice with its rows, loss, interval and share; the ``most`` worst, and how many more.

    ``whole`` is what shows all of them.
    """
    if not result.slices:
        return
    slices = result.slices[:most]
    has_interval = any(not math.isnan(one.low) for one in slices)
    has_share = any(not math.isnan(one.share) for one in slices)
    has_small = any(one.small for one in slices)
    columns = [Column(name, folds=True) for name in result.by]
    columns += [Column(result.samples, right=True), Column("loss", right=True)]
    columns += [Column("95 % interval", right=True)] if has_interval else []
    columns += [Column("share of the sum", right=True)] if has_share else []
    columns += [Column("note")] if has_small else []
    rows = []
    for one in slices:
        style: Style = "" if one.status == "ok" else "error"
        cells = [Words(shown(value), "accent") for value in one.slice.values()]
        cells += [Words(_rows(one)), Words(short(one.value), style)]
        cells += [Words(_interval(one), "dim")] if has_interval else []
        cells += [Words(_share(one.share), "dim")] if has_share else []
        cells += [Words("small" if one.small else "", "warning")] if has_small else []
        rows.append(tuple(cells))
    yield Table(tuple(columns), tuple(rows))
    if has_small:
        text = f"small: fewer than {SMALL_SLICE} {result.samples}, so much of its loss is chance"
        yield Prose((line(Words(text, "dim")),))
    left = len(result.slices) - len(slices)
    if left:
        text = f"and {things(left, 'slices')} more, with lower losses: {whole} has all"
        yield Prose((line(Words(text, "dim")),))


def _rows(one: SliceRecord) -> str:
    return count(one.n) if not one.ignored else f"{count(one.n - one.ignored)} of {count(one.n)}"


def _interval(one: SliceRecord) -> str:
    return "" if math.isnan(one.low) else f"{short(one.low)} .. {short(one.high)}"


def _share(share: float) -> str:
    return "" if math.isnan(share) else percent(share)


def slice_records(result: Result) -> Iterator[dict[str, object]]:
    """A flat record for each slice; the names of its columns come first."""
    for one in result.slices:
        fields: dict[str, object] = {
            "n": one.n,
            "ignored": one.ignored,
            "loss": result.loss.name,
            "reduction": result.reduction,
            "value": full(one.value),
            "status": one.status,
            "stderr": full(one.stderr),
            "low": full(one.low),
            "high": full(one.high),
            "share": full(one.share),
            "small": one.small,
        }
        # A column may be called as one of ours.
        names = {name: f"by_{name}" if name in fields else name for name in one.slice}
        yield {names[name]: value for name, value in one.slice.items()} | fields
