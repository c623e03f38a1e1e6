"""A declared loss, and one with its parameters settled."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from losscli.convention import WEIGHTINGS, Convention
from losscli.domain import SAMPLE_WEIGHT, Array, Role
from losscli.errors import ParameterError, did_you_mean
from losscli.shapes import Fit, vector_size
from losscli.spec.param import Param, Value, format_value
from losscli.spec.signature import read_arguments

Reduction: TypeAlias = Literal["mean", "sum", "none", "batchmean", "overall"]
ROW_REDUCTIONS: tuple[Reduction, ...] = ("mean", "sum", "none")
# Of a set loss: over all rows at once, or of each row (or group) by itself and then the mean.
SET_REDUCTIONS: tuple[Reduction, ...] = ("overall", "mean", "none")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a loss that is not ours came from: ``my_losses.py``, line 12, or a package.

    ``digest`` is the SHA-256 of the file, so that two results can be told to come from one code.
    """

    place: str
    line: int | None = None
    digest: str = ""

    def __str__(self) -> str:
        return self.place if self.line is None else f"{self.place}, line {self.line}"


@dataclass(frozen=True, slots=True)
class PublishedLoss:
    """A loss that an installed package publishes; ``target`` is ``module:object``."""

    name: str
    package: str
    target: str

    def __str__(self) -> str:
        return f"{self.target} of {self.package}"


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a loss of a user's own is run, settled by trying it on the first rows.

    Attributes:
        how: ``elements`` it returns a loss of each element or row; ``rows`` one number, so every
            row is evaluated by itself; ``once`` all rows must be there at once.
        why: what was seen.
        doubts: findings by code, each with what was seen.
        changes: the roles whose values it changes in place; it is given copies.
    """

    how: Literal["elements", "rows", "once"]
    why: str = ""
    doubts: tuple[tuple[str, str, str], ...] = ()
    changes: tuple[str, ...] = ()


class TakesRoles(typing.Protocol):
    """A loss, or several that share their data."""

    @property
    def inputs(self) -> tuple[Role, ...]:
        """All the data a run may take."""
        ...


@dataclass(frozen=True)
class Loss:
    """A declared loss: the kernel and everything a reader, a user or the engine asks about it.

    The arguments are read off the kernel's signature unless they are given. A loss of a user's own
    has an ``origin``, may run on one thread only (``serial``), and is settled before it is run:
    ``settle`` gets the first rows and gives the loss that the engine evaluates, with its
    ``conduct``.
    """

    name: str
    family: str
    kernel: Callable[..., Any] = field(repr=False, compare=False)
    aliases: tuple[str, ...] = ()
    torch: str | None = None
    divisor: Callable[..., Array | None] | None = field(default=None, repr=False, compare=False)
    divides_by: str = ""
    mean_of_rows: bool = False
    finite: bool = True
    finish: Callable[..., Any] | None = field(default=None, repr=False, compare=False)
    reductions: tuple[Reduction, ...] = ROW_REDUCTIONS
    minimum_when_equal: tuple[str, str] | None = None
    non_negative: bool = True
    greater_is_better: bool = False
    elicits: str = ""
    conventions: Mapping[str, Convention] = field(default_factory=dict, compare=False)
    weighing: Callable[..., Array | None] | None = field(default=None, repr=False, compare=False)
    weighed_by: str = "weight"
    weights_divide: bool = field(default=True, compare=False)
    use_when: str = ""
    avoid_when: str = ""
    reference: str = ""
    arguments: tuple[Role | Param, ...] | None = field(default=None, repr=False)
    origin: Origin | None = None
    serial: bool = False
    settle: Settle | None = field(default=None, repr=False, compare=False)
    conduct: Conduct | None = field(default=None, repr=False, compare=False)

    @cached_property
    def summary(self) -> str:
        """The first line of the kernel's docstring."""
        return self.doc.splitlines()[0] if self.doc else ""

    @cached_property
    def doc(self) -> str:
        """The kernel's docstring, dedented."""
        return inspect.getdoc(self.kernel) or ""

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """The arguments that are data, in PyTorch's argument order."""
        return tuple(arg for arg in self._arguments if isinstance(arg, Role))

    @property
    def inputs(self) -> tuple[Role, ...]:
        """All the data a run may take: the roles and the sample weight."""
        return (*self.roles, SAMPLE_WEIGHT)

    @cached_property
    def params(self) -> dict[str, Param]:
        """The arguments that are settings, by name."""
        return {arg.name: arg for arg in self._arguments if isinstance(arg, Param)}

    @cached_property
    def own_weights(self) -> tuple[str, ...]:
        """What of its arguments multiplies elements: a role, or a parameter of the classes."""
        roles = [role.name for role in self.roles if role.is_weight]
        return (*roles, *(name for name in (self.weighed_by,) if name in self.params))

    @cached_property
    def weight_of_elements(self) -> Callable[..., Array | None] | None:
        """Called like the kernel, it gives what :attr:`own_weights` makes of each element."""
        if self.weighing is not None or self.divisor is not None:
            return self.weighing or self.divisor
        place = next((i for i, role in enumerate(self.roles) if role.is_weight), None)
        return None if place is None else lambda *roles, **_: roles[place]

    @property
    def weighing_libraries(self) -> tuple[str, ...]:
        """The conventions that say something of a weighted mean of this loss."""
        in_torch = "torch" in self.conventions or (self.torch is not None and self.own_weights)
        return tuple(name for name in WEIGHTINGS if name != "torch" or in_torch)

    def weighting(self, convention: str) -> Literal["sum", "count"]:
        """What a weighted mean divides by under a convention: the sum of weights, or a count."""
        weighting = WEIGHTINGS.get(convention, "sum")
        if weighting != "own":
            return weighting
        has_plain_mean = self.divisor is None and any(role.is_weight for role in self.roles)
        return "count" if has_plain_mean else "sum"

    @property
    def is_set(self) -> bool:
        """Does it take all rows at once, so that no row has a loss of its own?"""
        return self.finish is not None

    @cached_property
    def is_list(self) -> bool:
        """Is a row a list, of a length of its own?"""
        return any(role.domain.is_list for role in self.roles)

    @cached_property
    def statistics(self) -> tuple[type[Any], ...]:
        """What a set loss keeps of the rows: the annotations of ``finish``, in order."""
        if self.finish is None:
            return ()
        hints = typing.get_type_hints(self.finish)
        return tuple(
            hints[parameter.name]
            for parameter in inspect.signature(self.finish).parameters.values()
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        )

    @cached_property
    def _finish_params(self) -> tuple[str, ...]:
        if self.finish is None:
            return ()
        parameters = inspect.signature(self.finish).parameters.values()
        return tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)

    @cached_property
    def signature(self) -> inspect.Signature:
        """How the kernel is called."""
        return inspect.signature(self.kernel)

    @cached_property
    def _arguments(self) -> tuple[Role | Param, ...]:
        return tuple(read_arguments(self.kernel)) if self.arguments is None else self.arguments

    def __call__(self, **params: object) -> BoundLoss:
        """This loss with these parameters; the others keep their defaults.

        Raises:
            ParameterError: a parameter is unknown, has the wrong type, or is out of range.
        """
        for name in params:
            if name not in self.params:
                known = ", ".join(self.params) or "none"
                hint = did_you_mean(name, self.params) or f"its parameters: {known}"
                raise ParameterError(f"{self.name} has no parameter {name!r}", hint=hint)
        values = {
            name: param.check(self.name, params[name]) if name in params else param.default
            for name, param in self.params.items()
        }
        return BoundLoss(self, tuple(values.items()))


