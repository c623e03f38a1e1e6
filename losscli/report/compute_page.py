"""The page about a result: the most important at the end that is read first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from losscli.findings import Diagnostic
from losscli.report.denominator import denominator_line, divisor_of
from losscli.report.explanation import SEVERITY_STYLES
from losscli.report.numbers import count, full, percent, short, things
from losscli.report.page import (
    Block,
    Code,
    Column,
    Entries,
    Line,
    Page,
    Prose,
    Section,
    Table,
    Words,
    line,
    shorten_numbered,
)
from losscli.report.slices import SHOWN_SLICES, slices_table, slices_title
from losscli.report.terminal import Style
from losscli.results import (
    SHOWN_ROWS,
    InputRecord,
    JoinedTable,
    JoinRecord,
    PartResult,
    Recommendation,
    Result,
    RowLoss,
    show_place,
)

# A spec that lists a thousand class weights would bury the value.
_LONGEST_SPEC = 60


def table_page(result: Result, *, unicode: bool) -> Page:
    """Everything, for a screen: read from the bottom."""
    mark = "▸" if unicode else ">"
    sections = [
        *titled("inputs", inputs_table(result.inputs), join_table(result.join)),
        *titled("your own loss", _origin(result)),
        *titled("loss", _reductions(result, mark), denominator_line(result)),
        *titled("parts", _parts(result)),
        *titled("distribution", *_distribution(result)),
        *titled(_rows_title(result), _rows(result)),
        *titled(slices_title(result), *slices_table(result, SHOWN_SLICES)),
        *titled("findings", findings(result.diagnostics), _checked(result)),
        *titled("compared with a constant", _reference(result)),
        *titled("guide", guide(result.recommendation)),
        Section("", (Code((line(Words(result.signature, "dim")), headline(result))),)),
    ]
    return tuple(sections)


def summary_page(result: Result) -> Page:
    """The same for a page that is read from the top."""
    return (
        Section("", (Prose((headline(result),)),)),
        *titled("", findings(result.diagnostics)),
        *titled("", _reductions(result, ""), denominator_line(result)),
        *titled("parts", _parts(result)),
        *titled(slices_title(result), *slices_table(result)),
        *titled("distribution", *_distribution(result)),
        *titled(_rows_title(result), _rows(result)),
        *titled("compared with a constant", _reference(result)),
        *titled("guide", guide(result.recommendation)),
        *titled("inputs", inputs_table(result.inputs), join_table(result.join)),
        *titled("your own loss", _origin(result)),
        Section("", (Code((line(result.signature),)),)),
    )


def _origin(result: Result) -> Entries | None:
    """Where a loss that is not ours came from."""
    if not result.loss.origin:
        return None
    from losscli.report import docstring

    label = Words(result.loss.name, "accent")
    said = (line(docstring.plain(result.loss.summary)),) if result.loss.summary else ()
    return Entries(((label, (line(f"from {result.loss.origin}"), *said)),))


def titled(title: str, *blocks: Block | None) -> Iterator[Section]:
    """A section of the blocks that are there; none if there is none."""
    there = tuple(block for block in blocks if block is not None)
    if there:
        yield Section(title, there)


def inputs_table(inputs: Sequence[InputRecord]) -> Table:
    """Where each role was read from."""
    columns = (
        Column("role"),
        Column("file", folds=True),
        Column("columns", folds=True),
        Column("rows", right=True),
        Column("type"),
    )
    return Table(columns, tuple(_input(record) for record in inputs))


def _input(record: InputRecord) -> tuple[Words, ...]:
    return (
        Words(record.role, "accent"),
        Words("(array)", "dim") if record.path is None else Words(record.path),
        Words(shorten_numbered(record.columns)),
        Words(count(record.rows)),
        Words(f"{record.dtype}{_lengths(record)}", "dim"),
    )


def join_table(join: JoinRecord | None) -> Table | None:
    """What joining by key found, file by file."""
    if join is None:
        return None
    columns = (
        Column("file", folds=True),
        Column("joined on"),
        Column("rows", right=True),
        Column("without partner", right=True),
        Column("left out", right=True),
        Column("order"),
    )
    return Table(columns, tuple(_joined(table, i) for i, table in enumerate(join.tables)))


def _joined(table: JoinedTable, place: int) -> tuple[Words, ...]:
    order = "kept" if place == 0 else "rearranged" if table.reordered else "the same"
    return (
        Words(table.path),
        Words(", ".join(table.on), "accent"),
        Words(count(table.rows)),
        Words(count(table.alone)),
        Words(count(table.dropped)),
        Words(order, "dim"),
    )


def _lengths(record: InputRecord) -> str:
    lengths = ", ".join("*" if length is None else str(length) for length in record.shape)
    return f"[{lengths}]" if lengths else ""


def _reductions(result: Result, mark: str) -> Table:
    """Every reduction of the loss; a mark and bold print show which one was asked for."""
    columns = (Column("reduction"), Column("value", right=True), Column("how", folds=True))
    rows = [_reduction(result, name, mark) for name in result.reductions]
    if result.reduction == "none":
        how = f"{things(result.n, 'losses')}, one for each {_sample(result)}"
        rows.append(_chosen(mark, "none", "", how))
    return Table(columns, tuple(rows))


def _reduction(result: Result, name: str, mark: str) -> tuple[Words, ...]:
    value = short(result.reductions[name])
    how = _how(result, name)
    if name == result.reduction:
        return _chosen(mark, name, value, how)
    blank = " " * len(mark)
    return Words(f"{blank} {name}" if mark else name), Words(value), Words(how, "dim")


def _chosen(mark: str, name: str, value: str, how: str) -> tuple[Words, ...]:
    return Words(f"{mark} {name}".strip(), "value"), Words(value, "value"), Words(how)


def _how(result: Result, name: str) -> str:
    if result.parts:
        return "weighted sum of the parts"
    if name == "sum":
        return ""
    if name == "overall":
        return result.loss.summary or "all rows at once"
    if name == result.reduction or (name == "mean" and result.reduction != "batchmean"):
        return f"sum / {divisor_of(result.denominator)}"
    return "sum / rows" if name == "batchmean" else "sum / elements"


def _parts(result: Result) -> Table | None:
    """The losses of a combination, what each is worth alone and what it adds to the whole."""
    if not result.parts:
        return None
    has_share = not any(math.isnan(part.share) for part in result.parts)
    columns = [
        Column("weight", right=True),
        Column("loss", folds=True),
        Column("value", right=True),
        Column("how", folds=True),
        Column("contribution", right=True),
    ]
    columns += [Column("share", right=True)] if has_share else []
    return Table(tuple(columns), tuple(_part(part, has_share) for part in result.parts))


def _part(part: PartResult, has_share: bool) -> tuple[Words, ...]:
    result = part.result
    style: Style = "" if result.status == "ok" else "error"
    return (
        Words(short(part.weight)),
        Words(result.loss.spec, "accent"),
        Words(short(result.value), style),
        Words(_about(result), "dim"),
        Words(short(part.contribution), style),
        *([Words(percent(part.share), "dim")] if has_share else []),
    )


def _distribution(result: Result) -> Iterator[Table]:
    spread = result.distribution
    if spread is None:
        return
    moments = [("std", short(spread.std)), ("standard error", short(spread.stderr))]
    if not math.isnan(spread.tail_share):
        moments.append((f"worst 1 % of {result.samples} carry", percent(spread.tail_share)))
    yield _row_of(moments)
    quantiles = [
        (name, short(getattr(spread, name)))
        for name in ("min", "p25", "median", "p75", "p95", "p99", "max")
    ]
    if spread.quantile_error:
        quantiles.append(("quantiles within", percent(spread.quantile_error)))
    yield _row_of(quantiles)


def _row_of(pairs: list[tuple[str, str]]) -> Table:
    columns = tuple(Column(name, right=True) for name, _ in pairs)
    return Table(columns, (tuple(Words(text) for _, text in pairs),))


def _rows_title(result: Result) -> str:
    if _has_all_rows(result):
        return f"loss of each {_sample(result)}"
    return f"worst {things(len(result.worst), result.samples)} of {count(result.n)}"


def _sample(result: Result) -> str:
    return result.samples.removesuffix("s")


def _has_all_rows(result: Result) -> bool:
    return result.per_sample is not None and result.n <= SHOWN_ROWS


def _rows(result: Result) -> Table | None:
    """All rows of a small data set, the worst of a larger one, each with its share of the sum."""
    rows = result.worst
    if result.per_sample is not None and _has_all_rows(result):
        key_of, place_of = result.key_of, result.place_of
        rows = tuple(
            RowLoss(
                i + 1,
                loss,
                None if key_of is None else key_of(i),
                None if place_of is None else show_place(*place_of(i)),
            )
            for i, loss in enumerate(result.per_sample.tolist())
        )
    if not rows:
        return None
    whole = _whole(result)
    names = ["row"] if result.group is None else [result.group]
    if result.group is None and result.join is not None:
        names.append(", ".join(result.join.on))
    if any(row.place is not None for row in rows):
        names.append("file")
    names += ["loss"] if whole is None else ["loss", "share of the sum"]
    columns = tuple(Column(name, right=True) for name in names)
    return Table(columns, tuple(_row(row, whole, result.group is None) for row in rows))


def _row(row: RowLoss, whole: float | None, has_number: bool) -> tuple[Words, ...]:
    """A row has its number, and its key if it has one; a group only the key."""
    style: Style = "" if math.isfinite(row.loss) else "error"
    number = (Words(count(row.row)),) if has_number else ()
    key = (Words(row.key),) if row.key is not None else ()
    place = (Words(row.place),) if row.place is not None else ()
    cells = (*number, *key, *place, Words(short(row.loss), style))
    return cells if whole is None else (*cells, Words(percent(row.loss / whole), "dim"))


def _whole(result: Result) -> float | None:
    """The sum of the per-sample losses, None where a share of it says nothing or is not known."""
    if result.distribution is None or not result.distribution.min >= 0.0:
        return None
    if any(record.role == "sample_weight" for record in result.inputs):
        return None
    whole = _sum_of_rows(result)
    return whole if whole is not None and math.isfinite(whole) and whole > 0.0 else None


def _sum_of_rows(result: Result) -> float | None:
    if result.per_sample is not None and _has_all_rows(result):
        return float(result.per_sample.sum())
    total = result.reductions.get("sum")
    if total is None or result.reduction in ("sum", "batchmean"):
        return total
    if result.divisor_meaning == "elements":
        # The loss of a row is the mean over its elements, so many in each.
        return total * result.n / result.divisor
    if result.divisor_meaning.startswith(result.samples) or _has_one_element_a_row(result):
        return total
    return None


def _has_one_element_a_row(result: Result) -> bool:
    return any(record.shape == () for record in result.inputs if record.role != "weight")


def findings(diagnostics: tuple[Diagnostic, ...]) -> Entries | None:
    """What was found in the data, gravest last: that is where the eye goes."""
    order = ("info", "warning", "error")
    found = sorted(diagnostics, key=lambda finding: order.index(finding.severity))
    return Entries(tuple(_finding(finding) for finding in found)) if found else None


def _reference(result: Result) -> Prose | None:
    """What the best constant would cost, and how much better the value is."""
    naive = result.reference
    if naive is None:
        return None
    about = naive.kind if naive.exact else f"{naive.kind}, of {count(naive.rows)} rows"
    text = f"best constant prediction: {short(naive.value)} ({about})"
    if naive.value > 0.0 and result.value >= 0.0:
        share = 1.0 - result.value / naive.value
        if abs(share) >= 0.001:
            text += f"; this is {percent(abs(share))} {'better' if share > 0 else 'worse'}"
        else:
            text += "; this is no better"
    return Prose((line(text),))


def _checked(result: Result) -> Prose | None:
    """How much was looked for: a silence is a promise only about that."""
    if result.checks is None:
        return None
    run, skipped = len(result.checks.run), len(result.checks.skipped)
    of = f"looked for {run} of {run + skipped} kinds of finding"
    return Prose((line(Words(of, "dim")),))


def _finding(finding: Diagnostic) -> tuple[Words, tuple[Line, ...]]:
    severity = "allowed" if finding.allowed else finding.severity
    label = Words(f"{severity} {finding.code}", SEVERITY_STYLES[finding.severity])
    hint = (line(Words(finding.hint, "dim")),) if finding.hint else ()
    return label, (line(finding.message), *hint)


def guide(word: Recommendation | None) -> Entries | None:
    """The decision guide's word on the data."""
    if word is None:
        return None
    label = Words(f"{word.loss} fits" if word.agrees else f"try {word.loss}", "accent")
    return Entries(((label, (line(word.because),)),))


