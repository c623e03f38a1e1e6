"""Several evaluations of the same rows: what each is, and what they have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from losscli.data.feed import Inputs
from losscli.domain import Role
from losscli.engine.plan import Plan
from losscli.engine.shapes import fit_inputs
from losscli.spec import BoundLoss, Reduction


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A loss, and which of the inputs it is evaluated on.

    Attributes:
        bound: the loss.
        reduction: how its rows become one number.
        roles: by the loss's name of a role, the name under which the inputs hold it; None when
            both are the same, as for a loss that is evaluated alone. Roles that the inputs do not
            hold are not given to the loss.
        name: what tells it from the others: a spec string, a model, a file.
    """

    bound: BoundLoss
    reduction: Reduction
    roles: Mapping[str, str] | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """The evaluations that see the rows alike: they share each block and the check of it."""

    plan: Plan
    members: tuple[int, ...]


def views_of(evaluations: Sequence[Evaluation], inputs: Inputs) -> list[View]:
    """The fewest views that serve all evaluations, which are numbered as they stand here.

    Raises:
        UsageError, DataError, ParameterError: as :func:`~losscli.engine.shapes.fit_inputs`.
    """
    seen: list[tuple[Mapping[str, str] | None, Inputs]] = []
    views: list[View] = []
    for number, evaluation in enumerate(evaluations):
        names = evaluation.roles
        own = next((one for mapping, one in seen if mapping == names), None)
        if own is None:
            own = inputs if names is None else inputs.seen_as(names)
            seen.append((names, own))
        fits = fit_inputs(evaluation.bound, own)
        for i, view in enumerate(views):
            if view.plan.inputs is own and view.plan.fits == fits:
                views[i] = View(view.plan, (*view.members, number))
                break
        else:
            views.append(View(Plan(own, fits, names), (number,)))
    return views


def of_models(
    bound: BoundLoss, reduction: Reduction, models: Sequence[str], own: Sequence[str] = ()
) -> tuple[tuple[Role, ...], tuple[Evaluation, ...]]:
    """One loss on the predictions of several models, against one target.

    Args:
        bound: the loss.
        reduction: how its rows become one number.
        models: what they are called, each name once.
        own: the roles of which each model has its own; the first of the loss if none is named. The
            others are read once for all.

    Returns:
        What to open, in the order of the files, ``prediction@old prediction@new target``, and an
        evaluation for each model.
    """
    mine = set(own or [bound.loss.roles[0].name])
    roles = tuple(
        replace(role, name=f"{role.name}@{model}", called=(role.name,)) if model else role
        for role in bound.loss.inputs
        for model in (models if role.name in mine else [""])
    )
    names = [role.name for role in bound.loss.inputs]
    return roles, tuple(
        Evaluation(
            bound,
            reduction,
            {name: f"{name}@{model}" if name in mine else name for name in names},
            model,
        )
        for model in models
    )
