"""What may be asked of a run besides its usual: quantiles, rows above a loss, roles in order."""

from __future__ import annotations

import math

import numpy as np
import pytest

from losscli.api import Run, choose_reduction
from losscli.data.arrays import from_arrays
from losscli.engine.detail import Asked
from losscli.engine.plan import Block, TakeRoles
from losscli.results import Result, RowsAbove
from losscli.spec import parse


def evaluate(
    loss: str, *arrays: object, asked: Asked, threads: int | None = None, **named: object
) -> Result:
    bound = parse(loss)
    inputs = from_arrays(bound.loss.inputs, arrays, named, None)
    return Run(bound, inputs, choose_reduction(bound, None), threads, asked=asked).evaluate()


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("rows", [1, 5, 70_000, 300_000])
def test_quantiles_and_counts_are_those_of_numpy(rows: int, threads: int) -> None:
    rng = np.random.default_rng(rows)
    prediction, target = rng.normal(size=rows), rng.normal(size=rows)
    losses = (prediction - target) ** 2
    asked = Asked(quantiles=(0.999, 0.5, 0.0, 1.0), levels=(0.5, float(losses[0]), -1.0, math.inf))
    result = evaluate("mse", prediction, target, asked=asked, threads=threads)
    assert dict(result.quantiles) == {
        share: float(np.quantile(losses, share)) for share in asked.quantiles
    }
    assert result.above == tuple(
        RowsAbove(level, int((losses > level).sum()), rows) for level in asked.levels
    )


def test_rows_that_do_not_count_are_not_counted() -> None:
    weight = [1.0, 0.0, 1.0, 0.0]
    asked = Asked(levels=(-1.0, 1.0), quantiles=(0.0,))
    result = evaluate(
        "mse", [1.0, 9.0, 2.0, 9.0], [0.0, 0.0, 0.0, 0.0], asked=asked, sample_weight=weight
    )
    assert result.above == (RowsAbove(-1.0, 2, 2), RowsAbove(1.0, 1, 2))
    assert result.quantiles[0.0] == 1.0


def test_nothing_is_answered_where_nothing_is_asked() -> None:
    result = evaluate("mse", [1.0], [0.0], asked=Asked())
    assert (dict(result.quantiles), result.above) == ({}, ())


@pytest.mark.parametrize("threads", [1, 4])
def test_roles_come_in_order_and_alone(threads: int) -> None:
    rows = 400_000
    target = np.random.default_rng(0).normal(size=rows)
    bound = parse("mse")
    inputs = from_arrays(bound.loss.inputs, (np.zeros(rows), target), {}, None)
    seen: list[Block] = []
    take = TakeRoles(frozenset({"target"}), seen.append)
    Run(bound, inputs, "mean", threads, take_roles=take).evaluate()
    assert len(seen) > 4
    assert {name for block in seen for name in block.arrays} == {"target"}
    taken = np.concatenate([np.asarray(block.arrays["target"]) for block in seen])
    assert np.array_equal(taken, target)
