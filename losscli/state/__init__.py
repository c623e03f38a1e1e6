"""What is kept of the rows of a block, and how two blocks become one.

Everything here merges. The engine merges in block order, so the result depends on the blocks alone
and the blocks on the rows alone. The exact ones (counts, extremes, worst rows, quantiles) would
come out the same in any order; :class:`Moments` would not, to the last bit.
"""

from losscli.state.order import Extremes, Quantiles, Worst
from losscli.state.ranked import SortedWeights
from losscli.state.sums import ExactSum, JointMoments, Moments

__all__ = [
    "ExactSum",
    "Extremes",
    "JointMoments",
    "Moments",
    "Quantiles",
    "SortedWeights",
    "Worst",
]
