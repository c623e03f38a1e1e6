"""One loss is one declaration: :func:`loss` turns a kernel into a :class:`Loss`.

Roles, parameters, options, help, validation and the spec string are read off the kernel's
signature, so none of them can disagree with it.
"""

from __future__ import annotations

import ast
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, wraps
from math import inf, nan
from typing import Any, Literal, TypeAlias, TypeVar, get_args, get_origin
from weakref import WeakKeyDictionary

import numpy as np

from losscli.convention import WEIGHTINGS, Convention
from losscli.domain import ANY, NON_NEGATIVE, SAMPLE_WEIGHT, Along, Array, Domain, Interval, Role
from losscli.errors import DataError, ParameterError, UnknownLossError, UsageError, did_you_mean
from losscli.shapes import Fit, fit, fit_weight, vector_size

Reduction: TypeAlias = Literal["mean", "sum", "none", "batchmean", "overall"]
ROW_REDUCTIONS: tuple[Reduction, ...] = ("mean", "sum", "none")
# Of a set loss: over all rows at once, or of each row (or group) by itself and then the mean.
SET_REDUCTIONS: tuple[Reduction, ...] = ("overall", "mean", "none")
Kernel = TypeVar("Kernel", bound=Callable[..., Array | tuple[Array, ...]])


class Required(Enum):
    """The default of a parameter that has none; only a user's own loss has such parameters."""

    REQUIRED = "required"

    def __repr__(self) -> str:
        return self.value


REQUIRED = Required.REQUIRED
Value: TypeAlias = float | int | bool | str | tuple[float, ...] | Required | None


@dataclass(frozen=True, slots=True)
class Param:
    """An argument that is a setting: one value for the whole run.

    ``kind`` is ``float``, ``int``, ``bool``, ``str`` (one of ``choices``, if there are any),
    ``vector``, or ``any`` of these where nobody said which; ``size`` is the axis a vector runs
    along, or an int points into: ``C`` classes, ``K`` the columns of a row.
    """

    name: str
    kind: Literal["float", "int", "bool", "str", "vector", "any"]
    default: Value
    optional: bool
    interval: Interval
    help: str
    choices: tuple[str, ...] = ()
    size: str = ""

    def check(self, loss: str, value: object) -> Value:
        """The value as this parameter stores it, or a :class:`ParameterError`."""
        if (value is None and self.optional) or (value is REQUIRED and self.default is REQUIRED):
            return typing.cast(Value, value)
        try:
            clean = self._convert(value)
        except (TypeError, ValueError, OverflowError):
            raise self._error(loss, value, f"it must be {self.describe()}") from None
        for number in clean if isinstance(clean, tuple) else (clean,):
            if isinstance(number, int | float) and number not in self.interval:
                raise self._error(loss, value, f"it must be {self.describe()}")
        return clean

    def _convert(self, value: Any) -> Value:
        if self.kind == "any" and isinstance(value, bool | int | float | str):
            return value
        if self.kind in ("vector", "any"):
            vector = np.atleast_1d(np.asarray(value, dtype=np.float64))
            if vector.ndim > 1:
                raise ValueError
            return tuple(vector.tolist())
        if self.kind == "str":
            if not isinstance(value, str) or (self.choices and value not in self.choices):
                raise ValueError
            return value
        if self.kind == "bool":
            if not isinstance(value, bool | np.bool_):
                raise TypeError
            return bool(value)
        if isinstance(value, bool | str):
            raise TypeError
        if self.kind == "int":
            if int(value) != value:
                raise ValueError
            return int(value)
        return float(value)

    def parse(self, loss: str, text: str) -> Value:
        """The value that an option's text stands for: ``2``, ``1,2,3``, ``none``.

        Raises:
            ParameterError: it is not what this parameter takes.
        """
        if self.optional and text.strip().casefold() == "none":
            return None
        if self.kind == "any":
            return self.check(loss, _guess(text))
        try:
            if self.kind == "vector":
                return self.check(loss, [float(part) for part in text.split(",")])
            numeric = {"float": float, "int": int}.get(self.kind, str)
            return self.check(loss, numeric(text))
        except ValueError:
            raise self._error(loss, text, f"it must be {self.describe()}") from None

    def _error(self, loss: str, value: object, problem: str) -> ParameterError:
        return ParameterError(f"{loss}: {self.name} = {format_value(value)}: {problem}")

    def describe(self) -> str:
        """What the value may be, in words: ``a number in (0, inf)``."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "str":
            return " or ".join(self.choices) or "text"
        if self.kind == "any":
            return "a number, a list of numbers or text"
        noun = {"float": "a number", "int": "a whole number", "vector": "a list of numbers"}[
            self.kind
        ]
        return noun if self.interval == ANY else f"{noun} in {self.interval}"


def _guess(text: str) -> float | int | bool | str | list[float]:
    """What a text most likely stands for where no type was declared."""
    word = text.strip().casefold()
    if word in ("true", "false"):
        return word == "true"
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return text


def format_value(value: object) -> str:
    """A parameter's value as it stands in a spec string; :func:`parse` reads it back."""
    if isinstance(value, tuple):
        return "[" + ", ".join(format_value(v) for v in value) + "]"
    return repr(value)


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
        return (*roles, *(name for name in ("weight",) if name in self.params))

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
    def _arguments(self) -> tuple[Role | Param, ...]:
        return tuple(_read_arguments(self.kernel)) if self.arguments is None else self.arguments

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


