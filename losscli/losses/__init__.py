"""The losses, one module a family. Importing this package registers them all.

A loss called directly takes arrays, lists or numbers and returns the loss of each element or row.
Shapes and parameters are checked, values are not: :func:`losscli.compute` does that, and reduces.
"""

from losscli.losses.classification import bce, bce_with_logits, cross_entropy, focal, nll
from losscli.losses.distribution import kl_div
from losscli.losses.embedding import cosine_embedding, pairwise_distance, triplet_margin
from losscli.losses.ranking import hinge_embedding, margin_ranking
from losscli.losses.regression import huber, mae, mse, smooth_l1

__all__ = [
    "bce",
    "bce_with_logits",
    "cosine_embedding",
    "cross_entropy",
    "focal",
    "hinge_embedding",
    "huber",
    "kl_div",
    "mae",
    "margin_ranking",
    "mse",
    "nll",
    "pairwise_distance",
    "smooth_l1",
    "triplet_margin",
]
