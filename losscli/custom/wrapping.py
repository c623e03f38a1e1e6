"""A user's function, class or module becomes a :class:`~losscli.spec.Loss` like ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from types import MethodType
from typing import Any

import numpy as np

from losscli.custom import tensors
from losscli.custom.calls import Target
from losscli.custom.docstrings import describe
from losscli.custom.faults import user_code
from losscli.custom.loading import Found
from losscli.custom.settling import settle
from losscli.custom.signature import Signature, read
from losscli.domain import Array
from losscli.errors import UserCodeError
from losscli.spec import Loss, declared_by

FAMILY = "custom"


def wrap(found: Found) -> Loss:
    """The loss that this object is.

    Raises:
        UserCodeError: it cannot be called, or no argument of it is data.
    """
    value = found.value
    declared = declared_by(value) if inspect.isfunction(value) else None
    if declared is not None:
        return _declared(found, declared)
    doc = describe(inspect.getdoc(value))
    made: Signature | None = None
    method: Callable[..., Any] = value
    if inspect.isclass(value):
        about = doc.parameters | describe(inspect.getdoc(value.__init__)).parameters
        made = read(value, about, what=found.name, data=False)
        method = MethodType(_method(found, value), object())
    elif tensors.is_module(value) or not inspect.isroutine(value):
        method = _method(found, value) if not isinstance(value, partial) else value
    about = doc.parameters | describe(inspect.getdoc(method)).parameters
    called = read(method, about, what=found.name)
    if not called.roles:
        raise UserCodeError(
            f"{found.name} has no argument for data",
            path=found.path,
            line=found.origin.line,
            hint="its first arguments are the data: def my_loss(prediction, target): ...",
        )
    if made is not None:
        both = {param.name for param in made.params}
        called = replace(called, params=tuple(p for p in called.params if p.name not in both))
    target = Target(found, called, made)
    params = (*(made.params if made is not None else ()), *called.params)
    return Loss(
        name=found.name,
        family=FAMILY,
        kernel=_unsettled(target, doc.text),
        arguments=(*called.roles, *params),
        non_negative=False,
        origin=found.origin,
        serial=True,
        settle=partial(settle, target),
    )


def _declared(found: Found, declared: Loss) -> Loss:
    """A loss that its author declared: like ours, but what goes wrong in it is theirs."""
    doc = describe(inspect.getdoc(declared.kernel))
    arguments = read(declared.kernel, doc.parameters, what=found.name)
    kernel = _guarded(found, declared.kernel, is_rows=not declared.is_set)
    kernel.__doc__ = doc.text
    return replace(
        declared,
        name=found.name,
        family=FAMILY,
        aliases=(),
        arguments=(*arguments.roles, *arguments.params),
        kernel=kernel,
        divisor=None if declared.divisor is None else _guarded(found, declared.divisor),
        finish=None if declared.finish is None else _guarded(found, declared.finish),
        origin=found.origin,
    )


def _guarded(
    found: Found, function: Callable[..., Any], *, is_rows: bool = False
) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with user_code(found.name, found.path):
            returned = function(*args, **kwargs)
        if is_rows and np.shape(returned)[:1] != np.shape(args[0])[:1]:
            raise UserCodeError(
                f"{found.name} returned shape {np.shape(returned)} for {len(args[0])} rows",
                path=found.path,
                line=found.origin.line,
                hint="what @losscli.loss declares returns the loss of each row or element",
            )
        return returned

    return call


def _method(found: Found, value: Any) -> Callable[..., Any]:
    """What does the work: ``forward``, else ``__call__``."""
    for name in ("forward", "__call__"):
        own = getattr(value, name, None)
        if inspect.isroutine(own) and not isinstance(own, type(object().__str__)):
            return own
    kind = "a class" if inspect.isclass(value) else f"of type {type(value).__name__}"
    raise UserCodeError(
        f"{found.name} is {kind}, and cannot be called",
        path=found.path,
        line=found.origin.line,
        hint="a loss is a function, or a class with forward or __call__",
    )


def _unsettled(target: Target, text: str) -> Callable[..., Array]:
    def kernel(*roles: Array | None, **params: object) -> Array:
        raise TypeError(f"{target.name} was not settled before it was run")

    kernel.__doc__ = text
    return kernel
