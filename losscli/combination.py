"""Weighted sums of losses, and what several losses have in common.

``0.5*mse + 0.5*mae`` is a value as ``huber(delta=2)`` is one: it prints, hashes and parses back,
and stands wherever a loss does. The grammar, in which brackets group and blanks are free::

    losses      = combination ("," combination)*
    combination = ["+" | "-"] term (("+" | "-") term)*
    term        = (number "*")* (spec | "(" combination ")")

A hyphen belongs to a name (``smooth-l1``) unless a blank or a weight (``-0.5*``) sets it apart.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from losscli import spec
from losscli.domain import SAMPLE_WEIGHT, Role
from losscli.errors import LosscliError, ParameterError, UnknownLossError, UsageError
from losscli.spec import ROW_REDUCTIONS, SET_REDUCTIONS, BoundLoss, Param, Reduction, Value


@dataclass(frozen=True, slots=True)
class Part:
    """One loss of a combination, and what it is multiplied by."""

    weight: float
    bound: BoundLoss


@dataclass(frozen=True)
class Combination:
    """A weighted sum of losses.

    Its value is the sum of weight times reduced loss, each part reduced with its own divisor, as
    ``0.5 * mse(p, t) + 0.5 * ce(p, t)`` is in PyTorch. What a row costs is the same sum over the
    parts' losses of the row.
    """

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        for part in self.parts:
            if not math.isfinite(part.weight):
                raise ParameterError(f"the weight of {part.bound} is {part.weight!r}, not finite")

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self)

    @property
    def params(self) -> Mapping[str, Value]:
        """None: those of the parts are in their specs."""
        return {}

    @cached_property
    def loss(self) -> Declared:
        """What a combination says of itself where a loss has its declaration."""
        return Declared(self)

    @cached_property
    def united(self) -> United:
        """The roles of all parts."""
        return unite([part.bound for part in self.parts])

    def reductions_of_parts(self, reduction: Reduction) -> tuple[Reduction, ...]:
        """How each part is reduced; ``overall`` is the mean to a loss of rows."""
        by_rows: Reduction = "mean" if reduction == "overall" else reduction
        return tuple(reduction if part.bound.loss.is_set else by_rows for part in self.parts)

    def replace(self, **params: object) -> Combination:
        """The same combination.

        Raises:
            ParameterError: a parameter is given; whose it is would not be clear.
        """
        if params:
            raise ParameterError(
                f"{self} has no parameter {next(iter(params))!r}",
                hint="write parameters into the specs of its losses: 0.5*huber(delta=2) + 0.5*mae",
            )
        return self

    def __str__(self) -> str:
        """The spec string, such as ``0.5*mse + 0.5*huber(delta=2.0)``."""
        if len(self.parts) == 1 and self.parts[0].weight == 1.0:
            return f"1.0*{self.parts[0].bound}"
        text = ""
        for part in self.parts:
            minus = math.copysign(1.0, part.weight) < 0.0
            sign = (" - " if minus else " + ") if text else "-" if minus else ""
            size = abs(part.weight)
            text += f"{sign}{part.bound}" if size == 1.0 else f"{sign}{size!r}*{part.bound}"
        return text


AnyLoss: TypeAlias = BoundLoss | Combination


def singles(losses: Sequence[AnyLoss]) -> list[BoundLoss]:
    """The losses in them, those of combinations one by one."""
    return [
        bound
        for one in losses
        for bound in ([one] if isinstance(one, BoundLoss) else [part.bound for part in one.parts])
    ]


@dataclass(frozen=True)
class Declared:
    """The answers of a combination to what is asked of the declaration of a loss."""

    of: Combination

    name = "combination"
    family = "combination"
    torch = None
    avoid_when = "a gate is to keep the number low; turn the signs round"

    @property
    def summary(self) -> str:
        """One line about it."""
        specs = [str(part.bound) for part in self.of.parts]
        listed = " and ".join(filter(None, [", ".join(specs[:-1]), specs[-1]]))
        return f"The weighted sum of {listed}."

    @property
    def roles(self) -> tuple[Role, ...]:
        """The data of all parts, those that share a name once."""
        return self.inputs[:-1]

    @property
    def inputs(self) -> tuple[Role, ...]:
        """The roles and the sample weight."""
        return self.of.united.roles

    @property
    def params(self) -> Mapping[str, Param]:
        """None of its own."""
        return {}

    @cached_property
    def reductions(self) -> tuple[Reduction, ...]:
        """What every part allows; with a set loss in it ``overall`` comes first."""
        losses = [part.bound.loss for part in self.of.parts]
        known = SET_REDUCTIONS if self.is_set else (*ROW_REDUCTIONS, "batchmean")
        return tuple(
            reduction
            for reduction in known
            if all(
                reduction in loss.reductions or (reduction == "overall" and not loss.is_set)
                for loss in losses
            )
        )

    @property
    def greater_is_better(self) -> bool:
        """Is every part a similarity, or taken off?"""
        parts = self.of.parts
        return all(part.bound.loss.greater_is_better == (part.weight > 0.0) for part in parts)

    @property
    def is_set(self) -> bool:
        """Does a part take all rows at once?"""
        return any(part.bound.loss.is_set for part in self.of.parts)

    @property
    def is_list(self) -> bool:
        """Is a row a list to a part?"""
        return any(part.bound.loss.is_list for part in self.of.parts)


@dataclass(frozen=True, slots=True)
class United:
    """The data of several losses.

    Attributes:
        roles: what there is to read: required, optional, and the sample weight.
        names: for each loss, by its own name of a role, the name of that role among ``roles``.
    """

    roles: tuple[Role, ...]
    names: tuple[Mapping[str, str], ...]

    @property
    def inputs(self) -> tuple[Role, ...]:
        """As of the declaration of a loss."""
        return self.roles


def unite(losses: Sequence[AnyLoss]) -> United:
    """The roles of several losses as those of one: they share what has one name or one place.

    The first required role of every loss is the same data, then the second, whatever each calls it;
    optional roles are the same if they have the same name.

    Raises:
        UsageError: the losses do not take the same number of inputs, or call one place differently
            and use the name for another.
    """
    required = [[role for role in one.loss.roles if not role.optional] for one in losses]
    _check_counts(losses, required)
    shared: dict[str, Role] = {}
    names: list[dict[str, str]] = [{} for _ in losses]
    for place in zip(*required, strict=True):
        role = _as_one(place)
        shared[role.name] = role
        for mapping, own in zip(names, place, strict=True):
            mapping[own.name] = role.name
    _check_names(losses, required, names)
    for mapping, one in zip(names, losses, strict=True):
        for role in one.loss.inputs:
            if role.optional:
                mapping[role.name] = shared.setdefault(role.name, role).name
    shared[SAMPLE_WEIGHT.name] = shared.pop(SAMPLE_WEIGHT.name)
    return United(tuple(shared.values()), tuple(names))


def _as_one(place: Sequence[Role]) -> Role:
    """What several losses take at one place, as a role that files are searched for."""
    names = dict.fromkeys(name for role in place for name in role.own_names)
    # A row that is several values to one loss has to be read as such.
    widest = next((role for role in place if role.domain.is_matrix), place[0])
    return replace(widest, name=place[0].name, called=tuple(names) if len(names) > 1 else ())


def _check_counts(losses: Sequence[AnyLoss], required: Sequence[Sequence[Role]]) -> None:
    for one, roles in zip(losses, required, strict=True):
        if len(roles) != len(required[0]) or any(
            role.is_table != first.is_table for role, first in zip(roles, required[0], strict=True)
        ):
            pairs = ((losses[0], required[0]), (one, roles))
            takes = [f"{loss} takes {' '.join(r.name.upper() for r in rs)}" for loss, rs in pairs]
            raise UsageError(
                f"{takes[0]}, but {takes[1]}", hint="losses of different inputs are computed apart"
            )


def _check_names(
    losses: Sequence[AnyLoss],
    required: Sequence[Sequence[Role]],
    names: Sequence[Mapping[str, str]],
) -> None:
    """One name may not stand for two different places."""
    places: dict[str, tuple[int, AnyLoss]] = {}
    for one, roles in zip(losses, required, strict=True):
        for at, role in enumerate(roles):
            before, other = places.setdefault(role.name, (at, one))
            if before != at:
                raise UsageError(
                    f"{role.name} is input {before + 1} of {other} and input {at + 1} of {one}",
                    hint="losses of different inputs are computed apart",
                )


def parse(text: str) -> AnyLoss:
    """The loss or combination that a text stands for; the inverse of ``str``.

    Raises:
        UnknownLossError, ParameterError: as :func:`losscli.spec.parse`.
        UsageError: the text is neither.
    """
    parts = _Reader(text).read()
    if len(parts) == 1 and parts[0][1] == text.strip():
        return _parse_single(text)
    return Combination(tuple(Part(weight, spec.parse(term)) for weight, term in parts))


def _parse_single(text: str) -> BoundLoss:
    try:
        return spec.parse(text)
    except UnknownLossError as error:
        for i, letter in enumerate(text):
            if letter == "-" and _is_loss(text[:i]) and _is_loss(text[i + 1 :]):
                hint = f"a minus stands between blanks: '{text[:i]} - {text[i + 1 :]}'"
                raise UnknownLossError(error.message, hint=hint) from None
        raise


def _is_loss(text: str) -> bool:
    try:
        parse(text)
    except LosscliError:
        return False
    return True


def parse_several(text: str) -> list[AnyLoss]:
    """The losses in ``mse,mae,huber(delta=2)``; commas in brackets belong to a loss.

    Raises:
        UsageError: one of them is missing. Besides, what :func:`parse` raises.
    """
    specs = split_commas(text)
    if not all(specs):
        raise UsageError(
            f"a loss is missing in {text!r}", hint="write LOSS,LOSS: mse,mae,'huber(delta=2)'"
        )
    return [parse(one) for one in specs]


def split_commas(text: str) -> list[str]:
    """The text between the commas that stand in no bracket."""
    specs, start = [], 0
    while start <= len(text):
        end = _find(text, start, lambda i: text[i] == ",")
        specs.append(text[start:end].strip())
        start = end + 1
    return specs


def _find(text: str, start: int, ends: Callable[[int], bool]) -> int:
    """The first position from ``start`` on, in no bracket and no quotes, that ``ends``."""
    depth, quote = 0, ""
    for i in range(start, len(text)):
        letter = text[i]
        if quote:
            quote = "" if letter == quote else quote
        elif depth == 0 and ends(i):
            return i
        elif depth and letter in "'\"":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}" and depth:
            depth -= 1
    return len(text)


_NUMBER = r"\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*"
_WEIGHT = re.compile(_NUMBER + r"\*")
_LONE_WEIGHT = re.compile(_NUMBER)
_NO_TIMES = re.compile(_NUMBER + r"([a-zA-Z_][\w-]*(?:\(.*)?)", re.DOTALL)


class _Reader:
    """Reads weights and specs from left to right, see the grammar above."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> list[tuple[float, str]]:
        """All of the text."""
        parts = self._sum()
        if self._at < len(self._text):
            raise self._error(f"{self._text[self._at]!r} closes no bracket")
        return parts

    def _sum(self) -> list[tuple[float, str]]:
        parts = []
        sign = self._next("+-")
        while True:
            factor = -1.0 if sign == "-" else 1.0
            parts += [(factor * weight, term) for weight, term in self._term()]
            sign = self._next("+-")
            if not sign:
                return parts

    def _term(self) -> list[tuple[float, str]]:
        factor = 1.0
        while match := _WEIGHT.match(self._text, self._at):
            factor *= float(match[1])
            self._at = match.end()
        if not self._next("("):
            return [(factor, self._spec())]
        parts = self._sum()
        if not self._next(")"):
            raise self._error("a bracket is not closed")
        return [(factor * weight, term) for weight, term in parts]

    def _spec(self) -> str:
        end = _find(self._text, self._at, self._ends_spec)
        term = self._text[self._at : end].strip()
        if not term:
            raise self._error("a loss is missing")
        if self._text.startswith("*", end):
            raise self._error(f"the weight stands before its loss: 0.5*{term}")
        if _LONE_WEIGHT.fullmatch(term):
            raise self._error(f"{term} is no loss")
        if match := _NO_TIMES.fullmatch(term):
            raise self._error(f"a weight is followed by *: {match[1]}*{match[2]}")
        self._at = end
        return term

    def _ends_spec(self, i: int) -> bool:
        text = self._text
        if text[i] == "-":
            alone = text[i - 1 : i].isspace() or text[i + 1 : i + 2].isspace()
            return alone or _WEIGHT.match(text, i + 1) is not None
        return text[i] in "+*)"

    def _next(self, wanted: str) -> str:
        """The next letter that is not blank, passed over if it is one of these."""
        while self._text[self._at : self._at + 1].isspace():
            self._at += 1
        found = self._text[self._at : self._at + 1]
        if not found or found not in wanted:
            return ""
        self._at += 1
        return found

    def _error(self, problem: str) -> UsageError:
        return UsageError(
            f"cannot read the loss {self._text!r}: {problem}",
            hint="write it as LOSS, or as WEIGHT*LOSS + WEIGHT*LOSS: 0.5*mse + 0.5*mae",
        )
