"""Do the inputs fit the loss? Asked once for a data set, before a row is read."""

from __future__ import annotations

from losscli.data.feed import Inputs
from losscli.engine.labels import with_labels
from losscli.errors import DataError, UsageError
from losscli.shapes import Fit, RowShape, ShapeError, fit
from losscli.spec import BoundLoss


def fit_inputs(bound: BoundLoss, inputs: Inputs) -> dict[str, Fit]:
    """How each given role meets the loss.

    Raises:
        UsageError: a required role is not given.
        DataError: the shape of a role is not what the loss takes; names file and columns.
        ParameterError: a vector parameter does not have one value for each class or column.
    """
    sources = inputs.roles
    given = {*sources, *inputs.constants}
    missing = [r.name for r in bound.loss.roles if not r.optional and r.name not in given]
    if missing:
        raise UsageError(f"{bound.name} needs {' and '.join(missing)}")
    if inputs.tokens is not None and not any(r.domain.is_tokens for r in bound.loss.roles):
        raise UsageError(
            f"{bound.name} takes no tokens, but texts are split into {inputs.tokens}",
            hint="compute it apart from the losses that do",
            code="LC146",
        )
    shapes = {name: _row_shape(bound, inputs, name) for name in sources}
    try:
        fits = fit(bound.name, bound.loss.inputs, shapes, bound.params, inputs.constants)
    except ShapeError as error:
        source = sources.get(error.role)
        columns = ", ".join(source.columns[:4]) if source else ""
        more = ", ..." if source and len(source.columns) > 4 else ""
        raise DataError(
            error.message,
            path=source.path if source else None,
            column=columns + more if columns else None,
            hint=error.hint,
            code=error.code,
        ) from None
    bound.check_sizes(fits)
    for name, constant in inputs.constants.items():
        if fits[name].domain.first_bad(constant) is not None:
            domain = fits[name].domain
            raise DataError(
                f"{name} holds a value that is not {domain.meaning}",
                hint=domain.hint,
                code="LC123",
            )
    return with_labels(bound.name, fits, inputs.written) if inputs.written else fits


def _row_shape(bound: BoundLoss, inputs: Inputs, name: str) -> RowShape:
    """The shape of a row as the role sees it: a group is a list, or several rows."""
    shape = inputs.roles[name].shape
    if inputs.groups is None:
        return shape
    domain = next(role.domain for role in bound.loss.inputs if role.name == name)
    return shape if domain.is_list else shape[1:]
