"""Which roles are each model's own, and which are the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from losscli.combination import Declared
from losscli.errors import UsageError
from losscli.spec import Loss

if TYPE_CHECKING:
    from losscli.data.coding import Labels

# The role under which the inputs hold the codes of clusters.
CLUSTER = "cluster"
# What belongs to the data and not to a model, whichever loss asks for it.
_SHARED = frozenset(
    ("target", "targets", "labels", "time", "event", "input_lengths", "target_lengths")
)


def own_roles(loss: Loss | Declared, given: Sequence[str] = ()) -> tuple[str, ...]:
    """The roles of which each model has its own: all that are no data and not given for all."""
    shared = _SHARED | set(given)
    first = loss.roles[0].name
    if first in ("prediction", "ensemble"):
        # The ends of an interval that was observed, not predicted.
        shared = shared | {"lower", "upper"}
    return tuple(
        role.name for role in loss.roles if role.name not in shared and not role.optional
    ) or (first,)


def with_targets(
    loss: Loss | Declared, own: Sequence[str], given: Sequence[str]
) -> tuple[str, ...]:
    """The roles that each model gives if nobody gives the target: its file holds that as well."""
    return tuple(
        role.name
        for role in loss.roles
        if role.name in own or not (role.optional or role.name in given)
    )


def check_names(models: Sequence[str]) -> None:
    """Can models be told apart by these names?

    Raises:
        UsageError: there are fewer than two, or two have one name.
    """
    if len(models) < 2:
        raise UsageError(
            f"there is {'one model' if models else 'no model'} to compare",
            hint="give at least two: base=a.parquet new=b.parquet",
        )
    for name in models:
        if models.count(name) > 1:
            raise UsageError(f"two models are called {name!r}", hint="name them: NAME=FILE")


def cluster_labels(column: str) -> Labels:
    """The labels of the column that says which rows are not independent of each other."""
    from losscli.data.coding import Labels

    return Labels(column, "to cluster by")