@typing.overload
def loss(kernel: Kernel, /) -> Kernel: ...


@typing.overload
def loss(
    *,
    aliases: tuple[str, ...] = ...,
    torch: str | None = ...,
    divisor: Callable[..., Array | None] | None = ...,
    divides_by: str = ...,
    mean_of_rows: bool = ...,
    finite: bool = ...,
    finish: Callable[..., Any] | None = ...,
    reductions: tuple[Reduction, ...] | None = ...,
    minimum_when_equal: tuple[str, str] | None = ...,
    non_negative: bool = ...,
    greater_is_better: bool = ...,
    elicits: str = ...,
    conventions: Mapping[str, Convention] | None = ...,
    weighing: Callable[..., Array | None] | None = ...,
    use_when: str = ...,
    avoid_when: str = ...,
    reference: str = ...,
) -> Callable[[Kernel], Kernel]: ...


def loss(
    kernel: Kernel | None = None,
    /,
    *,
    aliases: tuple[str, ...] = (),
    torch: str | None = None,
    divisor: Callable[..., Array | None] | None = None,
    divides_by: str = "",
    mean_of_rows: bool = False,
    finite: bool = True,
    finish: Callable[..., Any] | None = None,
    reductions: tuple[Reduction, ...] | None = None,
    minimum_when_equal: tuple[str, str] | None = None,
    non_negative: bool = True,
    greater_is_better: bool = False,
    elicits: str = "",
    conventions: Mapping[str, Convention] | None = None,
    weighing: Callable[..., Array | None] | None = None,
    use_when: str = "",
    avoid_when: str = "",
    reference: str = "",
) -> Kernel | Callable[[Kernel], Kernel]:
    """Register the decorated kernel under its own name, ``smooth_l1`` as ``smooth-l1``.

    The kernel takes its roles as positional arguments (an optional role defaults to None) and its
    parameters keyword-only, annotated ``Annotated[type, Interval, "help"]``; it returns the loss of
    each element or of each row, what PyTorch calls ``reduction="none"``. Without anything to say
    besides, ``@loss`` alone will do.

    Args:
        kernel: what is decorated, where there is nothing else to say.
        aliases: the names other libraries give it; spelling (case, ``-``, ``_``) does not matter.
        torch: PyTorch's class, such as ``torch.nn.HuberLoss``; it and its last part are
            aliases too.
        divisor: called like the kernel; returns what the mean divides by, element by element,
            or None for a plain count. Only for losses whose mean is not over all elements.
        divides_by: what ``divisor`` counts, such as ``pairs``, where it is not weights.
        mean_of_rows: each row is divided by its own divisor first, and the mean is that of rows.
        finite: False if data inside the domains may cost infinity, or have no loss (NaN).
        finish: makes a set loss. The kernel then returns an array (N, ...) for each statistic, and
            ``finish(rmse: Sum, *, multioutput)`` gets the merged ones, whose types are its
            annotations, and the parameters that it names; it returns the number.
        reductions: what ``--reduction`` may be, the default first.
        minimum_when_equal: the two roles that agree at a perfect prediction, tested as a law.
        non_negative: no input in the domains gives a negative loss, tested as a law.
        greater_is_better: it is a similarity and no loss, so that no gate can judge it.
        elicits: what of the targets the best constant prediction is, tested as a law: ``mean``,
            ``median``, ``quantile`` (of the parameter), ``prior`` (the shares of the classes), or
            ``center`` where only a search tells.
        conventions: by library (``torch``, ``sklearn``, ``keras``) and for ``exact``, nothing
            clamped, what gives its numbers; where the defaults do, an empty one.
        weighing: called like the kernel; returns what ``weight`` makes of each element, where the
            mean does not divide by it.
        use_when, avoid_when: for the decision guide and the reference page, no full stop.
        reference: a paper or a library.
    """

    def declare(kernel: Kernel) -> Kernel:
        declaration = Loss(
            name=kernel.__name__.replace("_", "-"),
            family=_family_of(kernel.__module__),
            kernel=kernel,
            aliases=aliases + ((torch,) if torch else ()),
            torch=torch,
            divisor=divisor,
            divides_by=divides_by,
            mean_of_rows=mean_of_rows,
            finite=finite,
            finish=finish,
            reductions=reductions or (SET_REDUCTIONS if finish else ROW_REDUCTIONS),
            minimum_when_equal=minimum_when_equal,
            non_negative=non_negative,
            greater_is_better=greater_is_better,
            elicits=elicits,
            conventions=conventions or {},
            weighing=weighing,
            use_when=use_when,
            avoid_when=avoid_when,
            reference=reference,
        )
        if not _SETTING_ASIDE.get():
            _register(declaration)
        call = _array_like(declaration)
        _DECLARED[call] = declaration
        return typing.cast(Kernel, call)

    return declare if kernel is None else declare(kernel)


