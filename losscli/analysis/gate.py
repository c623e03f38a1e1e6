"""Does a result pass? A gate compares one number, unrounded, and says why in a sentence.

Less is better in every loss, so a gate is an upper limit. What is not finite never passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from losscli.codes import CODES
from losscli.combination import Declared
from losscli.engine.detail import Asked
from losscli.errors import UsageError
from losscli.findings import Diagnostic
from losscli.results import Result, RowsAbove, SliceRecord
from losscli.spec import Loss, Reduction
from losscli.verdict import Judged


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much more than before a loss may be: ``absolute + relative * |before|``."""

    absolute: float = 0.0
    relative: float = 0.0

    def __post_init__(self) -> None:
        for amount in (self.absolute, self.relative):
            if not (math.isfinite(amount) and amount >= 0.0):
                raise UsageError(f"a tolerance of {amount} is no number from 0 upwards")

    def limit(self, before: float) -> float:
        """The most that a loss may be now."""
        return before + (self.absolute + self.relative * abs(before))

    def __str__(self) -> str:
        parts = [f"{self.absolute!r}"] if self.absolute else []
        parts += [f"{_percent(self.relative)} %"] if self.relative else []
        return "rounding" if self == ROUNDING else " + ".join(parts) or "0"


# Another processor may round a logarithm another way.
ROUNDING = Tolerance(relative=1e-9)


@dataclass(frozen=True, slots=True)
class Gates:
    """The limits of a check.

    Attributes:
        max: the most the loss may be.
        quantiles: pairs of a share and the most that this quantile of the rows' losses may be.
        above: pairs of a loss and the largest share of rows that may lie above it.
        worst_slice: the most the loss of any slice may be.
    """

    max: float | None = None
    quantiles: tuple[tuple[float, float], ...] = ()
    above: tuple[tuple[float, float], ...] = ()
    worst_slice: float | None = None

    def __post_init__(self) -> None:
        limits = [limit for _, limit in self.quantiles] + [loss for loss, _ in self.above]
        alone = [limit for limit in (self.max, self.worst_slice) if limit is not None]
        for limit in [*alone, *limits]:
            if not math.isfinite(limit):
                raise UsageError(f"a limit of {limit} would let everything pass, or nothing")
        for share in [share for share, _ in self.quantiles] + [share for _, share in self.above]:
            if not 0.0 <= share <= 1.0:
                raise UsageError(f"a share of {share:g} of the rows: it must be from 0 to 1")

    @property
    def count(self) -> int:
        """How many gates there are."""
        alone = (self.max is not None) + (self.worst_slice is not None)
        return alone + len(self.quantiles) + len(self.above)

    @property
    def asked(self) -> Asked:
        """What a run has to find out for these gates."""
        # Beyond a million rows quantiles are estimates; the rows above the limit are still counted.
        levels = [limit for _, limit in self.quantiles] + [loss for loss, _ in self.above]
        return Asked(tuple(share for share, _ in self.quantiles), tuple(levels))

    def check_reduction(self, loss: Loss | Declared, reduction: Reduction) -> None:
        """Do these gates find what they compare under this reduction?

        Raises:
            UsageError: there are many numbers, or a gate is about rows and there is but one number.
        """
        if reduction == "none":
            raise UsageError(
                "a check compares one number, and with --reduction none there are many",
                hint="leave it out; --max-quantile and --max-share-above are about single rows",
            )
        if reduction == "overall" and (self.quantiles or self.above):
            raise UsageError(
                f"{loss.name} is one number of all rows, so a row has no loss to set a limit for",
                hint="--reduction mean takes each row by itself, --group COLUMN each group",
            )


def judge(result: Result, gates: Gates, *, strict: bool = False) -> tuple[Judged, ...]:
    """Every gate, and those that nobody has to ask for: findings, under ``strict`` warnings too."""
    gated = (_max, _quantiles, _above, _slices)
    asked = (judged for gate in gated for judged in gate(result, gates))
    return (*_findings(result, strict), *asked)


def counting(result: Result, *, strict: bool) -> list[Diagnostic]:
    """The findings that a result does not pass with."""
    grave = ("error", "warning") if strict else ("error",)
    return [found for found in result.diagnostics if found.severity in grave]


def _findings(result: Result, strict: bool) -> Iterator[Judged]:
    """A finding that counts, such as a loss that is not finite, is a gate that failed."""
    for found in counting(result, strict=strict):
        reason, detail = found.message, found.hint
        if found.severity == "warning":
            # In short: pages show the warning itself with its numbers and what to do.
            reason = f"a warning, and --strict counts it: {CODES[found.code].title}"
            detail = "\n".join(filter(None, [found.message, found.hint]))
        yield Judged(found.code, False, reason, result.value, detail=detail)
    if not math.isfinite(result.value) and not result.failed:
        yield Judged("finite", False, f"{_name(result)} is {result.value}", result.value)


def _max(result: Result, gates: Gates) -> Iterator[Judged]:
    if gates.max is not None:
        yield at_most(f"max {gates.max!r}", _name(result), result.value, gates.max)


def at_most(
    gate: str,
    what: str,
    value: float,
    limit: float,
    slice: str | None = None,
    *,
    because: str = "",
) -> Judged:
    """The gate that ``value``, called ``what``, is finite and not above ``limit``."""
    if not math.isfinite(value):
        reason = f"{what} is {value}, which never passes"
        return Judged(gate, False, reason, value, limit, slice)
    passed = value <= limit
    relation = "is at most" if passed else "is more than"
    reason = f"{what} = {value!r} {relation} {limit!r}{because}"
    return Judged(gate, passed, reason, value, limit, slice)


