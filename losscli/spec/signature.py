"""What a kernel's signature says: which arguments are data, and which are settings."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from losscli.domain import ANY, NON_NEGATIVE, Along, Array, Domain, Interval, Role
from losscli.errors import UsageError
from losscli.spec.param import Param


def read_arguments(kernel: Callable[..., Array]) -> Iterator[Role | Param]:
    """The roles and settings that a kernel takes, in its order.

    Raises:
        UsageError: one of them has no annotation.
    """
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
