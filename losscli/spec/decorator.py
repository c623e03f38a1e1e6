""":func:`loss` turns a kernel into a declaration, and into what users call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypedDict, TypeVar, Unpack, cast, overload
from weakref import WeakKeyDictionary

import numpy as np

from losscli.convention import Convention
from losscli.domain import Array
from losscli.errors import DataError
from losscli.shapes import fit, fit_weight
from losscli.spec.records import SET_REDUCTIONS, BoundLoss, Loss, Reduction
from losscli.spec.registry import family_of, register

Kernel = TypeVar("Kernel", bound=Callable[..., Array | tuple[Array, ...]])


class Said(TypedDict, total=False):
    """What a declaration may say of a loss besides its signature and its docstring.

    Attributes:
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
        weighed_by: the parameter that gives each class its weight, if it is called otherwise.
        use_when, avoid_when: for the decision guide and the reference page, no full stop.
        reference: a paper or a library.
    """

    aliases: tuple[str, ...]
    torch: str
    divisor: Callable[..., Array | None]
    divides_by: str
    mean_of_rows: bool
    finite: bool
    finish: Callable[..., Any]
    reductions: tuple[Reduction, ...]
    minimum_when_equal: tuple[str, str]
    non_negative: bool
    greater_is_better: bool
    elicits: str
    conventions: Mapping[str, Convention]
    weighing: Callable[..., Array | None]
    weighed_by: str
    use_when: str
    avoid_when: str
    reference: str


@overload
def loss(kernel: Kernel, /) -> Kernel: ...


@overload
def loss(**said: Unpack[Said]) -> Callable[[Kernel], Kernel]: ...


def loss(
    kernel: Kernel | None = None, /, **said: Unpack[Said]
) -> Kernel | Callable[[Kernel], Kernel]:
    """Register the decorated kernel under its own name, ``smooth_l1`` as ``smooth-l1``.

    The kernel takes its roles as positional arguments (an optional role defaults to None) and its
    parameters keyword-only, annotated ``Annotated[type, Interval, "help"]``; it returns the loss of
    each element or of each row, what PyTorch calls ``reduction="none"``. Without anything to say
    besides, ``@loss`` alone will do.

    Args:
        kernel: what is decorated, where there is nothing else to say.
        said: what else there is, see :class:`Said`.

    Raises:
        TypeError: ``said`` has something that a declaration does not.
        UsageError: another loss has this name, or an argument of the kernel has no annotation.
    """
    for name in said:
        if name not in Said.__annotations__:
            raise TypeError(f"loss() got an unexpected keyword argument {name!r}")

    def declare(kernel: Kernel) -> Kernel:
        declaration = _declaration(kernel, said)
        if not _SETTING_ASIDE.get():
            register(declaration)
        call = _array_like(declaration)
        _DECLARED[call] = declaration
        return cast(Kernel, call)

    return declare if kernel is None else declare(kernel)


def _declaration(kernel: Callable[..., Any], said: Said) -> Loss:
    said = said.copy()
    if "torch" in said:
        said["aliases"] = (*said.get("aliases", ()), said["torch"])
    if "finish" in said:
        said.setdefault("reductions", SET_REDUCTIONS)
    name, family = kernel.__name__.replace("_", "-"), family_of(kernel.__module__)
    return Loss(name=name, family=family, kernel=kernel, **said)


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

    @wraps(declared.kernel)
    def call(*args: object, **kwargs: object) -> Array:
        given = declared.signature.bind(*args, **kwargs).arguments
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
