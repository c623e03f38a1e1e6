"""Records as JSON that every reader takes: no NaN, no infinity, one schema for all commands."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

# It changes when a field changes its meaning or goes away; new fields do not change it.
SCHEMA_VERSION = 1

Status: TypeAlias = Literal["ok", "nan", "inf", "-inf"]


def to_text(record: object, *, ascii_only: bool = False) -> str:
    """A record as an indented document.

    Raises:
        ValueError: it holds a number that is not finite.
    """
    return json.dumps(record, indent=2, allow_nan=False, ensure_ascii=ascii_only)


def to_line(record: object, *, ascii_only: bool = False) -> str:
    """A record on one line, without a space.

    Raises:
        ValueError: it holds a number that is not finite.
    """
    return json.dumps(record, separators=(",", ":"), allow_nan=False, ensure_ascii=ascii_only)


def status(value: float) -> Status:
    """What kind of number this is, in the words of the JSON report."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return "ok"


def finite_or_none(value: float) -> float | None:
    """JSON has no NaN and no infinity; they are null."""
    return value if math.isfinite(value) else None


def plain(value: Any) -> Any:
    """A record and all it holds as dictionaries, lists, numbers and text; null where not finite."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return finite_or_none(value) if isinstance(value, float) else value
