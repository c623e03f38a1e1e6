"""Labels given as names: which class each stands for. The order is checked and never guessed.

What the classes are called, and in which order, is said by ``--classes`` or by the names of the
columns that hold the logits. Where both say something they have to agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
import pyarrow as pa

from losscli.data.coding import distinct_values
from losscli.data.columns import Table, number_of, place_in
from losscli.data.csv_dialect import MISSING, number
from losscli.data.feed import Feed
from losscli.data.place import Place
from losscli.domain import PROBABILITY, Array, ClassIndexDomain, Role
from losscli.errors import DataError, UsageError, did_you_mean

_SEPARATORS = "_.-/: "
_SHOWN = 10
_TARGETS = ("target", "targets", "label", "labels")
# Rows looked at for an example of a name.
_LOOKED_AT = 3


class ClassNames:
    """A code for each name of a closed list; a :class:`losscli.data.coding.Coder`.

    Args:
        names: the classes, in their order.
        codes: the code of each.
        aliases: other names of some of them.
    """

    row_shape = ()

    def __init__(
        self,
        names: Sequence[str],
        codes: Sequence[float],
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self.names = tuple(names)
        self._codes = dict(zip(names, codes, strict=True))
        self._codes |= {other: self._codes[name] for other, name in (aliases or {}).items()}

    def encode(self, column: pa.Array, place: Place) -> Array:
        """The code of each cell.

        Raises:
            DataError: a cell is empty, or is none of the names.
        """
        indices, names = distinct_values(column, place)
        known = [np.nan if n is None else self._codes.get(n.strip(), np.nan) for n in names]
        codes: Array = np.array([*known, np.nan])[indices]
        unknown = np.isnan(codes)
        if not unknown.any():
            return codes
        # A class may be called NA; where none is, it is what programs write for no value.
        is_missing = np.array(
            [*(n is None or n.strip().casefold() in MISSING for n in names), True]
        )
        if place.gaps:
            # NaN is how a missing value travels.
            unknown &= ~is_missing[indices]
        if unknown.any():
            row = int(unknown.argmax())
            name = None if is_missing[indices[row]] else names[int(indices[row])]
            raise place.missing(row) if name is None else self._unknown(name, row, place)
        return codes

    def _unknown(self, name: str, row: int, place: Place) -> DataError:
        value = number(name)
        same = [one for one in self.names if value is not None and number(one) == value]
        if same:
            hint = f"{name} and {same[0]} are not two classes: write labels as the classes are"
        else:
            hint = did_you_mean(name, self.names) or f"the classes are {_shown(self.names)}"
        return place.fault(
            f"{name!r} is none of the {len(self.names)} classes", row, hint, code="LC134"
        )


def class_coders(
    chosen: Sequence[tuple[Table, Mapping[str, tuple[int, ...]]]],
    roles: Sequence[Role],
    given: Sequence[str],
) -> dict[str, ClassNames]:
    """How the labels that are names become numbers, by role.

    Args:
        chosen: the tables, and which of their columns hold which roles.
        roles: what the loss takes.
        given: the classes in their order, if the user says so.

    Raises:
        DataError: labels are names, but nothing says in which order the classes come, or what says
            so disagrees.
    """
    place = {role: (table, at) for table, columns in chosen for role, at in columns.items()}
    coders = {}
    for role in roles:
        if role.name not in place or len(place[role.name][1]) != 1:
            continue
        table, (column,) = place[role.name]
        codes = _codes_of(role)
        if codes is None or table.columns[column].is_list:
            continue
        if given or not table.columns[column].is_number:
            coders[role.name] = _names(table, column, codes, _logits(roles, place), given)
    return coders


def check_number(
    coders: Mapping[str, ClassNames], roles: Sequence[Role], feeds: Sequence[Feed]
) -> None:
    """Are there as many names as the rows of the logits have classes?

    Raises:
        DataError: there are not.
    """
    logits = {role.name for role in roles if role.domain.axes[1:2] == ("C",)}
    for feed in feeds:
        for source in feed.roles:
            for coder in coders.values():
                if source.role in logits and source.shape[:1] != (len(coder.names),):
                    raise DataError(
                        f"has {source.shape[0] if source.shape else 1} classes in a row, "
                        f"but --classes names {len(coder.names)}",
                        path=source.path,
                        column=source.column_at(()),
                        code="LC135",
                    )


def coder_of(role: Role, classes: Sequence[str]) -> ClassNames | None:
    """How the labels of a role become numbers, if they stand for classes.

    Raises:
        UsageError: there are two classes, and not two names.
    """
    codes = _codes_of(role)
    if codes is None:
        return None
    return (
        _two_names(codes, classes, role.name) if codes else ClassNames(classes, range(len(classes)))
    )


def _codes_of(role: Role) -> Sequence[float] | None:
    """The codes of the classes that labels of this role stand for; empty for 0, 1, 2, ..."""
    domain = role.domain
    if isinstance(domain, ClassIndexDomain) and not domain.is_list:
        return ()
    if domain.is_list or role.name not in _TARGETS:
        return None
    if domain.values is not None and len(domain.values) == 2:
        return sorted(domain.values)
    # A probability that a target may be is most often 0 or 1.
    return (0.0, 1.0) if domain.name == PROBABILITY.name else None


def _logits(
    roles: Sequence[Role], place: Mapping[str, tuple[Table, tuple[int, ...]]]
) -> tuple[Table, tuple[int, ...]] | None:
    """The columns of the role that has one for each class."""
    for role in roles:
        if role.domain.axes[1:2] == ("C",) and role.name in place:
            return place[role.name]
    return None


def _names(
    table: Table,
    column: int,
    codes: Sequence[float],
    logits: tuple[Table, tuple[int, ...]] | None,
    given: Sequence[str],
) -> ClassNames:
    place = place_in(table, table.columns[column].name)
    if codes and not given:
        low, high = (f"{code:g}" for code in codes)
        raise DataError(
            f"holds names{_examples(table, column)}, not {low} and {high}",
            path=place.path,
            column=place.column,
            hint=f"say which is which, first that for {low}: --classes no,yes",
            code="LC135",
        )
    if codes:
        return _two_names(codes, given, table.columns[column].name)
    held = [] if logits is None else [logits[0].columns[i].name for i in logits[1]]
    is_numbered = len(held) < 2 or all(number_of(name) is not None for name in held)
    if is_numbered and not given:
        why = f"{held[0]}, ... are numbered" if len(held) > 1 else "nothing names the classes"
        raise DataError(
            f"holds names{_examples(table, column)}, but {why}",
            path=place.path,
            column=place.column,
            hint="say in which order the classes come: --classes a,b,c or --classes @FILE",
            code="LC135",
        )
    short = _without_prefix(held)
    numbers = [str(number_of(name)) for name in held]
    if given and is_numbered and set(given) == set(numbers) and list(given) != numbers:
        raise _other_order(logits, held, given)
    if given and not is_numbered and list(given) not in (held, short):
        raise _other_order(logits, held if set(given) == set(held) else short, given)
    names = given or short
    aliases = {} if is_numbered else dict(zip(held, names, strict=True))
    return ClassNames(names, range(len(names)), {k: v for k, v in aliases.items() if k != v})


def _two_names(codes: Sequence[float], given: Sequence[str], what: str) -> ClassNames:
    low, high = (f"{code:g}" for code in codes)
    if len(given) != 2:
        raise UsageError(
            f"--classes names {len(given)} classes, but {what} is {low} or {high}",
            hint=f"name two, first that for {low}: --classes no,yes",
        )
    return ClassNames(given, codes)


def _other_order(
    logits: tuple[Table, tuple[int, ...]] | None, held: Sequence[str], given: Sequence[str]
) -> DataError:
    return DataError(
        f"the columns stand for {_shown(held)}, but --classes says {_shown(given)}",
        path=None if logits is None else logits[0].name,
        hint="leave --classes out, or name the columns in its order: -c logits=A,B,...",
        code="LC135",
    )


def _without_prefix(names: Sequence[str]) -> list[str]:
    """The names without what they have in common in front of a separator: ``logits_``."""
    # What the first and the last by name begin with, all begin with.
    first, last = (min(names), max(names)) if names else ("", "")
    common = first[: next((i for i, c in enumerate(first) if last[i : i + 1] != c), len(first))]
    end = max((common.rfind(mark) + 1 for mark in _SEPARATORS), default=0)
    short = [name[end:] for name in names]
    return short if all(short) else [*names]


def _examples(table: Table, column: int) -> str:
    """A few of the names that a column holds, for a message."""
    chunks: Iterator[pa.Array] = table.keys(column)
    seen = [str(v) for chunk in islice(chunks, 1) for v in chunk[:1000].to_pylist() if v]
    found = list(dict.fromkeys(seen))[:_LOOKED_AT]
    return f" such as {' and '.join(map(repr, found))}" if found else ""


def _shown(names: Sequence[str]) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def read_classes(text: str) -> tuple[str, ...]:
    """What ``--classes`` says: ``a,b,c``, or ``@FILE`` with a name on each line.

    Raises:
        DataError: the file cannot be read.
    """
    if text.startswith("@"):
        from losscli.data.place import unreadable

        try:
            with open(text[1:], encoding="utf-8-sig") as file:
                names = [line.strip() for line in file.read().splitlines()]
        except OSError as error:
            raise unreadable(text[1:], error) from None
        except UnicodeError:
            raise DataError("is no UTF-8 text", path=text[1:], code="LC160") from None
    else:
        names = [name.strip() for name in text.split(",")]
    return tuple(names)
