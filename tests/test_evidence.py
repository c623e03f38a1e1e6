"""Checks judge all rows, however many, and the same for any cut of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import losscli
import losscli.losses
from losscli.analysis.evidence import Evidence, Rows, wanted_by
from losscli.findings import Diagnostic
from losscli.results import Result
from losscli.spec import registered

RNG = np.random.default_rng(3)
# More than are kept to be looked at again.
MANY = 2**18 + 150_000
LATE = MANY - 7


def of(result: Result, code: str) -> Diagnostic:
    (found,) = [diagnostic for diagnostic in result.diagnostics if diagnostic.code == code]
    return found


def test_one_row_of_many_is_found_and_named() -> None:
    target = RNG.uniform(1, 2, size=MANY)
    target[LATE] = 0.0
    found = of(losscli.compute("mape", target + 0.1, target), "LC140")
    assert found.numbers == {"rows": 1, "of": MANY, "least": 0.0}
    assert f"1 of {MANY:,} rows" in found.message
    assert found.message.endswith(f"the smallest is in row {LATE + 1}")
    target[LATE] = 1e-9
    found = of(losscli.compute("gamma-deviance", target + 0.1, target), "LC141")
    assert found.numbers["rows"] == 1


def test_a_row_is_named_by_its_file_and_after_gaps(tmp_path: Path) -> None:
    for name, target in (("a", [1.0, 2.0]), ("b", [3.0, 0.0])):
        pd.DataFrame({"prediction": [1.0, 2.5], "target": target}).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    found = of(losscli.compute("mape", str(tmp_path / "*.csv")), "LC140")
    assert found.message.endswith(f"the smallest is in {tmp_path / 'b.csv'}, row 2")
    table = pd.DataFrame({"prediction": [1.0, None, 2.0], "target": [1.0, 2.0, 0.0]})
    found = of(losscli.compute("mape", table, missing="drop"), "LC140")
    assert found.message.endswith("the smallest is in row 3")


def test_column_order_is_judged_by_every_row() -> None:
    labels = np.arange(MANY) % 3
    scores = np.eye(3)[labels] + 0.1 * RNG.normal(size=(MANY, 3))
    found = of(losscli.compute("cross-entropy", np.roll(scores, 1, axis=1), labels), "LC132")
    assert found.numbers == {"rows": MANY}
    assert found.readings["in another order"] == pytest.approx(1.0)


def test_a_weight_that_differs_once_has_an_effect() -> None:
    weight = np.ones(MANY)
    x = RNG.normal(size=MANY)
    assert of(losscli.compute("mse", x, x + 1, sample_weight=weight), "LC145")
    weight[LATE] = 2.0
    codes = [f.code for f in losscli.compute("mse", x, x + 1, sample_weight=weight).diagnostics]
    assert "LC145" not in codes


BLOCK: dict[str, Any] = {
    "prediction": RNG.uniform(0.5, 2, 1000),
    "target": np.concatenate([RNG.uniform(0.5, 2, 990), np.zeros(10)]),
    "var": RNG.uniform(0.5, 2, 1000),
    "sample_weight": RNG.uniform(0.5, 2, 1000),
}
SCORES: dict[str, Any] = {"logits": RNG.normal(size=(1000, 4)), "target": np.arange(1000.0) % 5 - 1}
KINDS = {
    "mape": BLOCK,
    "smape": BLOCK,
    "gaussian-nll": BLOCK,
    "poisson-nll": BLOCK,
    "cross-entropy": SCORES,
}


@pytest.mark.parametrize("loss", KINDS)
@pytest.mark.parametrize("size", [1, 7, 333, 1000])
def test_no_cut_shows(loss: str, size: int) -> None:
    block, wanted = KINDS[loss], wanted_by(registered()[loss]) - {"sample"}
    assert wanted > {"weights"}

    def seen(step: int) -> Evidence:
        starts = range(0, 1000, step)
        parts = [
            Evidence.of(
                wanted,
                Rows({k: x[a : a + step] for k, x in block.items()}, a, lambda i, a=a: a + i),
            )
            for a in starts
        ]
        for part in parts[1:]:
            parts[0].merge(part)
        return parts[0]

    one, other = seen(1000), seen(size)
    assert one.weights == other.weights
    if one.agreement is not None and other.agreement is not None:
        np.testing.assert_array_equal(one.agreement.table, other.agreement.table)
        chosen, label = SCORES["logits"].argmax(axis=1), SCORES["target"]
        counted = label >= 0
        expected = pd.crosstab(chosen[counted], label[counted].astype(int)).to_numpy()
        np.testing.assert_array_equal(one.agreement.table, expected)
    for mine, theirs in (
        (one.target_sizes, other.target_sizes),
        (one.pair_sizes, other.pair_sizes),
    ):
        if mine is not None and theirs is not None:
            assert (mine.row, mine.least, mine.zeros, mine.median) == (
                theirs.row, theirs.least, theirs.zeros, theirs.median,
            )  # fmt: skip
    if one.rates is not None and other.rates is not None:
        assert one.rates.target.total() == pytest.approx(other.rates.target.total(), rel=1e-14)
        assert one.rates.exponential.total() == pytest.approx(np.exp(BLOCK["prediction"]).sum())
    if one.spreads is not None and other.spreads is not None:
        squares = (BLOCK["prediction"] - BLOCK["target"]) ** 2 / BLOCK["var"]
        for spreads in (one.spreads, other.spreads):
            assert spreads.readings["variances"].at([0.5]) == [pytest.approx(np.median(squares))]


def test_only_what_a_loss_is_judged_by_is_gathered() -> None:
    assert wanted_by(registered()["mse"]) == {"sample", "weights"}
    assert wanted_by(registered()["triplet-margin"]) <= {"weights"}
