"""What the scripts beside this one share: a case, and the file that holds a family's cases.

A script ``make_<family>.py`` computes cases with other libraries in float64, or with mpmath at 50
digits, and never imports losscli. A case is a spec string, the arrays, and the loss of each element
or row (``elements``), the reduced losses (``reductions``), or both. ``oracle`` says who computed
it. Numbers that JSON does not know are the strings "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mpmath

HERE = Path(__file__).parent
INF, NAN = math.inf, math.nan
MAX, TINY = 1.7976931348623157e308, 5e-324

Case = dict[str, Any]
mpmath.mp.dps = 50


def encode(value: Any) -> Any:
    """Numbers and nested lists as strict JSON holds them."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [encode(v) for v in value]
    number = float(value)
    if math.isnan(number):
        return "nan"
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def case(
    loss: str,
    label: str,
    arrays: Mapping[str, Any],
    oracle: str,
    *,
    elements: Any = None,
    reductions: Mapping[str, Any] | None = None,
    rtol: float = 1e-12,
    atol: float = 0.0,
    why: str = "",
    direct: bool = False,
    convention: str = "",
    dtypes: Mapping[str, str] | None = None,
    **params: Any,
) -> Case:
    """A case of ``loss``.

    Args:
        loss: its canonical name.
        label: what is special about it, unique for the loss.
        arrays: by role; a list role may hold lists of different lengths.
        oracle: the library that computed it, as pip names it (``scikit-learn``), or ``mpmath``.
        elements: what ``reduction="none"`` gives; (N, ...) or, of a list loss, (N,).
        reductions: reduced losses by name: ``mean``, ``sum``, of a set loss ``overall``.
        rtol, atol: how far the two may be apart; ``why`` if rtol is above 1e-12 or atol above 0.
        direct: only a direct call takes such data; ``compute`` refuses it.
        convention: whose numbers they are, where the library is asked for by name.
        dtypes: the type of a role whose numbers are no float64.
        params: of the loss.
    """
    if elements is None and reductions is None:
        raise ValueError(f"{loss} {label}: nothing to compare")
    if (rtol > 1e-12 or atol > 0.0) and not why:
        raise ValueError(f"{loss} {label}: say why the tolerance is wide")
    given = ", ".join(f"{name}={value!r}" for name, value in params.items())
    record: Case = {
        "id": f"{loss}-{label}",
        "spec": f"{loss}({given})" if given else loss,
        "oracle": oracle,
        "arrays": {role: encode(array) for role, array in arrays.items()},
    }
    if elements is not None:
        record["elements"] = encode(elements)
    record["reductions"] = {name: encode(v) for name, v in (reductions or {}).items()}
    for name, value, usual in (("rtol", rtol, 1e-12), ("atol", atol, 0.0), ("why", why, "")):
        if value != usual:
            record[name] = value
    if direct:
        record["direct"] = True
    if convention:
        record["convention"] = convention
    if dtypes:
        record["dtypes"] = dict(dtypes)
    return record


def write(family: str, cases: Iterable[Case]) -> None:
    """Write ``<family>.json`` next to the scripts."""
    records = list(cases)
    versions = {name: version(name).partition("+")[0] for name in {c["oracle"] for c in records}}
    lines = ",\n".join(json.dumps(record, allow_nan=False) for record in records)
    head = json.dumps(dict(sorted(versions.items())))
    text = f'{{"versions": {head}, "cases": [\n{lines}\n]}}\n'
    (HERE / f"{family}.json").write_text(text)
    print(f"{family}: {len(records)} cases, {len(text) / 1000:.0f} kB")
