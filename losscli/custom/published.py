"""Losses that installed packages publish, through the entry points ``losscli.losses``.

.. code:: toml

    [project.entry-points."losscli.losses"]
    tilted = "acme.losses:tilted"

Only metadata is read to list them; a package is imported when a loss of it is named.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from losscli.errors import UsageError
from losscli.spec import PublishedLoss, ours, same_name

GROUP = "losscli.losses"


def published() -> list[PublishedLoss]:
    """All of them, by name.

    Raises:
        UsageError: two packages publish one name, or a name is one of ours.
    """
    found = sorted(map(_described, entry_points(group=GROUP)), key=str)
    for one in found:
        _reject_clash(one, found)
    return found


def find_published(name: str) -> PublishedLoss | None:
    """The one of this name, spelled in any way.

    Raises:
        UsageError: two packages publish it.
    """
    found = [one for one in map(_described, entry_points(group=GROUP)) if same_name(one.name, name)]
    if found:
        _reject_clash(found[0], found)
    return found[0] if found else None


def _described(point: EntryPoint) -> PublishedLoss:
    package = f"{point.dist.name} {point.dist.version}" if point.dist is not None else "a package"
    return PublishedLoss(point.name, package, f"{point.module}:{point.attr}")


def _reject_clash(one: PublishedLoss, all_of_them: list[PublishedLoss]) -> None:
    hint = f"name it by its module: {one.target}"
    if (own := ours(one.name)) is not None:
        raise UsageError(f"{one.name!r} names both losscli's {own.name} and {one}", hint=hint)
    for other in all_of_them:
        if other != one and same_name(other.name, one.name):
            raise UsageError(f"{one.name!r} names both {one} and {other}", hint=hint)
