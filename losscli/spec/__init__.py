"""One loss is one declaration: :func:`loss` turns a kernel into a :class:`Loss`.

Roles, parameters, options, help, validation and the spec string are read off the kernel's
signature, so none of them can disagree with it.
"""

from losscli.spec.decorator import declared_by, loss, set_aside
from losscli.spec.param import REQUIRED, Param, Required, Value, format_value
from losscli.spec.records import (
    ROW_REDUCTIONS,
    SET_REDUCTIONS,
    BoundLoss,
    Conduct,
    Loss,
    Origin,
    PublishedLoss,
    Reduction,
    Settle,
    TakesRoles,
    Trial,
)
from losscli.spec.registry import add_resolver, find, ours, registered, same_name
from losscli.spec.text import parse, split

__all__ = [
    "REQUIRED",
    "ROW_REDUCTIONS",
    "SET_REDUCTIONS",
    "BoundLoss",
    "Conduct",
    "Loss",
    "Origin",
    "Param",
    "PublishedLoss",
    "Reduction",
    "Required",
    "Settle",
    "TakesRoles",
    "Trial",
    "Value",
    "add_resolver",
    "declared_by",
    "find",
    "format_value",
    "loss",
    "ours",
    "parse",
    "registered",
    "same_name",
    "set_aside",
    "split",
]