def _family_of(module: str) -> str:
    """Of ours the room in which it stands, ``losscli.losses.ranking.pairs``; else the module."""
    own = module.removeprefix(_OURS)
    return module.rpartition(".")[2] if own == module else own.partition(".")[0]


# Declarations by what the decorator gave back, for whoever passes the function itself.
_DECLARED: WeakKeyDictionary[Callable[..., Any], Loss] = WeakKeyDictionary()
_SETTING_ASIDE: ContextVar[bool] = ContextVar("losscli_setting_aside", default=False)


def declared_by(function: Callable[..., Any]) -> Loss | None:
    """The declaration of a function that :func:`loss` decorated."""
    return _DECLARED.get(function)


@contextmanager
def set_aside() -> Iterator[None]:
    """Losses that are declared in here keep their declaration, but no name of their own."""
    token = _SETTING_ASIDE.set(True)
    try:
        yield
    finally:
        _SETTING_ASIDE.reset(token)


def _array_like(declared: Loss) -> Callable[..., Array]:
    """The loss as a user calls it: lists, numbers, integers and float32 become float64 arrays.

    Parameters and shapes are checked, a single number or a single vector counts as one row, and no
    warning about an infinity or a NaN reaches the user: both are results.
    """
    signature = inspect.signature(declared.kernel)

    @wraps(declared.kernel)
    def call(*args: object, **kwargs: object) -> Array:
        given = signature.bind(*args, **kwargs).arguments
        data = {role.name: given.pop(role.name, None) for role in declared.roles}
        arrays = {k: np.asarray(v, np.float64) for k, v in data.items() if v is not None}
        tables = [role.name for role in declared.roles if role.is_table]
        constants = {name: arrays.pop(name) for name in tables if name in arrays}
        first = declared.roles[0]
        one_row = arrays[first.name].ndim == first.domain.named_axes - 1
        if one_row:
            arrays = {name: array[np.newaxis] for name, array in arrays.items()}
        bound = declared(**given)
        roles = _fit_arrays(bound, arrays, constants)
        with np.errstate(all="ignore"):
            if declared.is_set:
                return np.asarray(bound.finish(bound.gather(roles, None)))
            elements: Array = declared.kernel(*roles, **bound.arguments)
        return elements[0] if one_row else elements

    return call