def _quantiles(result: Result, gates: Gates) -> Iterator[Judged]:
    for (share, limit), above in zip(gates.quantiles, result.above, strict=False):
        value = result.quantiles[share]
        name = _percentile(share)
        gate = f"{name} at most {limit!r}"
        what = f"{name} of the losses of {result.samples}"
        if result.distribution is not None and result.distribution.quantile_error:
            yield _quantile_by_rank(gate, what, value, share, above)
        else:
            yield at_most(gate, what, value, limit)


def _quantile_by_rank(gate: str, what: str, value: float, share: float, above: RowsAbove) -> Judged:
    """Where a quantile is an estimate the verdict is not: the rows above its limit were counted."""
    allowed = above.of - 1 - round(share * (above.of - 1))
    passed = above.rows <= allowed
    relation = "is at most" if passed else "is more than"
    reason = (
        f"{what}, about {value:.6g}, {relation} {above.loss!r}: {above.rows:,} of {above.of:,} "
        f"lie above, {allowed:,} may"
    )
    return Judged(gate, passed, reason, value, above.loss)


def _above(result: Result, gates: Gates) -> Iterator[Judged]:
    counts = result.above[len(gates.quantiles) :]
    for (loss, share), above in zip(gates.above, counts, strict=True):
        found = above.rows / above.of if above.of else math.nan
        what = (
            f"the share of {result.samples} with a loss above {loss!r} "
            f"({above.rows:,} of {above.of:,})"
        )
        yield at_most(f"share above {loss!r} at most {share!r}", what, found, share)


def _slices(result: Result, gates: Gates) -> Iterator[Judged]:
    if gates.worst_slice is None:
        return
    for one in result.slices:
        limit = gates.worst_slice
        yield judge_slice(f"every slice at most {limit!r}", result, one, limit)


def judge_slice(
    gate: str, result: Result, one: SliceRecord, limit: float, *, because: str = ""
) -> Judged:
    """The gate that the loss of a slice is finite and not above ``limit``.

    A slice of which no row counts has no loss, and passes.
    """
    counted = one.n - one.ignored
    what = f"{_name(result)} of {one.name}"
    if counted == 0:
        reason = f"no row of {one.name} counts, so it has no loss"
        return Judged(gate, True, reason, one.value, limit, one.name)
    if one.small:
        because += f", of {counted} {result.samples if counted > 1 else result.samples[:-1]} only"
    return at_most(gate, what, one.value, limit, one.name, because=because)


def _name(result: Result) -> str:
    return result.loss.spec


def _percentile(share: float) -> str:
    """``p99`` for 0.99."""
    return f"p{_percent(share)}"


def _percent(share: float) -> str:
    """A hundred times the share, with every digit."""
    return f"{(Decimal(repr(share)) * 100).normalize():f}"


def parse_quantiles(option: str, texts: Sequence[str]) -> tuple[tuple[float, float], ...]:
    """Pairs of a share and a limit, written ``p99=2.5`` or ``0.99=2.5``.

    Raises:
        UsageError: one is neither, or a quantile is given twice.
    """
    return _pairs(option, texts, _share, float, "SHARE=X, such as p99=2.5 or 0.99=2.5")


def parse_shares_above(option: str, texts: Sequence[str]) -> tuple[tuple[float, float], ...]:
    """Pairs of a loss and a share, written ``0.5=1%`` or ``0.5=0.01``.

    Raises:
        UsageError: one is neither, or a loss is given twice.
    """
    return _pairs(option, texts, float, _share, "X=SHARE, such as 0.5=1% or 0.5=0.01")


def parse_tolerance(text: str) -> Tolerance:
    """``0.001``, ``2%`` or both, ``0.001+2%``.

    Raises:
        UsageError: it is none of these.
    """
    absolute = relative = 0.0
    try:
        for part in text.split("+"):
            if part.strip().endswith("%"):
                relative += _share(part)
            else:
                absolute += float(part)
    except ValueError:
        raise UsageError(f"--tolerance {text}: write it as 0.001, 2% or 0.001+2%") from None
    return Tolerance(absolute, relative)


def _pairs(
    option: str,
    texts: Sequence[str],
    left: Callable[[str], float],
    right: Callable[[str], float],
    form: str,
) -> tuple[tuple[float, float], ...]:
    pairs: dict[float, float] = {}
    for text in texts:
        first, equals, second = text.partition("=")
        try:
            if not equals:
                raise ValueError
            key, value = left(first), right(second)
        except ValueError:
            raise UsageError(f"{option} {text}: write it as {form}") from None
        if key in pairs:
            raise UsageError(f"{option} {first} is given twice", hint="leave one of them out")
        pairs[key] = value
    return tuple(pairs.items())


def _share(text: str) -> float:
    """``0.01``, ``1%`` or ``p1``, as the double nearest to it."""
    text = text.strip()
    percent = text.removeprefix("p").removesuffix("%")
    if percent == text:
        return float(text)
    try:
        # In decimal, so that 0.7 % is the same double as 0.007.
        return float(Decimal(percent.strip()) / 100)
    except InvalidOperation:
        raise ValueError(text) from None
