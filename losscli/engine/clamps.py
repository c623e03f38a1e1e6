"""How many elements cost less than they would without a bound on their logarithm."""

from __future__ import annotations

import numpy as np

from losscli.convention import EXACT
from losscli.engine.plan import Block
from losscli.spec import BoundLoss

# Nobody bounds a logarithm of a probability that is further from 0 and 1.
_EDGE = 1e-6


def clamped(bound: BoundLoss, block: Block) -> int:
    """The elements of a block that a bound makes cheaper; 0 for losses that have none.

    The kernel is called again only for blocks with a probability so close to 0 or 1 that it counts.
    """
    exact = bound.loss.conventions.get(EXACT)
    if exact is None or bound.loss.is_list:
        return 0
    arrays = block.plain
    prediction = arrays[bound.loss.roles[0].name]
    eps = bound.params.get("eps")
    edge = max(_EDGE, eps) if isinstance(eps, float) else _EDGE
    if not prediction.size or edge < float(prediction.min()) <= float(prediction.max()) < 1 - edge:
        return 0
    roles = [{**arrays, **block.constants}.get(role.name) for role in bound.loss.roles]
    other = bound.replace(**exact.params)
    bounded = bound.loss.kernel(*roles, **bound.arguments)
    free = bound.loss.kernel(*roles, **other.arguments)
    if bound.loss.is_set:
        # What the logarithms enter is the first of its statistics.
        bounded, free = bounded[0], free[0]
    return int(np.count_nonzero(np.abs(free - bounded) > 1e-9 * np.abs(bounded)))
