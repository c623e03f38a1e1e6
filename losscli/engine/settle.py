"""What of a loss only the data can tell, settled on them before the run.

How a user's own loss is run, and what a library makes of the type of the data and of weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing

import numpy as np

from losscli.combination import AnyLoss, Combination, Part
from losscli.data.align import no_rows
from losscli.data.feed import Inputs, Rows
from losscli.engine.blocks import arrange
from losscli.engine.conventions import settled_as_library
from losscli.engine.evaluation import names_of_part
from losscli.engine.gaps import leave_out
from losscli.engine.plan import Plan
from losscli.engine.shapes import fit_inputs
from losscli.errors import UsageError
from losscli.spec import BoundLoss, Settle, Trial

_ROWS = 64


def settle(
    bound: AnyLoss,
    inputs: Inputs,
    reduction: str | None = None,
    names: Mapping[str, str] | None = None,
) -> AnyLoss:
    """The loss as the engine evaluates it, of a combination every part.

    Ours come back as they are unless they follow a convention.

    Args:
        bound: any loss.
        inputs: what it will be run on; their first rows are read.
        reduction: what was asked for, None for the loss's own.
        names: under which name the inputs hold each role, None where it is its own.

    Raises:
        ParameterError: a setting without default is not given.
        UserCodeError: the user's code fails.
        DataError: the first rows cannot be read, or do not fit.
        UsageError: a convention has no effect on such data.
    """
    if isinstance(bound, BoundLoss):
        return settle_one(bound, inputs, reduction, names)
    return Combination(
        tuple(
            Part(
                part.weight,
                settle_one(part.bound, inputs, reduction, names_of_part(own, names)),
            )
            for part, own in zip(bound.parts, bound.united.names, strict=True)
        )
    )


def settle_alike(
    bound: AnyLoss,
    inputs: Inputs,
    reduction: str | None,
    models: Mapping[str, Mapping[str, str]],
) -> AnyLoss:
    """As :func:`settle`, for several models: one loss, by which all of them can be compared.

    Args:
        bound: any loss.
        inputs: what it will be run on.
        reduction: what was asked for, None for the loss's own.
        models: by their names, under which name the inputs hold each role of theirs.

    Raises:
        UsageError: a convention makes different losses of them. Besides, what :func:`settle`
            raises.
    """
    (first, names), *others = models.items()
    settled = settle(bound, inputs, reduction, names)
    if isinstance(settled, BoundLoss) and settled.convention:
        for model, names in others:
            other = settle(bound, inputs, reduction, names)
            if other != settled:
                raise UsageError(
                    f"--convention {settled.convention} is {settled} for {first} and {other} for "
                    f"{model}, whose data are of another type",
                    hint="store both in one type, or give the parameter itself",
                )
    return settled


def settle_one(
    bound: BoundLoss,
    inputs: Inputs,
    reduction: str | None = None,
    names: Mapping[str, str] | None = None,
) -> BoundLoss:
    """As :func:`settle`, of a single loss."""
    if bound.loss.settle is not None:
        bound = _tried(bound, bound.loss.settle, inputs, reduction, names)
    return settled_as_library(bound, inputs, reduction, names)


def _tried(
    bound: BoundLoss,
    settle: Settle,
    inputs: Inputs,
    reduction: str | None,
    names: Mapping[str, str] | None,
) -> BoundLoss:
    """A user's own loss as a try on the first rows shows that it has to be run."""
    own = inputs if names is None else inputs.seen_as(names)
    plan = Plan(own, fit_inputs(bound, own), names)
    read: dict[str, Rows] = {}
    with ExitStack() as stack:
        for feed in inputs.feeds:
            read |= stack.enter_context(closing(feed.cursor(0, feed.rows))).read(_ROWS)
    rows = min(len(x) for x in read.values())
    if rows == 0:
        raise no_rows(inputs)
    there, gaps = leave_out({name: x[:rows] for name, x in read.items()}, 0, rows, inputs)
    block = arrange(plan, plan.take(there), gaps)
    roles = {role.name for role in bound.loss.roles}
    trial = Trial(
        arrays={name: x[:_ROWS] for name, x in block.plain.items() if name in roles},
        rows=next((feed.rows for feed in inputs.feeds if feed.rows is not None), None),
        weighted="sample_weight" in own.roles,
        grouped=own.groups is not None,
        reduction=reduction,
    )
    with np.errstate(all="ignore"):
        settled = settle(bound, trial)
    return BoundLoss(settled, bound.items, bound.convention)
