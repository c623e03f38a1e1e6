"""Every number agrees with PyTorch in float64, or with 50 digits where PyTorch loses some."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import losscli
from losscli import losses
from losscli.spec import parse, registered

RTOL = 1e-12
ORACLES = sorted((Path(__file__).parent / "oracles").glob("*.json"))
CASES: list[dict[str, Any]] = [
    case for path in ORACLES for case in json.loads(path.read_text())["cases"]
]


def decode(value: Any) -> Any:
    """Numbers as an array; rows of different lengths as a list of arrays."""
    if not isinstance(value, list):
        return float(value)
    rows = [decode(v) for v in value]
    return rows if len({np.shape(row) for row in rows}) > 1 else np.array(rows)


def arrays(case: dict[str, Any]) -> dict[str, Any]:
    types = case.get("dtypes", {})
    given = {role: decode(values) for role, values in case["arrays"].items()}
    return {role: x.astype(types[role]) if role in types else x for role, x in given.items()}


def is_ragged(case: dict[str, Any]) -> bool:
    return any(isinstance(rows, list) for rows in arrays(case).values())


def named(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in cases]


def tolerance(case: dict[str, Any]) -> dict[str, float]:
    return {"rtol": case.get("rtol", RTOL), "atol": case.get("atol", 0.0)}


# What a convention and a sample weight make of a loss is no part of the kernel.
IN_KERNELS = [
    case for case in CASES if "convention" not in case and "sample_weight" not in case["arrays"]
]


@pytest.mark.parametrize("case", named([case for case in IN_KERNELS if not is_ragged(case)]))
def test_direct_call(case: dict[str, Any]) -> None:
    bound = parse(case["spec"])
    found = getattr(losses, bound.loss.kernel.__name__)(**arrays(case), **bound.params)
    if bound.loss.is_set:
        overall = float(case["reductions"]["overall"])
        np.testing.assert_allclose(found, overall, **tolerance(case))
    if "elements" in case:
        expected = decode(case["elements"])
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, **tolerance(case))


@pytest.mark.parametrize("case", named([case for case in CASES if "direct" not in case]))
def test_compute(case: dict[str, Any]) -> None:
    bound = parse(case["spec"])
    result = losscli.compute(bound, **arrays(case), convention=case.get("convention", ""))
    if "mean" in case["reductions"] and bound.loss.is_set:
        result = losscli.compute(bound, reduction="mean", **arrays(case))
    size = count = 1.0
    if "elements" in case:
        expected = decode(case["elements"])
        np.testing.assert_allclose(result.elements, expected, **tolerance(case))
        # The other library's own sum is off by a rounding of its largest terms.
        size = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
        count = expected.size
    for reduction, value in case["reductions"].items():
        within = tolerance(case)
        within["atol"] = within["atol"] * count + (1e-15 * size if "elements" in case else 0.0)
        np.testing.assert_allclose(
            result.reductions[reduction], float(value), **within, err_msg=reduction
        )


def test_every_loss_has_an_oracle() -> None:
    assert {parse(case["spec"]).name for case in CASES} == registered().keys()


def test_case_names_are_unique() -> None:
    names = [case["id"] for case in CASES]
    assert len(names) == len(set(names))


def test_a_wide_tolerance_says_why() -> None:
    for case in CASES:
        assert case.get("rtol", RTOL) <= RTOL or case["why"], case["id"]


@pytest.mark.parametrize("case", named([case for case in CASES if "exact" in case]))
def test_exact_values_are_where_pytorch_is_off(case: dict[str, Any]) -> None:
    ours, torch = decode(case["elements"]), decode(case["torch"])
    with np.errstate(all="ignore"):
        off = np.abs(torch - ours) > RTOL * np.abs(ours)
    assert np.any(off | np.isnan(torch)) or math.isinf(np.abs(torch).max())
