"""A check from its inputs to its verdict, shared by the Python call and the command line."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from losscli.analysis.gate import Gates, judge
from losscli.api import Run
from losscli.data.feed import Inputs
from losscli.spec import BoundLoss, Reduction
from losscli.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Check:
    """What is checked: a loss on these rows, against these gates.

    Attributes:
        name: what it is called; None is the loss's spec string.
        progress: hears how many rows are done, of how many.
    """

    bound: BoundLoss
    inputs: Inputs
    reduction: Reduction
    gates: Gates
    name: str | None = None
    threads: int | None = None
    progress: Callable[[int, int | None], None] | None = None

    def verdict(self) -> Verdict:
        """Evaluate the loss once and judge every gate.

        Raises:
            UsageError: there is no gate, or one does not suit the loss.
            DataError: the data does not fit the loss; names file, column and row.
        """
        began = time.monotonic()
        self.gates.check_fits(self.bound.loss)
        self.gates.check_reduction(self.bound.loss, self.reduction)
        result = Run(
            self.bound,
            self.inputs,
            self.reduction,
            self.threads,
            asked=self.gates.asked,
            progress=self.progress,
        ).evaluate()
        return Verdict(
            name=self.name or str(self.bound),
            gates=judge(result, self.gates),
            result=result,
            seconds=time.monotonic() - began,
        )