def headline(result: Result) -> Line:
    """The value, with every digit, and what it is."""
    name = result.loss.spec if len(result.loss.spec) <= _LONGEST_SPEC else result.loss.name
    if result.reduction == "none":
        mean = f"  (their mean is {full(result.value)})"
        return line(Words(f"{name}: {things(result.n, 'losses')}", "value"), Words(mean))
    style: Style = "value" if result.status == "ok" else "error"
    about = f"  ({_about(result)})"
    return line(Words(f"{name} = {full(result.value)}", style), Words(about))


def _about(result: Result) -> str:
    ignored = f"; {count(result.ignored)} of {things(result.n, result.samples)} ignored"
    if math.isnan(result.divisor) and result.parts:
        text = f"{result.reduction}: each part by its own divisor"
    elif result.reduction == "overall":
        text = f"over {things(result.divisor, 'rows')} at once"
    elif result.reduction == "sum":
        over = things(result.counted, result.samples)
        text = f"sum over {over}"
    elif result.divisor_meaning.startswith("sum of"):
        text = f"{result.reduction}: sum / {divisor_of(result.denominator)}"
    else:
        text = f"{result.reduction} over {divisor_of(result.denominator)}"
    missing = f"; {things(result.missing_rows, 'rows')} without a value"
    text += ignored if result.ignored else ""
    text += missing if result.missing_rows else ""
    if result.missing_elements:
        text += f"; {things(result.missing_elements, 'elements')} missing"
    return text
