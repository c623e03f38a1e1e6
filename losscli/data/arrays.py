"""What a Python caller passes: arrays, series, frames, tensors, lists, numbers, or paths."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.data.assembly import Assembly, Source, column_groups, group_inputs
from losscli.data.columns import Table
from losscli.data.feed import NO_LABELS, Feed, Inputs
from losscli.data.files import wrong_number
from losscli.data.frames import (
    FrameTable,
    MemoryFeed,
    arrow_chunks,
    arrow_numbers,
    checked,
    codes,
    holds_text,
    is_arrow,
    is_frame,
    is_series,
    lists_of,
    series_numbers,
)
from losscli.data.groups import Groups, ungrouped
from losscli.data.opening import OpenTables
from losscli.data.place import Numbers, Place
from losscli.data.reading import AS_IT_IS, Reading
from losscli.data.texts import Texts
from losscli.domain import CLASS_TARGET, SAMPLE_WEIGHT, Array, Role, known_names
from losscli.errors import DataError, UsageError, did_you_mean
from losscli.ragged import Ragged
from losscli.shapes import fit_weight

if TYPE_CHECKING:
    from losscli.data.coding import Labels

_NOTHING: Mapping[str, object] = MappingProxyType({})


def from_arrays(
    roles: Sequence[Role],
    arrays: Sequence[object],
    named: Mapping[str, object],
    group: object = None,
    labels: Mapping[str, Labels] = NO_LABELS,
    labelled: Mapping[str, object] = _NOTHING,
    reading: Reading = AS_IT_IS,
) -> Inputs:
    """Take data from memory.

    A role may be anything NumPy can read as numbers, a pandas or Arrow object, or the path of a
    file. Rows pair by position: the index of a pandas object is ignored. One path or frame for
    several roles holds them as columns, as on the command line. float64 arrays are not copied.

    Args:
        roles: what the loss takes, in its order.
        arrays: data in that order, each of shape (N, ...); without N for a single row.
        named: data by role, for the roles that ``arrays`` does not cover.
        group: which rows belong together: a value for each row, or the name of a column.
        labels: by a name that is no role of the loss, the labels of a further column.
        labelled: by that name, the values themselves, one a row, where they are no column.
        reading: how files are read, and by which key rows are joined; then everything has to be a
            frame or a file.

    Raises:
        UsageError: too few or too many arrays, or one given twice.
        DataError: something does not hold numbers, or an optional weight does not fit.
    """
    texts = Texts(reading.tokens, roles, grouped=group is not None)
    if group is not None:
        roles = [ungrouped(role) for role in roles]
    given, shared = _assign(roles, arrays, named)
    if reading.on:
        _reject_arrays(given, reading, group, labelled)
    column = group if isinstance(group, str) else None
    looked_up = {name: one for name, one in labels.items() if name not in labelled}
    sources = _sources(roles, given, shared, reading)
    assembly = Assembly.of(sources, None, looked_up, reading, texts, taken=[column])
    opened = [*assembly.feeds(roles, {}, column)]
    if not reading.on:
        opened += _frames(roles, given, shared, reading.gaps, texts)
    held, constants = _in_memory(roles, given, opened, reading, texts)
    labels = {**labels, **{name: one.labels for name, one in assembly.labelled.items()}}
    made: list[Feed] = [*opened, *(_feed(name, array, texts) for name, array in held.items())]
    order = [*(role.name for role in roles), *labels, *assembly.ids]
    made.sort(key=lambda feed: min(order.index(source.role) for source in feed.roles))
    made += [_labels_feed(name, values, labels[name]) for name, values in labelled.items()]
    inputs = assembly.inputs(made, constants, labels)
    if group is None:
        return inputs
    return group_inputs(inputs, _groups(group, assembly.tables))


def _in_memory(
    roles: Sequence[Role],
    given: Mapping[str, object],
    opened: Sequence[Feed],
    reading: Reading,
    texts: Texts,
) -> tuple[dict[str, Any], dict[str, Array]]:
    """The roles that are arrays, with an axis for the rows, and those that are one for all rows."""
    held: dict[str, Any] = {
        role.name: _values(role, given[role.name], reading, texts)
        for role in roles
        if role.name in given and not _is_frame_or_path(given[role.name])
    }
    constants = {
        role.name: _as_table(held.pop(role.name))
        for role in roles
        if role.is_table and role.name in held
    }
    if not opened and _is_single_row(roles, held):
        held = {name: array[np.newaxis] for name, array in held.items()}
    for role in roles:
        if role.name in held and role.is_weight:
            shape = _shape_of(roles[0].name, opened, held)
            held[role.name], is_constant = fit_weight(role.name, held[role.name], shape)
            if is_constant:
                constants[role.name] = _as_table(held.pop(role.name))
    return held, constants


def _labels_feed(name: str, values: object, labels: Labels) -> MemoryFeed:
    array = codes(values, labels, Place(name))
    return MemoryFeed.of(name, array)


def _groups(group: object, tables: Sequence[Table]) -> dict[str, Groups]:
    if isinstance(group, str):
        return column_groups(tables, group)
    from losscli.data.runs import find_groups

    return {"": find_groups(arrow_chunks(group), Place("group"))}


def _as_table(array: Any) -> Array:
    return np.asarray(array, np.float64)


def _assign(
    roles: Sequence[Role], arrays: Sequence[object], named: Mapping[str, object]
) -> tuple[dict[str, object], object]:
    """What is given for each role, and the table that holds all roles, if one does."""
    names = known_names(roles)
    for name in named:
        if name not in names:
            raise UsageError(f"there is no role {name!r}", hint=did_you_mean(name, names) or None)
    given = {names[name]: value for name, value in named.items() if value is not None}
    free = [role for role in roles if role.name not in given and role is not SAMPLE_WEIGHT]
    required = [role for role in free if not role.optional]
    if len(arrays) == 1 and len(required) > 1 and _is_frame_or_path(arrays[0]):
        return given | {r.name: arrays[0] for r in required if not r.is_table}, arrays[0]
    if not len(required) <= len(arrays) <= len(free):
        raise wrong_number("array", roles, [*arrays, *given])
    positional = zip((role.name for role in free), arrays, strict=False)
    given |= {name: value for name, value in positional if value is not None}
    missing = [role.name for role in required if role.name not in given]
    if missing:
        raise UsageError(f"{' and '.join(missing)} must not be None")
    return given, None


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike)


def _is_frame_or_path(value: object) -> bool:
    return _is_path(value) or is_frame(value)


def _sources(
    roles: Sequence[Role], given: Mapping[str, object], shared: object, reading: Reading
) -> list[Source]:
    """The tables in which roles are to be looked for: files, and frames that need a look."""
    files = OpenTables(reading)
    sources = []
    frame = FrameTable(shared, gaps=reading.gaps) if is_frame(shared) else None
    for role in roles:
        value = given.get(role.name)
        if isinstance(value, str | os.PathLike):
            table: Table = files[os.fspath(value)]
            sources.append(Source(role, table, alone=value is not shared))
        elif frame is not None and value is shared:
            sources.append(Source(role, frame, alone=False))
        elif is_frame(value) and reading.on:
            name = f"the frame of {role.name}"
            sources.append(Source(role, FrameTable(value, name, gaps=reading.gaps), alone=True))
    return sources


def _frames(
    roles: Sequence[Role], given: Mapping[str, object], shared: object, gaps: bool, texts: Texts
) -> Iterator[Feed]:
    """Frames given for one role each, of which every column is meant."""
    for role in roles:
        value = given.get(role.name)
        if is_frame(value) and value is not shared:
            whole = FrameTable(value, gaps=gaps)
            chosen = {role.name: tuple(range(len(whole.columns)))}
            yield whole.feed(chosen, (), texts.coders(whole, chosen))


def _reject_arrays(
    given: Mapping[str, object], reading: Reading, group: object, labelled: Mapping[str, object]
) -> None:
    """An array has no keys."""
    arrays = [name for name, value in given.items() if not _is_frame_or_path(value)]
    arrays += ["group"] if group is not None and not isinstance(group, str) else []
    arrays += labelled
    if arrays:
        raise UsageError(
            f"rows are joined on {', '.join(reading.on)}, but {arrays[0]} is no frame and no file",
            hint="give a frame that has the key as a column",
        )


def _values(role: Role, value: object, reading: Reading, texts: Texts) -> Numbers | Ragged:
    gaps = reading.gaps
    splits = texts.coder(role.name, lambda: holds_text(value))
    if splits is not None:
        return codes(value, splits, Place(role.name, gaps=gaps))
    if not role.domain.is_list:
        if reading.classes:
            from losscli.data.classes import coder_of

            coder = coder_of(role, reading.classes)
            if coder is not None:
                return codes(value, coder, Place(role.name, gaps=gaps))
        return _numbers(role.name, value, gaps)
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return checked(value, Place(role.name))
    if is_arrow(value) or is_series(value) or isinstance(value, list | tuple | np.ndarray):
        return lists_of(value, Place(role.name, gaps=gaps))
    return _numbers(role.name, value, gaps)


def _numbers(role: str, value: object, gaps: bool) -> Numbers:
    place = Place(role, gaps=gaps)
    if is_arrow(value):
        return arrow_numbers(value, place)
    if is_series(value):
        return series_numbers(value, place)
    try:
        array = np.asarray(value)
    except Exception as error:
        # Whatever __array__ raises: a tensor on a GPU or one that requires grad, ragged lists.
        raise _not_an_array(role, value, error) from error
    masked = sys.modules.get("numpy.ma")
    if masked is not None and isinstance(value, masked.MaskedArray) and masked.is_masked(value):
        if not gaps:
            raise place.missing(int(np.argwhere(masked.getmaskarray(value))[0][0]))
        hidden = masked.getmaskarray(value)
        return np.where(hidden, np.nan, checked(np.where(hidden, 0, array), place))
    return checked(array, place)


def _not_an_array(role: str, value: object, error: Exception) -> DataError:
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    hint = None
    if isinstance(value, list | tuple):
        hint = "every row must have the same number of elements"
    elif hasattr(value, "detach"):
        hint = "pass tensor.detach().cpu().double()"
    return DataError(f"cannot be read as an array: {said}", path=role, hint=hint, code="LC160")


def _feed(role: str, array: Numbers | Ragged, texts: Texts) -> MemoryFeed:
    if not isinstance(array, Ragged) and array.ndim == 0:
        raise DataError(
            "is a single number, but other inputs have rows",
            path=role,
            hint="values are never repeated; np.full(n, value) gives one a row",
            code="LC120",
        )
    return MemoryFeed.of(role, array, "string" if texts.splits(role) else None)


def _is_single_row(roles: Sequence[Role], held: Mapping[str, Any]) -> bool:
    """Does every array lack the axis of the rows? PyTorch calls that unbatched input."""
    given = [role for role in roles if role.name in held and not role.optional]
    if any(isinstance(held[role.name], Ragged) for role in given):
        return False
    return all(held[role.name].ndim == _axes(role, held[role.name]) - 1 for role in given)


def _axes(role: Role, array: Numbers) -> int:
    if role.domain is CLASS_TARGET and array.dtype.kind == "f" and array.ndim == 1:
        # Class probabilities of one row, one for each logit. Whole numbers would be labels.
        return 2
    return role.domain.named_axes


def _shape_of(role: str, opened: Sequence[Feed], held: Mapping[str, Numbers]) -> tuple[int, ...]:
    if role in held:
        return held[role].shape
    return next(
        (feed.rows or 0, *source.shape)
        for feed in opened
        for source in feed.roles
        if source.role == role
    )