@dataclass(frozen=True)
class BoundLoss:
    """A loss with every parameter settled: a value that prints, hashes and parses back.

    ``convention`` says whose numbers were asked for, where they were; the parameters hold what it
    means.
    """

    loss: Loss
    items: tuple[tuple[str, Value], ...] = ()
    convention: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        return self.loss.name

    @cached_property
    def params(self) -> dict[str, Value]:
        """All parameters, defaults included."""
        return dict(self.items)

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """The parameters as the kernel takes them: vectors as arrays."""
        return {k: np.array(v) if isinstance(v, tuple) else v for k, v in self.items}

    def gather(self, roles: Sequence[Array | None], weight: Array | None) -> tuple[Any, ...]:
        """The statistics of a set loss over these rows."""
        return self.gather_entries(self.entries(roles), weight)

    def entries(self, roles: Sequence[Array | None]) -> tuple[Array, ...]:
        """What each of these rows enters into each statistic of a set loss, arrays (N, ...)."""
        made = self.loss.kernel(*roles, **self.arguments)
        return made if isinstance(made, tuple) else (made,)

    def gather_entries(self, entries: Sequence[Array], weight: Array | None) -> tuple[Any, ...]:
        """The statistics of a set loss over rows with these entries."""
        pairs = zip(self.loss.statistics, entries, strict=True)
        return tuple(statistic.of(x, weight) for statistic, x in pairs)

    def finish(self, statistics: Sequence[Any]) -> float:
        """The number that a set loss makes of its merged statistics."""
        if self.loss.finish is None:
            raise TypeError(f"{self.name} is a loss of rows")
        params = {name: self.arguments[name] for name in self.loss._finish_params}
        return float(self.loss.finish(*statistics, **params))

    def check_sizes(self, fits: Mapping[str, Fit]) -> None:
        """Does every vector parameter have one value for each class or column?

        Raises:
            ParameterError: one has more or fewer.
        """
        for name, value in self.items:
            axis = self.loss.params[name].size
            if isinstance(value, int) and axis:
                self._check_index(name, value, vector_size(axis, fits))
            if not isinstance(value, tuple) or not axis:
                continue
            wanted, noun = vector_size(axis, fits), "class" if axis == "C" else "column"
            if len(value) not in (wanted, wanted if axis == "C" else 1):
                raise ParameterError(
                    f"{self.name}: {name} has {len(value)} values for {wanted} {noun}(s)",
                    hint=f"give one value for each {noun}",
                    code="LC120",
                )

    def _check_index(self, name: str, value: int, classes: int) -> None:
        if not 0 <= value < classes:
            raise ParameterError(
                f"{self.name}: {name} = {value}, but there are {classes} classes",
                hint=f"give a class index 0 .. {classes - 1}",
                code="LC125",
            )

    def replace(self, **params: object) -> BoundLoss:
        """The same loss with these parameters changed."""
        changed = self.loss(**{**self.params, **params})
        return BoundLoss(self.loss, changed.items, self.convention)

    def __str__(self) -> str:
        """The spec string, such as ``huber(delta=2.0)``: all that differs from the defaults."""
        given = [
            f"{name}={format_value(value)}"
            for name, value in self.items
            if value != self.loss.params[name].default
        ]
        return f"{self.name}({', '.join(given)})" if given else self.name


@dataclass(frozen=True, slots=True)
class Trial:
    """The first rows of a run, on which a user's loss is tried.

    ``arrays`` are in the kernel's shape, by role. ``rows`` counts those of the whole run, None
    where only reading tells. ``weighted`` says that there is a sample weight, ``grouped`` that rows
    are in groups, ``reduction`` what was asked for.
    """

    arrays: Mapping[str, Array]
    rows: int | None
    weighted: bool
    grouped: bool
    reduction: str | None


Settle: TypeAlias = Callable[[BoundLoss, Trial], Loss]