def _fit_arrays(
    bound: BoundLoss, arrays: dict[str, Array], constants: dict[str, Array]
) -> list[Array | None]:
    """The roles as the kernel takes them, in its order; None for one that is not given."""
    roles = bound.loss.roles
    for role in roles:
        if role.is_weight and role.name in arrays:
            shape = arrays[roles[0].name].shape
            weight, is_constant = fit_weight(role.name, arrays.pop(role.name), shape)
            (constants if is_constant else arrays)[role.name] = weight
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) > 1:
        differ = ", ".join(f"{name} has {n}" for name, n in counts.items())
        raise DataError(f"{bound.name}: the numbers of rows differ: {differ}", code="LC121")
    shapes = {name: array.shape[1:] for name, array in arrays.items()}
    fits = fit(bound.name, roles, shapes, bound.params, constants)
    bound.check_sizes(fits)
    fitted = {name: fits[name].conform(array) for name, array in arrays.items()} | constants
    return [fitted.get(role.name) for role in roles]


def _read_arguments(kernel: Callable[..., Array]) -> Iterator[Role | Param]:
    hints = typing.get_type_hints(kernel, include_extras=True)
    for name, parameter in inspect.signature(kernel).parameters.items():
        if name not in hints:
            raise _unannotated(kernel, name)
        annotation, optional = _unwrap_optional(hints[name])
        kind, *notes = get_args(annotation) if hasattr(annotation, "__metadata__") else [annotation]
        domain = next((note for note in notes if isinstance(note, Domain)), None)
        if domain is not None:
            yield Role(name, domain, optional)
        else:
            yield _read_param(name, kind, notes, parameter.default, optional)


def _unannotated(kernel: Callable[..., Array], name: str) -> UsageError:
    return UsageError(
        f"{kernel.__name__}: the argument {name!r} has no annotation that says what it may be",
        hint="data has a domain, such as losscli.domain.Real; a setting is float, int, bool, "
        "Literal[...] or Annotated[float, POSITIVE, 'what it is']",
    )


def _read_param(name: str, kind: Any, notes: list[Any], default: Any, optional: bool) -> Param:
    along = next((note for note in notes if isinstance(note, Along)), None)
    is_choice = get_origin(kind) is Literal
    interval = next((note for note in notes if isinstance(note, Interval)), ANY)
    return Param(
        name=name,
        kind="str" if is_choice else _KINDS[kind],
        default=default,
        optional=optional,
        interval=NON_NEGATIVE if along and interval == ANY else interval,
        help=next((note for note in notes if isinstance(note, str)), name.replace("_", " ")),
        choices=get_args(kind) if is_choice else (),
        size=along.axis if along else "",
    )


_KINDS: Mapping[Any, Any] = {float: "float", int: "int", bool: "bool", Array: "vector"}


def _unwrap_optional(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) not in (typing.Union, types.UnionType):
        return annotation, False
    (inner,) = [arg for arg in get_args(annotation) if arg is not types.NoneType]
    return inner, True


_OURS = "losscli.losses."
_BY_NAME: dict[str, Loss] = {}
_BY_KEY: dict[str, Loss] = {}


def _key(name: str) -> str:
    """Spelling does not matter: ``nn.HuberLoss`` and ``huber_loss`` are one name."""
    return name.rpartition(".")[2].replace("-", "").replace("_", "").replace(" ", "").casefold()


def _register(declaration: Loss) -> None:
    for name in (declaration.name, *declaration.aliases):
        other = _BY_KEY.get(_key(name), declaration)
        if other is not declaration and not _is_same(other, declaration):
            raise UsageError(
                f"{name!r} names both {_full_name(other)} and {_full_name(declaration)}",
                hint="give yours another name",
            )
    for name in (declaration.name, *declaration.aliases):
        _BY_KEY[_key(name)] = declaration
    _BY_NAME[declaration.name] = declaration


