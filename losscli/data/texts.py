"""Which roles are given as text, and what splits them into tokens: ``--tokens``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from losscli.data.place import Place
from losscli.domain import Role
from losscli.errors import DataError, UsageError

if TYPE_CHECKING:
    from losscli.data.columns import Table
    from losscli.data.tokens import TextCoder


class Texts:
    """The roles of a loss that take tokens, and what becomes of those that are given as text.

    Args:
        kind: what ``--tokens`` says, if anything: ``words`` or ``characters``.
        roles: what the loss takes.
        grouped: are rows read in groups, so that each holds one token of a list?

    Raises:
        UsageError: tokens are asked for, and no role takes any.
    """

    def __init__(
        self, kind: str | None = None, roles: Sequence[Role] = (), *, grouped: bool = False
    ) -> None:
        self._roles = {role.name for role in roles if role.domain.is_tokens}
        if kind is not None and not self._roles:
            raise UsageError(
                f"--tokens {kind} has no effect, since nothing here takes tokens",
                hint="leave it out; error-rate (wer, cer) is a loss of tokens",
                code="LC146",
            )
        self._kind = kind
        self._grouped = grouped
        # One for all roles: the same word is the same number in each.
        self._coder = None if kind is None else _coder(kind)
        self._split: dict[str, Place] = {}
        self._numbers: dict[str, Place] = {}

    def wants(self, role: str) -> bool:
        """Is this role to be looked for among columns of text?"""
        return self._kind is not None and role in self._roles

    def splits(self, role: str) -> bool:
        """Was this role split into tokens?"""
        return role in self._split

    def coders(self, table: Table, chosen: Mapping[str, tuple[int, ...]]) -> dict[str, TextCoder]:
        """What splits those roles of a table that are one column of text.

        Raises:
            DataError: there is one, and nothing says what its tokens are.
        """
        found = {}
        for role, columns in chosen.items():
            first = table.columns[columns[0]]
            place = Place(table.name, first.name)
            # A CSV file does not say what is text: with --tokens, what looks like numbers is too.
            is_text = first.is_text or (self._kind is not None and first.is_number)
            is_text = is_text and len(columns) == 1 and not first.is_list
            coder = self._coder_of(role, place, is_text) if role in self._roles else None
            if coder is not None:
                found[role] = coder
        return found

    def coder(self, role: str, is_text: Callable[[], bool]) -> TextCoder | None:
        """What splits a role that is an array, if it holds text.

        Raises:
            DataError: as :meth:`coders`.
        """
        return self._coder_of(role, Place(role), is_text()) if role in self._roles else None

    def _coder_of(self, role: str, place: Place, is_text: bool) -> TextCoder | None:
        if not is_text:
            self._numbers[role] = place
            return None
        if self._grouped:
            raise _fault(
                place,
                "holds text, but a row of a group is one token, given as a number",
                "a text is a list by itself: leave the groups out; "
                "--by COLUMN gives the rate of each speaker, for example",
            )
        if self._coder is None:
            raise _fault(
                place,
                "holds text, and nothing says what its tokens are",
                "--tokens words gives the word error rate, --tokens characters the character "
                "error rate",
            )
        self._split[role] = place
        return self._coder

    def settled(self) -> str | None:
        """What texts were split into; None if there were none.

        Raises:
            UsageError: tokens were asked for, and no role is text.
            DataError: one role is text, and another one token numbers.
        """
        if not self._split and self._kind is not None:
            raise UsageError(
                f"--tokens {self._kind} has no effect: {' and '.join(self._numbers)} "
                f"{'hold' if len(self._numbers) > 1 else 'holds'} token numbers, no text",
                hint="leave it out, or choose columns of text: -c ROLE=NAME",
                code="LC146",
            )
        if self._split and self._numbers:
            role, place = next(iter(self._numbers.items()))
            raise _fault(
                place,
                f"{role} holds token numbers, but {next(iter(self._split))} is text",
                "give both as text, or both as lists of token numbers",
            )
        return self._kind


def _coder(kind: str) -> TextCoder:
    from losscli.data.tokens import Characters, Words

    return {"words": Words, "characters": Characters}[kind]()


def _fault(place: Place, message: str, hint: str) -> DataError:
    return DataError(message, path=place.path, column=place.column, hint=hint, code="LC162")


# Where nothing takes tokens.
NO_TEXTS = Texts()
