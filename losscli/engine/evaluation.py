"""Several evaluations of the same rows: what each is, and what they have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from losscli.combination import AnyLoss
from losscli.data.feed import Inputs
from losscli.domain import Role
from losscli.engine.plan import Plan
from losscli.engine.shapes import fit_inputs
from losscli.spec import BoundLoss, Reduction


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A loss, and which of the inputs it is evaluated on.

    Attributes:
        bound: the loss, or a combination of losses.
        reduction: how its rows become one number.
        roles: by the loss's name of a role, the name under which the inputs hold it; None when
            both are the same, as for a loss that is evaluated alone. Roles that the inputs do not
            hold are not given to the loss.
        name: what tells it from the others: a spec string, a model, a file.
    """

    bound: AnyLoss
    reduction: Reduction
    roles: Mapping[str, str] | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A single loss that blocks are measured with, for itself or as part of a combination.

    ``names`` are as the ``roles`` of :class:`Evaluation`.
    """

    bound: BoundLoss
    reduction: Reduction
    names: Mapping[str, str] | None
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """The terms that see the rows alike: they share each block and the check of it."""

    plan: Plan
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The terms of all evaluations, which of them each has, and the fewest views that serve them.

    The terms of a combination have blocks of one size, so that what a row costs can be added up.
    """

    terms: tuple[Term, ...]
    ranges: tuple[range, ...]
    views: tuple[View, ...]


def lay_out(evaluations: Sequence[Evaluation], inputs: Inputs) -> Layout:
    """What is measured on which rows.

    Raises:
        UsageError, DataError, ParameterError: as :func:`~losscli.engine.shapes.fit_inputs`.
    """
    terms: list[Term] = []
    ranges: list[range] = []
    plans: list[Plan] = []
    seen: list[tuple[Mapping[str, str] | None, Inputs]] = []
    for evaluation in evaluations:
        own = _terms(evaluation)
        ranges.append(range(len(terms), len(terms) + len(own)))
        terms += own
        plans += _with_equal_blocks([_plan(term, inputs, seen) for term in own])
    members: list[tuple[Plan, list[int]]] = []
    for number, plan in enumerate(plans):
        for known, numbers in members:
            if _sees_alike(known, plan):
                numbers.append(number)
                break
        else:
            members.append((plan, [number]))
    views = tuple(View(plan, tuple(numbers)) for plan, numbers in members)
    return Layout(tuple(terms), tuple(ranges), views)


def _terms(evaluation: Evaluation) -> list[Term]:
    bound, reduction, roles = evaluation.bound, evaluation.reduction, evaluation.roles
    if isinstance(bound, BoundLoss):
        return [Term(bound, reduction, roles)]
    reductions = bound.reductions_of_parts(reduction)
    return [
        Term(part.bound, own, names_of_part(names, roles), is_part=True)
        for part, own, names in zip(bound.parts, reductions, bound.united.names, strict=True)
    ]


def names_of_part(names: Mapping[str, str], roles: Mapping[str, str] | None) -> Mapping[str, str]:
    """By a part's name of a role, what the inputs call what the combination calls ``names``."""
    if roles is None:
        return names
    return {mine: roles[name] for mine, name in names.items() if name in roles}


def _plan(term: Term, inputs: Inputs, seen: list[tuple[Mapping[str, str] | None, Inputs]]) -> Plan:
    own = next((one for names, one in seen if names == term.names), None)
    if own is None:
        own = inputs if term.names is None else inputs.seen_as(term.names)
        seen.append((term.names, own))
    return Plan(own, fit_inputs(term.bound, own), term.names)


def _with_equal_blocks(plans: Sequence[Plan]) -> list[Plan]:
    least = min(plan.block_rows for plan in plans)
    return [plan if plan.block_rows == least else replace(plan, most_rows=least) for plan in plans]


def _sees_alike(one: Plan, other: Plan) -> bool:
    return (
        one.inputs is other.inputs and one.fits == other.fits and one.block_rows == other.block_rows
    )


def of_models(
    bound: AnyLoss, reduction: Reduction, models: Sequence[str], own: Sequence[str] = ()
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
        replace(role, name=f"{role.name}@{model}", called=role.own_names) if model else role
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
