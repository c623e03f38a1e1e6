"""Spec strings: ``huber(delta=2)`` becomes a loss, the inverse of ``str``."""

from __future__ import annotations

import ast
import re
import typing
from math import inf, nan

from losscli.errors import UsageError
from losscli.spec.records import BoundLoss
from losscli.spec.registry import find


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
