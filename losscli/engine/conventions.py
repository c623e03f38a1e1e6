"""A loss as a library computes it: its parameters, and what its mean divides by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from losscli.combination import AnyLoss, Combination
from losscli.convention import CONVENTIONS, EXACT, FromData
from losscli.data.feed import Inputs
from losscli.domain import SAMPLE_WEIGHT, Array
from losscli.errors import UsageError, did_you_mean
from losscli.spec import BoundLoss, Loss


def following(bound: AnyLoss, convention: str | None) -> AnyLoss:
    """This loss as a library computes it; parameters that were given stay as they are.

    What depends on the data, and whether the convention has an effect on them, is settled with
    them: :func:`settled_as_library`.

    Raises:
        UsageError: there is no such convention, it has no effect on this loss, or the loss is a
            combination.
    """
    if not convention:
        return bound
    if convention not in CONVENTIONS:
        raise UsageError(
            f"--convention {convention} is none of {', '.join(CONVENTIONS)}",
            hint=did_you_mean(convention, CONVENTIONS),
        )
    if isinstance(bound, Combination):
        raise UsageError(
            f"--convention {convention} is about one loss, not about {bound}",
            hint="`losscli show LOSS` lists its parameters; give them to the part",
        )
    loss, declared = bound.loss, bound.loss.conventions.get(convention)
    if declared is None:
        if loss.is_set or convention not in loss.weighing_libraries:
            raise _no_effect(bound, convention)
        return BoundLoss(loss, bound.items, convention)
    settings = {
        name: value
        for name, value in declared.params.items()
        if not isinstance(value, FromData) and _is_default(bound, name)
    }
    if declared.swapped is not None:
        one, other = declared.swapped
        settings |= {one: bound.params[other], other: bound.params[one]}
    return BoundLoss(loss, bound.replace(**settings).items, convention)


def settled_as_library(
    bound: BoundLoss, inputs: Inputs, reduction: str | None, names: Mapping[str, str] | None
) -> BoundLoss:
    """This loss with what its convention takes from the data, and with the mean of the library.

    Args:
        bound: any loss; one that follows no convention comes back as it is.
        inputs: what it will be run on.
        reduction: what was asked for, None for the loss's own.
        names: under which name the inputs hold each role, None where it is its own.

    Raises:
        UsageError: the convention has no effect on such data, or cannot be followed.
    """
    if not bound.convention:
        return bound
    declared = bound.loss.conventions.get(bound.convention)
    held = {*inputs.roles, *inputs.constants}
    called = {role.name: role.name for role in bound.loss.inputs} if names is None else names
    given = {mine for mine, name in called.items() if name in held}
    weighted = SAMPLE_WEIGHT.name in given or any(
        name in given or bound.params.get(name) is not None for name in bound.loss.own_weights
    )
    if declared is None and (not weighted or reduction == "sum"):
        raise _no_effect(bound, bound.convention)
    if declared is None and bound.convention == "keras":
        _reject_spread_weights(bound)
    source = inputs.roles.get(called[bound.loss.roles[0].name])
    settings: dict[str, object] = {}
    if declared is not None and source is not None:
        shape = source.shape if inputs.groups is None else source.shape[1:]
        settings = {
            name: value.value(source.dtype, shape)
            for name, value in declared.params.items()
            if isinstance(value, FromData) and _is_default(bound, name)
        }
    loss = _averaged(bound.loss, bound.convention)
    return BoundLoss(loss, bound.replace(**settings).items, bound.convention)


def _reject_spread_weights(bound: BoundLoss) -> None:
    """keras weighs a row by its class, so smoothing may not spread over classes of other weights.

    Raises:
        UsageError: it would.
    """
    if bound.params.get("label_smoothing") and bound.params.get(bound.loss.weighed_by) is not None:
        raise UsageError(
            f"keras weighs a row by its class, and {bound.name} spreads the label smoothing over "
            "classes that each have a weight",
            hint="give the weight of each row's class with --sample-weight",
        )


def _is_default(bound: BoundLoss, name: str) -> bool:
    return bound.params[name] == bound.loss.params[name].default


def _no_effect(bound: BoundLoss, convention: str) -> UsageError:
    known = bound.loss.conventions
    has = f"it has {', '.join(known)}" if known else "libraries agree about it"
    hint = f"leave it out; `losscli show {bound.name}` says what it computes"
    if not bound.loss.is_set and convention != EXACT:
        has += " where nothing is weighed"
        hint = "leave it out; it says what a weighted mean divides by, as of --sample-weight"
    return UsageError(
        f"--convention {convention} has no effect on {bound.name}: {has}", hint=hint, code="LC146"
    )


def _averaged(loss: Loss, convention: str) -> Loss:
    """The loss with the mean that a library takes of it."""
    declared = loss.conventions.get(convention)
    if declared is not None and declared.rows:
        loss = replace(loss, divisor=None, mean_of_rows=False)
    if loss.is_set:
        return loss
    if loss.weighting(convention) == "sum":
        return replace(loss, divisor=loss.divisor or loss.weight_of_elements)
    return replace(
        loss,
        divisor=None if loss.divisor is None else _without_weights(loss, loss.divisor),
        weighing=loss.weight_of_elements,
        weights_divide=False,
    )


def _without_weights(
    loss: Loss, divisor: Callable[..., Array | None]
) -> Callable[..., Array | None]:
    """What the divisor is where nothing is weighed: what counts, such as what is not ignored."""

    def counted(*roles: Array | None, **params: Any) -> Array | None:
        pairs = zip(loss.roles, roles, strict=True)
        plain = [None if role.is_weight else values for role, values in pairs]
        params |= {name: None for name in loss.own_weights if name in params}
        return divisor(*plain, **params)

    return counted
