"""Distributions: how different is one from another?"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import Array, LogProbability, LogTarget
from losscli.spec import loss


@loss(
    aliases=("kl", "kl_divergence", "kullback_leibler_divergence"),
    torch="torch.nn.KLDivLoss",
    reductions=("mean", "batchmean", "sum", "none"),
    # An element may be; the sum over a distribution is not.
    non_negative=False,
    use_when="a whole distribution is the target: distillation, soft labels, variational inference",
    avoid_when="the target is a class (cross-entropy), or some predicted probability is 0",
    reference="Kullback and Leibler 1951, doi:10.1214/aoms/1177729694; torch.nn.KLDivLoss",
)
def kl_div(
    log_probs: LogProbability,
    target: LogTarget,
    *,
    log_target: Annotated[bool, "the target holds log-probabilities too"] = False,
) -> Array:
    r"""What the target distribution costs when coded for the predicted one.

    log_probs: log-probabilities (N, ...); target: probabilities (N, ...), with ``log_target`` their
    logarithms -> (N, ...), in nats. One element is no divergence and may be negative: a row's
    elements sum to it. ``batchmean`` divides that sum by the number of rows and is the divergence;
    PyTorch's default ``mean`` divides by the number of elements.

    .. math:: \ell = y\,(\log y - x), \qquad \text{with log\_target}\quad \ell = e^y\,(y - x)

    The prediction comes first and as a logarithm, as in PyTorch; keras and torchmetrics take the
    target first, and torchmetrics rescales both to sum to 1. A target of 0 costs 0, but NaN against
    a log-probability of -inf, and a log-target of -inf always gives NaN, as in PyTorch.
    """
    if log_target:
        elements = np.subtract(target, log_probs)
        elements *= np.exp(target)
        return elements
    elements = np.log(target)
    elements -= log_probs
    elements *= target
    zero = target == 0.0
    if zero.any():
        elements[zero] = 0.0 - 0.0 * log_probs[zero]
    return elements
