"""How a user's own loss is run, settled on the first rows before the run."""

from __future__ import annotations

from contextlib import ExitStack, closing

import numpy as np

from losscli.data.align import no_rows
from losscli.data.feed import Inputs, Rows
from losscli.engine.blocks import arrange
from losscli.engine.plan import Plan
from losscli.engine.shapes import fit_inputs
from losscli.spec import BoundLoss, Trial

_ROWS = 64


def settle(bound: BoundLoss, inputs: Inputs, reduction: str | None = None) -> BoundLoss:
    """The loss as the engine evaluates it; ours come back as they are.

    Args:
        bound: any loss.
        inputs: what it will be run on; their first rows are read.
        reduction: what was asked for, None for the loss's own.

    Raises:
        ParameterError: a setting without default is not given.
        UserCodeError: the user's code fails.
        DataError: the first rows cannot be read, or do not fit.
    """
    if bound.loss.settle is None:
        return bound
    plan = Plan(inputs, fit_inputs(bound, inputs))
    read: dict[str, Rows] = {}
    with ExitStack() as stack:
        for feed in inputs.feeds:
            read |= stack.enter_context(closing(feed.cursor(0, feed.rows))).read(_ROWS)
    rows = min(len(x) for x in read.values())
    if rows == 0:
        raise no_rows(inputs)
    block = arrange(plan, {name: x[:rows] for name, x in read.items()}, 0, rows)
    names = {role.name for role in bound.loss.roles}
    arrays = {name: x[:_ROWS] for name, x in block.plain.items() if name in names}
    weighted = "sample_weight" in inputs.roles
    with np.errstate(all="ignore"):
        settled = bound.loss.settle(bound, Trial(arrays, plan.rows, weighted, reduction))
    return BoundLoss(settled, bound.items)
