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
from losscli.domain import Array
from losscli.spec import parse, registered

RTOL = 1e-12
ORACLES = sorted((Path(__file__).parent / "oracles").glob("*.json"))
CASES: list[dict[str, Any]] = [
    case for path in ORACLES for case in json.loads(path.read_text())["cases"]
]


def decode(value: Any) -> Any:
    return np.array([decode(v) for v in value]) if isinstance(value, list) else float(value)


def arrays(case: dict[str, Any]) -> dict[str, Array]:
    return {role: decode(values) for role, values in case["arrays"].items()}


def named(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in cases]


@pytest.mark.parametrize("case", named(CASES))
def test_elements(case: dict[str, Any]) -> None:
    bound = parse(case["spec"])
    elements = getattr(losses, bound.loss.kernel.__name__)(**arrays(case), **bound.params)
    expected = decode(case["elements"])
    assert elements.shape == expected.shape
    np.testing.assert_allclose(elements, expected, rtol=RTOL, atol=case.get("atol", 0.0))


@pytest.mark.parametrize("case", named([case for case in CASES if "direct" not in case]))
def test_compute(case: dict[str, Any]) -> None:
    bound = parse(case["spec"])
    result = losscli.compute(bound, **arrays(case))
    expected = decode(case["elements"])
    np.testing.assert_allclose(result.elements, expected, rtol=RTOL, atol=case.get("atol", 0.0))
    for reduction, value in case["reductions"].items():
        # PyTorch's own sum is off by a rounding of its largest terms.
        size = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
        atol = case.get("atol", 0.0) * expected.size + 1e-15 * size
        np.testing.assert_allclose(
            result.reductions[reduction], float(value), rtol=RTOL, atol=atol, err_msg=reduction
        )


def test_every_loss_has_an_oracle() -> None:
    assert {parse(case["spec"]).name for case in CASES} == registered().keys()


def test_case_names_are_unique() -> None:
    names = [case["id"] for case in CASES]
    assert len(names) == len(set(names))


def test_versions_are_recorded() -> None:
    for path in ORACLES:
        assert json.loads(path.read_text())["versions"] == {"torch": "2.13.0", "mpmath": "1.3.0"}


@pytest.mark.parametrize("case", named([case for case in CASES if "exact" in case]))
def test_exact_values_are_where_pytorch_is_off(case: dict[str, Any]) -> None:
    ours, torch = decode(case["elements"]), decode(case["torch"])
    with np.errstate(all="ignore"):
        off = np.abs(torch - ours) > RTOL * np.abs(ours)
    assert np.any(off | np.isnan(torch)) or math.isinf(np.abs(torch).max())
