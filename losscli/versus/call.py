"""``losscli.compare``: the Python call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from losscli.api import bind_named
from losscli.combination import AnyLoss, Declared
from losscli.comparison import Comparison, Test
from losscli.data.reading import AS_IT_IS, Reading
from losscli.engine.evaluation import of_models
from losscli.errors import DataError, UsageError, did_you_mean
from losscli.spec import Loss
from losscli.versus.contest import Contest
from losscli.versus.judging import Judging
from losscli.versus.roles import CLUSTER, check_names, cluster_labels, own_roles, with_targets


def compare(
    loss: str | AnyLoss | Callable[..., Any],
    target: object,
    models: Mapping[str, object],
    *,
    reference: str | None = None,
    test: Test | None = None,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int | None = None,
    reduction: str | None = None,
    cluster: object = None,
    by: object = None,
    group: object = None,
    threads: int | None = None,
    on: str | Sequence[str] = (),
    on_missing: str = "error",
    missing: str = "error",
    by_position: bool = False,
    labels_are: str = "",
    classes: Sequence[str] = (),
    tokens: str | None = None,
    convention: str = "",
    **named: object,
) -> Comparison:
    """Compare models by one loss on the same rows.

    Args:
        loss: as for :func:`losscli.compute`.
        target: what all models are held against: an array, a frame or a path. None for a loss
            without a target, such as ``triplet-margin``, and where each model's frame or file holds
            the target as well, which is then checked to be the same.
        models: by name, what each model predicts: an array, a frame or a path; for a loss with
            several roles of a model (``gaussian-nll``: prediction and variance) a frame or a path
            that holds them as columns, or a mapping by role.
        reference: the model that the others are compared to; the first, if None.
        test: ``t`` (paired), ``permutation`` (of signs) or ``bootstrap``; None for ``t``, and for
            ``bootstrap`` where the loss is one number of all rows.
        confidence: of the intervals, and one minus the level of the verdicts.
        seed: of the random draws, which depend on nothing else.
        resamples: how many replicates a test that draws makes.
        reduction: ``mean``, or what else the loss allows that is a mean.
        cluster: which rows are not independent of each other: a value for each row, or a column.
        by: what to slice by, as for :func:`losscli.compute`.
        group: which rows belong together, as for :func:`losscli.compute`.
        threads: how many to use; the result has the same bits for any number.
        on, on_missing, missing, by_position: as for :func:`losscli.compute`; a row that lacks a
            value for one model counts for none.
        labels_are, classes: how labels are written, as for :func:`losscli.compute`.
        tokens: what texts are split into, as for :func:`losscli.compute`.
        convention: whose numbers, as for :func:`losscli.compute`.
        named: further data by its role (``sample_weight=...``, ``weight=...``), and parameters.

    Returns:
        The comparison; ``comparison["new"].difference.p_value`` and all else by the model's name.

    Raises:
        UsageError, DataError, ParameterError, UnknownLossError: as :func:`losscli.compute`.
    """
    from losscli.data.arrays import from_arrays
    from losscli.data.slicing import sliced_by

    bound, shared = bind_named(loss, named, convention)
    own = own_roles(bound.loss, list(shared))
    check_names(list(models))
    if target is not None:
        shared |= {_target_role(bound.loss, own): target}
    own = with_targets(bound.loss, own, list(shared))
    judging = Judging(reference, test, confidence, seed, resamples)
    roles, _ = of_models(bound, "mean", list(models), own)
    labels, values = sliced_by(by)
    slices = tuple(labels)
    if cluster is not None:
        column, at = _clusters(cluster)
        labels, values = labels | {CLUSTER: column}, values | at
    held = {
        f"{role}@{name}": value
        for name, given in models.items()
        for role, value in _of_model(name, given, own).items()
    }
    said = Reading.of(on, on_missing, missing, by_position)
    reading = AS_IT_IS.also(said, classes, tokens)
    inputs = from_arrays(roles, (), {**held, **shared}, group, labels, values, reading)
    inputs = replace(inputs, written=labels_are)
    contest = Contest(bound, inputs, tuple(models), judging, threads, slices)
    return contest.settled(reduction).evaluate()


def _target_role(loss: Loss | Declared, own: Sequence[str]) -> str:
    for role in loss.roles:
        if role.name not in own and not role.optional:
            return role.name
    raise UsageError(
        f"{loss.name} has no target: {', '.join(own)} are all the models'",
        hint="leave the target out; each model holds all roles",
    )


def _clusters(cluster: object) -> tuple[Any, dict[str, object]]:
    from losscli.data.coding import Labels

    if isinstance(cluster, str):
        return cluster_labels(cluster), {}
    name = getattr(cluster, "name", None)
    return Labels(str(name or "cluster"), "to cluster by"), {CLUSTER: cluster}


def _of_model(name: str, given: object, own: Sequence[str]) -> dict[str, object]:
    """What a model gives for each of its roles."""
    if isinstance(given, Mapping):
        missing = [role for role in own if role not in given]
        if missing:
            raise UsageError(f"model {name!r} has no {' and no '.join(missing)}")
        for role in given:
            if role not in own:
                hint = did_you_mean(str(role), own) or f"roles of a model: {', '.join(own)}"
                raise UsageError(f"model {name!r} has a {role}, which is no role of it", hint=hint)
        return dict(given)
    if len(own) == 1 or not hasattr(given, "__getitem__") or isinstance(given, str):
        return dict.fromkeys(own, given)
    frame: Any = given
    try:
        return {role: frame[role] for role in own}
    except (KeyError, IndexError, TypeError, ValueError):
        raise DataError(
            f"does not hold {' and '.join(own)} as columns", path=f"model {name!r}", code="LC161"
        ) from None
