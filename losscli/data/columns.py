"""Which columns hold which role. The rules are the same for every format, and none of them guesses.

For each role, the first rule that applies settles it:

1. ``-c ROLE=NAME`` says so: a name, ``a,b,c``, or a glob such as ``p_*``.
2. A column has the name of the role, or columns are named after it and numbered: ``logits_0``,
   ``logits_1``, ... in the order of their numbers.
3. The same with one of the usual names of the role (:data:`USUAL_NAMES`).
4. The file was given for this role alone: its only column that can be meant. Columns of text, ids,
   and columns named like other roles are passed over. A matrix takes all that remain.

Anything else is an error that shows the columns and the option to write.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from losscli.data.feed import Feed
from losscli.data.place import Parts, Place
from losscli.domain import Role
from losscli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from losscli.data.coding import Coder

USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "prediction": (
        "predictions", "pred", "preds", "y_pred", "y_hat", "yhat", "output", "outputs", "input",
        "probability", "prob", "probs",
    ),
    "target": ("targets", "label", "labels", "y", "y_true", "truth"),
    "logits": ("logit",),
    "log_probs": ("log_prob", "log_probability", "log_probabilities", "logprobs"),
    "distance": ("distances",),
    "anchor": ("anchors",),
    "positive": ("positives",),
    "negative": ("negatives",),
    "input1": ("x1",),
    "input2": ("x2",),
    "x1": ("input1",),
    "x2": ("input2",),
    "input": ("inputs", "features", "hidden"),
    "linear_weight": (),
    "linear_bias": (),
    "log_prediction": ("log_predictions", "log_pred"),
    "var": ("variance", "variances"),
    "std": ("sigma", "stddev"),
    "scale": ("scales",),
    "df": ("degrees_of_freedom",),
    "dispersion": ("alpha",),
    "lower": ("lo", "lower_bound"),
    "upper": ("hi", "upper_bound"),
    "ensemble": ("members", "samples", "forecast"),
    "embeddings": ("embedding", "emb"),
    "labels": ("label", "classes", "target", "y"),
    "targets": ("target", "labels"),
    "input_lengths": ("input_length", "frames"),
    "target_lengths": ("target_length",),
    "policy_chosen": ("policy_chosen_logps",),
    "policy_rejected": ("policy_rejected_logps",),
    "reference_chosen": ("reference_chosen_logps", "ref_chosen"),
    "reference_rejected": ("reference_rejected_logps", "ref_rejected"),
    "chosen": ("chosen_rewards", "reward_chosen"),
    "rejected": ("rejected_rewards", "reward_rejected"),
    "time": ("times", "duration"),
    "event": ("events", "observed"),
    "weight": ("weights",),
    "sample_weight": ("sample_weights",),
}  # fmt: skip

# What they are called besides where they are sequences of tokens.
_TOKEN_NAMES: Mapping[str, tuple[str, ...]] = {
    "prediction": ("hypothesis", "hypotheses", "hyp", "hyps"),
    "target": ("reference", "references", "ref", "refs"),
}

NO_CODERS: Mapping[str, Coder] = MappingProxyType({})

_SHOWN = 20
_NUMBERED = re.compile(r"(.*?)[_.\- ]?(\d+)")
_ID_LIKE = re.compile(r"|id|.*_id|index|row|key|unnamed: \d+|__index_level_\d+__")


class HeaderUnclearError(DataError):
    """The first line of a file may hold names or numbers."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. ``type`` is what messages call it; a list column holds whole vectors.

    A column of a CSV file whose first rows have numbers and words is both number and text.
    """

    name: str
    type: str
    is_number: bool = True
    is_list: bool = False
    is_text: bool = False


class Table(Protocol):
    """An opened file or data frame, before anyone has said which of its columns matter."""

    @property
    def name(self) -> str:
        """What a message calls it."""
        ...

    @property
    def columns(self) -> Sequence[Column]: ...

    @property
    def parts(self) -> Parts | None:
        """Which file has which rows, if there are several."""
        ...

    def feed(
        self,
        chosen: Mapping[str, tuple[int, ...]],
        lists: Collection[str] = (),
        coders: Mapping[str, Coder] = NO_CODERS,
    ) -> Feed:
        """The rows of these columns, given by role as positions in ``columns``.

        A list column has lists of one length, but for the roles in ``lists``. The one column of a
        role in ``coders`` may be of any type; the rows have what its coder makes of it.

        Raises:
            DataError: a column does not hold numbers.
        """
        ...

    def keys(self, column: int) -> Iterator[Any]:
        """What a column holds, of whatever type, as Arrow arrays in the order of the rows."""
        ...


def place_in(table: Table, column: str) -> Place:
    """Where the first value of a column is."""
    return Place(table.name, column, parts=table.parts)


def choose(
    role: Role,
    roles: Sequence[Role],
    table: Table,
    *,
    wanted: str | None,
    alone: bool,
    taken: Collection[int] = (),
    is_text: bool = False,
) -> tuple[int, ...]:
    """The columns of ``table`` that hold ``role``, as positions.

    Args:
        role: the role to find.
        roles: all roles of the loss; their names claim columns.
        table: where to look.
        wanted: what ``-c`` says about the role.
        alone: was the table given for this role only?
        taken: columns that are not left over, since they hold another role.
        is_text: is it rather a column of text than numbers?

    Raises:
        DataError: none or several could be meant, a name occurs twice, numbers have gaps.
    """
    if wanted is not None:
        found = _find_wanted(role, table, wanted)
    else:
        found = _find_by_name(role, table)
        if len(found) not in (1, role.domain.width or len(found)):
            found = ()
        if not found and alone:
            others = [other for other in roles if other is not role]
            found = _find_remaining(role, others, table, taken, is_text=is_text)
    if not found:
        raise _nothing_found(role, table)
    _check_names(role, table, found)
    return found


def matches(table: Table, wanted: str) -> bool:
    """Does every name and glob of ``-c`` stand for a column of this table?"""
    return all(_expand(table, part) for part in _parts(table, wanted))


def position_of(table: Table, column: str, purpose: str) -> int | None:
    """Where the table has the column of this name, if it has one."""
    at = [i for i, known in enumerate(table.columns) if known.name == column]
    if len(at) > 1:
        raise DataError(
            f"{len(at)} columns are named {column!r}, {purpose}",
            path=table.name,
            hint="rename all but one of them",
            code="LC161",
        )
    return at[0] if at else None


def no_column(tables: Sequence[Table], wanted: str, purpose: str) -> DataError:
    """The error for a column that none of the tables has."""
    names = [known.name for table in tables for known in table.columns]
    shown = [f"{table.name} has {show_columns(table)}" for table in tables]
    close = did_you_mean(wanted, names)
    return DataError(
        f"no file has a column {wanted!r} {purpose}",
        hint="; ".join([close, *shown] if close else shown),
        code="LC161",
    )


def _find_wanted(role: Role, table: Table, wanted: str) -> tuple[int, ...]:
    found: list[int] = []
    for part in _parts(table, wanted):
        matched = _expand(table, part)
        if not matched:
            close = did_you_mean(part, [column.name for column in table.columns])
            raise DataError(
                f"there is no column {part!r} for {role.name}",
                path=table.name,
                hint="; ".join(filter(None, [close, show_columns(table)])),
                code="LC161",
            )
        found += matched
    return tuple(found)


def _parts(table: Table, wanted: str) -> list[str]:
    names = {column.name for column in table.columns}
    return [wanted] if wanted in names else [part.strip() for part in wanted.split(",")]


def _expand(table: Table, part: str) -> list[int]:
    """The columns of this name, else those that match it as a glob, a numbered family by number."""
    named = [i for i, column in enumerate(table.columns) if column.name == part]
    if named:
        return named
    return _in_order(table, [i for i, c in enumerate(table.columns) if fnmatchcase(c.name, part)])


def _find_by_name(role: Role, table: Table) -> tuple[int, ...]:
    own = {_key(name) for name in role.own_names}
    return _find_named(role, table, own) or _find_named(role, table, _names(role))


def _find_named(role: Role, table: Table, names: set[str]) -> tuple[int, ...]:
    """The one column with one of these names, else the one numbered family named so."""
    single = [i for i, column in enumerate(table.columns) if _key(column.name) in names]
    exact = [i for i in single if table.columns[i].name in role.own_names]
    candidates = exact or single
    if len({table.columns[i].name for i in candidates}) > 1:
        raise _ambiguous(role, table, candidates)
    if candidates:
        return tuple(candidates)
    family = [i for i, column in enumerate(table.columns) if _family(column.name) in names]
    if len({_family(table.columns[i].name) for i in family}) > 1:
        raise _ambiguous(role, table, family)
    return tuple(_in_order(table, family))


def _find_remaining(
    role: Role, others: Sequence[Role], table: Table, taken: Collection[int], *, is_text: bool
) -> tuple[int, ...]:
    """What is left of a file that was given for this role alone."""
    left = [i for i in range(len(table.columns)) if i not in taken]
    named = [i for i in left if not is_id(table.columns[i].name)]
    texts = [i for i in named if is_text and table.columns[i].is_text]
    usable = texts or [i for i in named if table.columns[i].is_number]
    if not usable:
        # A lone column of text is what was meant; reading it says what is wrong with it.
        return tuple(named if len(named) == 1 else left if len(left) == 1 else ())
    claimed = set().union(*map(_names, others))
    free = [i for i in usable if not claimed & {_key(name := table.columns[i].name), _family(name)}]
    candidates = free or usable
    if len(candidates) == 1:
        return tuple(candidates)
    if texts:
        return ()
    if len(usable) == role.domain.width:
        return tuple(usable)
    if role.domain.is_matrix:
        lists = [i for i in candidates if table.columns[i].is_list]
        return tuple(lists if len(lists) == 1 else [] if lists else _in_order(table, candidates))
    families = {_family(table.columns[i].name) for i in candidates}
    return tuple(_in_order(table, candidates)) if families != {None} and len(families) == 1 else ()


def _in_order(table: Table, found: list[int]) -> list[int]:
    """A numbered family by number (10 after 9); other columns as they stand in the file."""
    families = {_family(table.columns[i].name) for i in found}
    if len(found) < 2 or len(families) != 1 or families == {None}:
        return found
    by_number = sorted(found, key=lambda i: _number(table.columns[i].name))
    numbers = [_number(table.columns[i].name) for i in by_number]
    for before, after in pairwise(numbers):
        if after != before + 1:
            what = f"{before} occurs twice" if after == before else f"{before + 1} is missing"
            raise DataError(
                f"the numbered columns {_list(table, by_number)} do not count up: {what}",
                path=table.name,
                hint="name the columns in their order: -c ROLE=a,b,c",
                code="LC161",
            )
    return by_number


def _family(name: str) -> str | None:
    """The common name of numbered columns: ``logits`` for ``logits_0``, None without a number."""
    match = _NUMBERED.fullmatch(_key(name))
    return match[1] if match else None


def _number(name: str) -> int:
    match = _NUMBERED.fullmatch(_key(name))
    return int(match[2]) if match else 0


def number_of(name: str) -> int | None:
    """The number at the end of the name of a numbered column: 3 of ``logits_3``."""
    return None if _family(name) is None else _number(name)


def _names(role: Role) -> set[str]:
    roles = (*role.own_names, *role.stands_for)
    usual = {_key(name) for one in roles for name in (one, *USUAL_NAMES.get(one, ()))}
    if role.domain.is_tokens:
        usual.update(name for one in roles for name in _TOKEN_NAMES.get(one, ()))
    return usual


def _key(name: str) -> str:
    return re.sub(r"[\s\-]", "_", name.strip().casefold())


def is_id(name: str) -> bool:
    """Is it a name that columns have which name rows?"""
    return _ID_LIKE.fullmatch(name.strip().casefold()) is not None


def id_columns(table: Table) -> list[str]:
    """The columns of a table that name its rows, each the only one of its name."""
    names = [column.name for column in table.columns if not column.is_list]
    return [name for name in names if is_id(name) and names.count(name) == 1]


def distinct(tables: Iterable[Table]) -> list[Table]:
    """Each table once, in the order in which they first come."""
    return list({id(table): table for table in tables}.values())


def _check_names(role: Role, table: Table, found: Sequence[int]) -> None:
    names = [column.name for column in table.columns]
    counts = Counter(names)
    for i in found:
        if counts[names[i]] > 1:
            raise DataError(
                f"{counts[names[i]]} columns are named {names[i]!r}, which {role.name} needs",
                path=table.name,
                hint="rename all but one of them",
                code="LC161",
            )
    lists = [i for i in found if table.columns[i].is_list]
    if lists and len(found) > 1:
        raise DataError(
            f"{role.name} would be {_list(table, found)}, of which {names[lists[0]]!r} holds lists",
            path=table.name,
            hint=f"choose one list column, or columns of numbers: -c {role.name}=NAME",
            code="LC161",
        )


def _nothing_found(role: Role, table: Table) -> DataError:
    names = [column.name for column in table.columns]
    close = did_you_mean(role.name, names)
    option = f"say which it is: -c {role.name}=NAME"
    if role.domain.is_matrix:
        option += f", or several: -c {role.name}=a,b,c or -c {role.name}='c_*'"
    return DataError(
        f"no column is named {role.name!r}, and which one is meant is not clear",
        path=table.name,
        hint="; ".join(filter(None, [close, show_columns(table), option])),
        code="LC161",
    )


def _ambiguous(role: Role, table: Table, found: Sequence[int]) -> DataError:
    return DataError(
        f"{_list(table, found)} could each be {role.name}",
        path=table.name,
        hint=f"say which it is: -c {role.name}=NAME",
        code="LC161",
    )


def show_columns(table: Table) -> str:
    """The names of the columns, for a hint."""
    return f"columns: {_shorten(column.name for column in table.columns)}"


def _list(table: Table, found: Sequence[int]) -> str:
    return _shorten(table.columns[i].name for i in found)


def _shorten(names: Iterable[str]) -> str:
    listed = [name or "''" for name in names]
    more = f", ... ({len(listed)} in all)" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