def _full_name(declaration: Loss) -> str:
    return f"{declaration.kernel.__module__}.{declaration.kernel.__qualname__}"


def _is_same(old: Loss, new: Loss) -> bool:
    """Is it declared again, as by a cell of a notebook that is run twice?"""
    return _full_name(old) == _full_name(new) and not _is_ours(old)


def _is_ours(declaration: Loss) -> bool:
    return declaration.kernel.__module__.startswith(_OURS)


def same_name(one: str, other: str) -> bool:
    """Are these two spellings of one name?"""
    return _key(one) == _key(other)


def ours(name: str) -> Loss | None:
    """The loss of losscli's own that this name or spelling of it means."""
    found = _BY_KEY.get(_key(name))
    return found if found is not None and _is_ours(found) else None


Resolver: TypeAlias = Callable[[str], Loss | None]
_RESOLVERS: list[Resolver] = []


def add_resolver(resolver: Resolver) -> None:
    """Have :func:`find` ask ``resolver`` for names that are not ours, such as a file's losses."""
    if resolver not in _RESOLVERS:
        _RESOLVERS.append(resolver)


def registered() -> Mapping[str, Loss]:
    """All losses by canonical name, in the order of their declaration."""
    return types.MappingProxyType(_BY_NAME)


def find(name: str) -> Loss:
    """The loss of this canonical name or alias, or a user's own, as ``my_losses.py:tail``.

    Raises:
        UnknownLossError: there is none; says which name comes closest.
        UserCodeError: the user's file cannot be loaded.
    """
    # ``reg:tweedie`` is XGBoost's name, ``my.module:tweedie`` a user's own.
    found = None if ":" in name and "." in name else _BY_KEY.get(_key(name))
    for resolver in _RESOLVERS:
        found = found or resolver(name)
    if found is not None:
        return found
    spellings = [*_BY_NAME, *(alias for known in _BY_NAME.values() for alias in known.aliases)]
    close = did_you_mean(name, spellings) or did_you_mean(name.lower(), spellings)
    hint = f"{close} " if close else ""
    raise UnknownLossError(f"unknown loss {name!r}", hint=f"{hint}`losscli list` shows them all")


class _Names(ast.NodeTransformer):
    """What a spec string may spell out that is no Python literal, such as ``inf``."""

    known: typing.ClassVar[dict[str, float | bool | None]] = {
        "inf": inf, "nan": nan, "true": True, "false": False, "none": None
    }  # fmt: skip

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self.known[node.id]) if node.id in self.known else node


_NAMES = _Names()
# The path of a file may have a bracket in it.
_SPEC = re.compile(r"\s*(.+?\.py:[\w.]+|[^(]+?)\s*(?:\((.*))?", re.DOTALL)


def split(text: str) -> tuple[str, str | None]:
    """The name in a spec string and what follows its bracket, None without one."""
    found = _SPEC.fullmatch(text.strip())
    return (found[1], found[2]) if found else (text.strip(), None)


def parse(text: str) -> BoundLoss:
    """The loss a spec string such as ``huber(delta=2)`` stands for; the inverse of ``str``.

    Raises:
        UnknownLossError, ParameterError: as :func:`find` and :meth:`Loss.__call__`.
        UsageError: the text is not a spec string.
    """
    name, rest = split(text)
    declared = find(name)
    if rest is None:
        return declared()
    try:
        call = ast.parse(f"f({rest}", mode="eval").body
        if not isinstance(call, ast.Call) or call.args or any(k.arg is None for k in call.keywords):
            raise ValueError
        params = {str(k.arg): ast.literal_eval(_NAMES.visit(k.value)) for k in call.keywords}
    except (SyntaxError, ValueError):
        hint = "write it as NAME(parameter=value, ...), for example huber(delta=2)"
        raise UsageError(f"cannot read the loss {text!r}", hint=hint) from None
    return declared(**params)
