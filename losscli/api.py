"""The one way to evaluate a loss, shared by the Python call and the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import losscli.custom
import losscli.losses  # registers them
from losscli.analysis.facts import Facts
from losscli.combination import AnyLoss, Combination, United, parse, parse_several, unite
from losscli.data.align import check_counts, no_rows
from losscli.data.feed import Inputs
from losscli.data.reading import AS_IT_IS, Reading
from losscli.domain import ANYTHING, Array
from losscli.engine.conventions import following
from losscli.engine.detail import NOTHING, Asked
from losscli.engine.evaluation import Evaluation
from losscli.engine.executor import Blocks, run
from losscli.engine.plan import Plan, Schedule, TakeRoles
from losscli.engine.settle import settle
from losscli.errors import UsageError, did_you_mean
from losscli.results import Result
from losscli.shapes import Fit
from losscli.spec import BoundLoss, Loss, Reduction
from losscli.together import Samples, Together, facts_of


def compute(
    loss: str | AnyLoss | Callable[..., Any],
    *arrays: object,
    reduction: str | None = None,
    group: object = None,
    by: object = None,
    threads: int | None = None,
    on: str | Sequence[str] = (),
    on_missing: str = "error",
    missing: str = "error",
    labels_are: str = "",
    convention: str = "",
    classes: Sequence[str] = (),
    reading: Reading = AS_IT_IS,
    by_position: bool = False,
    tokens: str | None = None,
    **named: object,
) -> Result:
    """Evaluate a loss.

    Args:
        loss: a name (``mse``, ``MSELoss``, ``mean_squared_error``) or a spec string such as
            ``huber(delta=2)``; a weighted sum as ``0.5*mse + 0.5*mae``; a loss of your own as
            ``my_losses.py:tail``, or the function, class or module itself.
        arrays: the data in PyTorch's argument order: NumPy, pandas, Arrow, anything with
            ``__array__``, or the path of a file, a folder or a pattern, as on the command line.
        reduction: ``mean`` (the default), ``sum``, ``none``, or what else the loss allows.
        group: which rows belong together, for losses of lists and for losses over each group: a
            value for each row, or the name of a column of the frame or file.
        by: what to slice by: the name of a column of the frame or file, a list of names, or the
            values themselves, an array with one for each row; ``{name: array}`` for several.
        threads: how many to use; the result has the same bits for any number. Default: all cores.
        on: the column, or columns, by which the rows of frames and files are joined; ``id=V1``
            where the first says id and the others V1. Without it rows pair by position.
        on_missing: what becomes of a row whose key is not in all of them: ``error`` or ``drop``.
        missing: what becomes of a row that lacks a value (null, NA or NaN): ``error``, or ``drop``
            to leave it out; then NaN is no value either.
        labels_are: how labels are written, where the loss wants others: ``01`` or ``pm1`` (-1 and
            1) for yes and no, ``from-1`` for classes 1 .. C.
        classes: the names of the classes in the order of the logits, for labels that are names. By
            default those of the columns of the logits.
        reading: how files are read: ``Reading(delimiter=";", decimal=",")``.
        by_position: pair rows as they stand, even where a column that names them in several frames
            or files, such as ``id``, differs between these. Otherwise that is an error.
        tokens: where the loss takes tokens and the data are texts, what these are split into:
            ``words`` or ``characters``.
        convention: whose numbers, where libraries differ: ``torch``, ``sklearn``, ``keras`` or
            ``exact``, with no bound on a logarithm.
        named: data by the name of its role (``target=...``, ``weight=...``,
            ``sample_weight=...``), and the loss's parameters by PyTorch's names
            (``label_smoothing=0.1``).

    Returns:
        The result; ``per_sample`` has shape (N,) and ``elements`` the shape PyTorch gives for
        ``reduction="none"``.

    Raises:
        UnknownLossError: no loss has that name.
        ParameterError: a parameter is unknown or out of range.
        UsageError: a role is missing, or there is one too many.
        DataError: the data does not fit the loss.
        UserCodeError: a loss of your own went wrong.
    """
    from losscli.data.arrays import from_arrays
    from losscli.data.slicing import sliced_by

    bound, given = bind_named(loss, named, convention)
    labels, values = sliced_by(by)
    said = Reading.of(on, on_missing, missing, by_position)
    reading = reading.also(said, classes, tokens)
    inputs = from_arrays(bound.loss.inputs, arrays, given, group, labels, values, reading)
    inputs = replace(inputs, written=labels_are)
    bound, chosen = settle_reduction(bound, inputs, reduction)
    run = Run(bound, inputs, chosen, threads, keep_elements=chosen != "overall", by=tuple(labels))
    return run.evaluate()


def compute_all(
    losses: str | Sequence[str | AnyLoss | Callable[..., Any]],
    *arrays: object,
    reduction: str | None = None,
    group: object = None,
    by: object = None,
    threads: int | None = None,
    labels_are: str = "",
    convention: str = "",
    reading: Reading = AS_IT_IS,
    **named: object,
) -> dict[str, Result]:
    """Evaluate several losses on one data set, which is read once.

    Args:
        losses: what :func:`compute` takes, or one text of them, ``mse,mae,huber(delta=2)``. Their
            parameters are part of their specs.
        arrays: the data, in the order of each loss: the first array is the first input of all.
        reduction: for all of them; each loss's own by default.
        group: as of :func:`compute`.
        by: as of :func:`compute`.
        threads: as of :func:`compute`.
        labels_are: as of :func:`compute`, for all of them.
        convention: as of :func:`compute`, for all of them.
        reading: how the data are read, as ``Reading(on=("id",), tokens="words")``.
        named: data by the name of its role; a loss that has no such role is not given it.

    Returns:
        By its spec string, the result of each loss, in their order: the same as of
        :func:`compute`.

    Raises:
        UsageError: the losses do not take the same number of inputs, or a role is missing.
        UnknownLossError, ParameterError, DataError, UserCodeError: as of :func:`compute`.
    """
    from losscli.data.arrays import from_arrays
    from losscli.data.slicing import sliced_by

    bound = parse_several(losses) if isinstance(losses, str) else [bind(loss) for loss in losses]
    bound = [following(loss, convention) for loss in bound]
    united = unite(bound)
    given = {name: value for name, value in named.items() if value is not None}
    labels, values = sliced_by(by)
    inputs = from_arrays(united.roles, arrays, given, group, labels, values, reading)
    inputs = replace(inputs, written=labels_are)
    evaluations = evaluations_of(bound, united, inputs, reduction)
    results = Together(
        evaluations, inputs, threads, keep_elements=True, by=tuple(labels)
    ).evaluate()
    return {one.name: result for one, result in zip(evaluations, results, strict=True)}


def evaluations_of(
    losses: Sequence[AnyLoss], united: United, inputs: Inputs, reduction: str | None
) -> tuple[Evaluation, ...]:
    """Several losses on the data that they share, each called by its spec.

    Raises:
        UsageError: a loss has no such reduction, or is there twice; one takes lists and another
            rows.
        UserCodeError, ParameterError, DataError: as :func:`losscli.engine.settle.settle`.
    """
    _check_kinds(losses, grouped=inputs.groups is not None)
    found: dict[str, Evaluation] = {}
    for loss, names in zip(losses, united.names, strict=True):
        settled, chosen = settle_reduction(loss, inputs, reduction, names)
        if str(settled) in found:
            raise UsageError(f"{loss} is there twice", hint="leave one of them out")
        found[str(settled)] = Evaluation(settled, chosen, names, str(settled))
    return tuple(found.values())


def _check_kinds(losses: Sequence[AnyLoss], *, grouped: bool) -> None:
    lists = next((loss for loss in losses if loss.loss.is_list), None)
    rows = next((loss for loss in losses if not loss.loss.is_list), None)
    if lists is not None and rows is not None and not grouped:
        raise UsageError(
            f"a row is a list to {lists} and a number to {rows}",
            hint="--group COLUMN makes lists of rows that belong together; or compute them apart",
        )


def bind(loss: str | AnyLoss | Callable[..., Any]) -> AnyLoss:
    """The loss that a spec string stands for, or that a user's function or class is.

    Raises:
        UnknownLossError, ParameterError, UsageError: as :func:`losscli.combination.parse`.
        UserCodeError: a loss of your own does not load, or is no loss.
    """
    if isinstance(loss, str):
        return parse(loss)
    if isinstance(loss, BoundLoss | Combination):
        return loss
    return (loss if isinstance(loss, Loss) else losscli.custom.from_object(loss))()


def bind_one(loss: str | AnyLoss | Callable[..., Any]) -> BoundLoss:
    """As :func:`bind`, for what can be said of a single loss only.

    Raises:
        UsageError: it is a combination. Besides, what :func:`bind` raises.
    """
    bound = bind(loss)
    if isinstance(bound, Combination):
        raise UsageError(f"{bound} is several losses", hint="take one of them at a time")
    return bound


def measure_facts(inputs: Inputs, threads: int | None = None) -> Facts:
    """What the rows of a prediction and a target show, in one pass.

    Raises:
        DataError: the inputs cannot be read, or have no rows.
    """
    check_counts(inputs)
    fits = {name: Fit(name, ANYTHING, source.shape) for name, source in inputs.roles.items()}
    facts = Facts()
    schedule = Schedule(inputs, (Plan(inputs, fits),))
    with closing(run(schedule, _facts_of_all, threads)) as outcomes:
        for (seen,) in outcomes:
            facts.merge(seen)
    if facts.rows == 0:
        raise no_rows(inputs)
    return facts


def _facts_of_all(blocks: Blocks) -> list[Facts]:
    return [facts_of(block) for block in blocks if block is not None]


def bind_named(
    loss: str | AnyLoss | Callable[..., Any], named: Mapping[str, object], convention: str = ""
) -> tuple[AnyLoss, dict[str, object]]:
    """A loss with the parameters that stand among these names, and the data that do, by role.

    Raises:
        ParameterError: a name is neither, or a parameter is out of range.
        UsageError: the loss has no such convention. Besides, what :func:`bind` raises.
    """
    bound = bind(loss)
    roles = {role.name for role in bound.loss.inputs}
    bound = bound.replace(**{name: value for name, value in named.items() if name not in roles})
    data = {name: value for name, value in named.items() if name in roles and value is not None}
    return following(bound, convention), data


def settle_reduction(
    bound: AnyLoss,
    inputs: Inputs,
    reduction: str | None,
    names: Mapping[str, str] | None = None,
) -> tuple[AnyLoss, Reduction]:
    """The loss as the engine evaluates it on these inputs, and under which reduction.

    Raises:
        UsageError: as :func:`choose_reduction`.
        ParameterError, UserCodeError, DataError: as :func:`losscli.engine.settle.settle`.
    """
    settled = settle(bound, inputs, reduction, names)
    return settled, choose_reduction(settled, reduction, grouped=inputs.groups is not None)


def choose_reduction(bound: AnyLoss, reduction: str | None, *, grouped: bool = False) -> Reduction:
    """This reduction if the loss allows it; by default the loss's first, of groups their mean.

    Raises:
        UsageError: the loss has no such reduction; says which it has.
    """
    allowed = bound.loss.reductions
    if reduction is None:
        return "mean" if grouped else allowed[0]
    for known in allowed:
        if known == reduction:
            return known
    hint = did_you_mean(reduction, allowed) or f"choose one of {', '.join(allowed)}"
    raise UsageError(f"{bound.name} has no reduction {reduction!r}", hint=hint)


@dataclass(frozen=True, slots=True)
class Run:
    """An evaluation: what, on which rows, and what to keep of it.

    ``detail`` asks for the distribution, the worst rows and the guide's word; without it a run
    costs what its number costs. ``take_rows`` receives the per-sample losses block by block, in
    order; ``progress`` hears how many rows are done, of how many; ``asked`` needs ``detail``.
    ``take_roles`` receives the blocks in order, each with the roles it names and no other. ``by``
    names the coded roles of the inputs whose values make slices.
    """

    bound: AnyLoss
    inputs: Inputs
    reduction: Reduction
    threads: int | None = None
    detail: bool = True
    keep_elements: bool = False
    take_rows: Callable[[Array], None] | None = None
    progress: Callable[[int, int | None], None] | None = None
    asked: Asked = NOTHING
    take_roles: TakeRoles | None = None
    by: Sequence[str] = ()

    def evaluate(self) -> Result:
        """Read everything once.

        Raises:
            DataError: the data does not fit the loss; names file, column and row.
        """
        take_rows = self.take_rows

        def take(samples: Samples) -> None:
            if take_rows is not None and samples[0] is not None:
                take_rows(samples[0].per_sample)

        (result,) = Together(
            (Evaluation(self.bound, self.reduction),),
            self.inputs,
            self.threads,
            detail=self.detail,
            keep_elements=self.keep_elements,
            take_samples=None if take_rows is None else take,
            progress=self.progress,
            asked=self.asked,
            take_roles=self.take_roles,
            by=self.by,
        ).evaluate()
        return result
