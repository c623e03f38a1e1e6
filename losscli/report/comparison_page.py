"""The page about a comparison: models in a table, then what can be said of them, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator

from losscli.comparison import Comparison, Difference, ModelLoss, SliceComparison
from losscli.report.compute_page import findings, inputs_table, join_table, titled
from losscli.report.denominator import sentences
from losscli.report.numbers import count, percent, short, things
from losscli.report.page import Block, Code, Column, Line, Page, Prose, Section, Table, Words, line
from losscli.report.slices import SHOWN_SLICES
from losscli.report.terminal import Style
from losscli.results import SMALL_SLICE, shown

_TESTS = {"t": "paired t test", "permutation": "permutation of signs", "bootstrap": "bootstrap"}
_VERDICT_STYLES: dict[str, Style] = {"better": "value", "worse": "warning", "no difference": ""}


def table_page(comparison: Comparison, *, unicode: bool) -> Page:
    """Everything, for a screen: read from the bottom."""
    mark = "▸" if unicode else ">"
    return (
        *titled("inputs", inputs_table(comparison.inputs), join_table(comparison.join)),
        *titled(_slices_title(comparison), *_slices(comparison, SHOWN_SLICES)),
        *titled("findings", findings(comparison.diagnostics)),
        Section(_title(comparison), (_models(comparison, mark), *_remarks(comparison))),
        Section("", (Code((line(Words(comparison.signature, "dim")),)),)),
        Section("", (Prose(tuple(_sentences(comparison))),)),
    )


def summary_page(comparison: Comparison) -> Page:
    """The same for a page that is read from the top."""
    return (
        Section("", (Prose(tuple(_sentences(comparison))),)),
        *titled("", findings(comparison.diagnostics)),
        Section(_title(comparison), (_models(comparison, ""), *_remarks(comparison))),
        *titled(_slices_title(comparison), *_slices(comparison, SHOWN_SLICES)),
        *titled("inputs", inputs_table(comparison.inputs), join_table(comparison.join)),
        Section("", (Code((line(comparison.signature),)),)),
    )


def _title(comparison: Comparison) -> str:
    counted = things(comparison.n - comparison.ignored - comparison.missing, comparison.samples)
    return f"{comparison.loss.spec} of {len(comparison.models)} models on the same {counted}"


def _models(comparison: Comparison, mark: str) -> Table:
    sure = f"{100.0 * comparison.confidence:g} %"
    rows = any(
        model.difference and model.difference.wins is not None for model in comparison.models
    )
    columns = [
        Column("model"),
        Column("loss", right=True),
        Column("std error", right=True),
        Column(f"{sure} interval", right=True),
        Column(f"minus {comparison.reference}", right=True),
        Column(f"{sure} interval", right=True),
        Column("p (Holm)" if len(comparison.models) > 2 else "p", right=True),
    ]
    columns += [Column(f"{comparison.samples} won", right=True)] if rows else []
    return Table(tuple(columns), tuple(_model(model, mark, rows) for model in comparison.models))


def _model(model: ModelLoss, mark: str, rows: bool) -> tuple[Words, ...]:
    style: Style = "value" if model.best else ""
    if not math.isfinite(model.value):
        style = "error"
    name = f"{mark if model.best else ' ' * len(mark)} {model.name}" if mark else model.name
    if model.best and not mark:
        name = f"{name} (best)"
    cells = [
        Words(name, style),
        Words(short(model.value), style),
        Words(_number(model.stderr)),
        Words(_interval(model.low, model.high), "dim"),
    ]
    found = model.difference
    if found is None:
        cells += [Words("")] * 3
    else:
        cells += [
            Words(_signed(found.value), _VERDICT_STYLES[found.verdict]),
            Words(_interval(found.low, found.high), "dim"),
            Words(p_text(found.p_adjusted), _VERDICT_STYLES[found.verdict]),
        ]
    if rows:
        wins = None if found is None else found.wins
        cells.append(Words("" if wins is None else percent(wins)))
    return tuple(cells)


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4g}"


def _signed(value: float) -> str:
    return "" if math.isnan(value) else f"{value:+.6g}" if value else "0"


def _interval(low: float, high: float) -> str:
    return "" if math.isnan(low) or math.isnan(high) else f"{low:.5g} .. {high:.5g}"


def p_text(p_value: float) -> str:
    """A p-value: three digits, and no more zeros than anybody believes."""
    if math.isnan(p_value):
        return "-"
    return "< 0.0001" if p_value < 0.0001 else f"{p_value:.3g}"


def _remarks(comparison: Comparison) -> Iterator[Block]:
    lines = [line(Words(text, "dim")) for text in _remark_texts(comparison)]
    if lines:
        yield Prose(tuple(lines))


def _remark_texts(comparison: Comparison) -> Iterator[str]:
    yield from sentences(comparison.denominators, comparison.samples)
    yield f"p and intervals: {_how(comparison)}"
    ties = [
        f"{percent(found.tied)} with {model.name}"
        for model in comparison.models
        if (found := model.difference) is not None and found.tied
    ]
    if ties:
        yield f"{comparison.samples} won: a tie counts half; ties: {', '.join(ties)}"
    yield from comparison.notes


def _how(comparison: Comparison) -> str:
    parts = [_TESTS[comparison.test]]
    exact = [model.difference.exact for model in comparison.models if model.difference is not None]
    if comparison.test == "permutation" and all(exact):
        parts.append("every way to swap")
    elif comparison.resamples:
        parts.append(f"{count(comparison.resamples)} replicates, seed {comparison.seed}")
    if comparison.test == "permutation":
        other = "bootstrap" if comparison.reduction == "overall" else "paired t test"
        parts.append(f"intervals from the {other}")
    if comparison.cluster is not None and comparison.clusters is not None:
        whole = things(comparison.clusters, "clusters")
        parts.append(f"{whole} of {comparison.cluster} instead of {comparison.samples}")
    tests = len(comparison.models) - 1
    if tests > 1:
        parts.append(f"p adjusted for {tests} tests (Holm)")
    return "; ".join(parts)


def _sentences(comparison: Comparison) -> Iterator[Line]:
    for model in comparison.models:
        if model.difference is not None:
            yield _sentence(comparison, model, model.difference)
    judged = [
        model.difference.p_adjusted for model in comparison.models if model.difference is not None
    ]
    if not all(math.isnan(p) for p in judged):
        yield line(Words(_MEANING, "dim"))
        yield line(Words(_NOT_MEANING, "dim"))


_MEANING = (
    "p is the chance of a difference at least this large, either way, if the models were equally "
    "good and only these rows were drawn by chance."
)
_NOT_MEANING = (
    "It is not the chance that they are equally good, and a small p does not make a difference "
    "large: see its interval."
)


def _sentence(comparison: Comparison, model: ModelLoss, found: Difference) -> Line:
    reference = comparison.reference
    style = _VERDICT_STYLES[found.verdict]
    first = comparison[reference].value
    if math.isnan(found.p_adjusted):
        why = found.note or "a loss that is not finite cannot be compared"
        return line(f"{model.name} and {reference}: ", Words("not compared", "error"), f": {why}")
    p = (
        f"p {p_text(found.p_adjusted)}"
        if found.p_adjusted < 0.0001
        else f"p = {p_text(found.p_adjusted)}"
    )
    note = f" ({found.note})" if found.note else ""
    if found.verdict != "no difference":
        less = "lower" if found.value < 0.0 else "higher"
        size = f"{short(abs(found.value))} {less}{_relative(found.value, first)}"
        return line(
            Words(f"{model.name} is {found.verdict} than {reference}", style),
            f": its {comparison.loss.name} is {size}, {p}{note}",
        )
    return line(
        Words(f"no difference shown between {model.name} and {reference}", "value"),
        f": {p}{note}{_reach(comparison, found, first)}",
    )


def _relative(value: float, first: float) -> str:
    return f" ({percent(abs(value / first))})" if first > 0.0 and math.isfinite(first) else ""


def _reach(comparison: Comparison, found: Difference, first: float) -> str:
    """What these rows could have shown."""
    if math.isnan(found.detectable) or found.detectable == 0.0:
        return ""
    size = f"{short(found.detectable)}{_relative(found.detectable, first)}"
    return f"; {comparison.samples} like these show one of {size} four times out of five"


def _slices_title(comparison: Comparison) -> str:
    return f"slices by {', '.join(comparison.by)}, worst first"


def _slices(comparison: Comparison, most: int) -> Iterator[Block]:
    """A line for each slice and model: where a model loses most comes first."""
    if not comparison.slices:
        return
    slices = comparison.slices[:most]
    several = len(comparison.models) > 2
    columns = [Column(name, folds=True) for name in comparison.by]
    columns += [Column(comparison.samples, right=True)]
    columns += [Column("model")] if several else []
    columns += [
        Column("loss", right=True),
        Column(f"minus {comparison.reference}", right=True),
        Column(f"{100.0 * comparison.confidence:g} % interval", right=True),
        Column("p (Holm)", right=True),
        Column("note"),
    ]
    rows = [
        _slice(one, model, found, several)
        for one in slices
        for model in one.models
        if (found := model.difference) is not None
    ]
    yield Table(tuple(columns), tuple(rows))
    remarks = []
    if any(one.small for one in slices):
        remarks.append(f"small: fewer than {SMALL_SLICE} {comparison.samples}")
    tests = len(comparison.slices) * (len(comparison.models) - 1)
    remarks.append(f"p adjusted for {things(tests, 'tests')} (Holm)")
    if len(comparison.slices) > most:
        left = things(len(comparison.slices) - most, "slices")
        remarks.append(f"and {left} more: --format csv has all")
    yield Prose((line(Words("; ".join(remarks), "dim")),))


def _slice(
    one: SliceComparison, model: ModelLoss, found: Difference, several: bool
) -> tuple[Words, ...]:
    style = _VERDICT_STYLES[found.verdict]
    cells = [Words(shown(value), "accent") for value in one.values]
    cells += [Words(count(one.n))]
    cells += [Words(model.name)] if several else []
    note = found.verdict if found.verdict != "no difference" else ""
    cells += [
        Words(short(model.value)),
        Words(_signed(found.value), style),
        Words(_interval(found.low, found.high), "dim"),
        Words(p_text(found.p_adjusted), style),
        Words(", ".join(filter(None, [note, "small" if one.small else ""])), style),
    ]
    return tuple(cells)
