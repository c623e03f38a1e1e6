"""The losses by name: ours, and whatever else was declared or can be resolved."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import TypeAlias

from losscli.errors import UnknownLossError, UsageError, did_you_mean
from losscli.spec.records import Loss

_OURS = "losscli.losses."
_BY_NAME: dict[str, Loss] = {}
_BY_KEY: dict[str, Loss] = {}


def family_of(module: str) -> str:
    """Of ours the room in which it stands, ``losscli.losses.ranking.pairs``; else the module."""
    own = module.removeprefix(_OURS)
    return module.rpartition(".")[2] if own == module else own.partition(".")[0]


_MARKS = str.maketrans("", "", "-_ ")


def _key(name: str) -> str:
    """Spelling does not matter: ``nn.HuberLoss`` and ``huber_loss`` are one name."""
    return name.rpartition(".")[2].translate(_MARKS).casefold()


def register(declaration: Loss) -> None:
    """Let the loss be found by its name and its aliases.

    Raises:
        UsageError: another loss has one of them.
    """
    keys = {_key(name): name for name in (declaration.name, *declaration.aliases)}
    for key, name in keys.items():
        other = _BY_KEY.get(key, declaration)
        if other is not declaration and not _is_same(other, declaration):
            raise UsageError(
                f"{name!r} names both {_full_name(other)} and {_full_name(declaration)}",
                hint="give yours another name",
            )
    _BY_KEY.update(dict.fromkeys(keys, declaration))
    _BY_NAME[declaration.name] = declaration


def _full_name(declaration: Loss) -> str:
    return f"{declaration.kernel.__module__}.{declaration.kernel.__qualname__}"


def _is_same(old: Loss, new: Loss) -> bool:
    """Is it declared again, as by a cell of a notebook that is run twice?"""
    return _full_name(old) == _full_name(new) and not _is_ours(old)


def _is_ours(declaration: Loss) -> bool:
    return declaration.kernel.__module__.startswith(_OURS)


def same_name(one: str, other: str) -> bool:
    """Are these two spellings of one name?"""
    return _key(one) == _key(other)


def ours(name: str) -> Loss | None:
    """The loss of losscli's own that this name or spelling of it means."""
    found = _BY_KEY.get(_key(name))
    return found if found is not None and _is_ours(found) else None


Resolver: TypeAlias = Callable[[str], Loss | None]
_RESOLVERS: list[Resolver] = []


def add_resolver(resolver: Resolver) -> None:
    """Have :func:`find` ask ``resolver`` for names that are not ours, such as a file's losses."""
    if resolver not in _RESOLVERS:
        _RESOLVERS.append(resolver)


def registered() -> Mapping[str, Loss]:
    """All losses by canonical name, in the order of their declaration."""
    return types.MappingProxyType(_BY_NAME)


def find(name: str) -> Loss:
    """The loss of this canonical name or alias, or a user's own, as ``my_losses.py:tail``.

    Raises:
        UnknownLossError: there is none; says which name comes closest.
        UserCodeError: the user's file cannot be loaded.
    """
    # ``reg:tweedie`` is XGBoost's name, ``my.module:tweedie`` a user's own.
    found = None if ":" in name and "." in name else _BY_KEY.get(_key(name))
    for resolver in _RESOLVERS:
        found = found or resolver(name)
    if found is not None:
        return found
    spellings = [*_BY_NAME, *(alias for known in _BY_NAME.values() for alias in known.aliases)]
    close = did_you_mean(name, spellings) or did_you_mean(name.lower(), spellings)
    hint = f"{close} " if close else ""
    raise UnknownLossError(f"unknown loss {name!r}", hint=f"{hint}`losscli list` shows them all")
