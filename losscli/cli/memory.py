"""A bound on memory: what needs more ends in a message, and takes nothing else with it."""

from __future__ import annotations

import os
from contextlib import suppress

from losscli.errors import DataError
from losscli.sizes import size_from_environment

LIMIT = "LOSSCLI_MEMORY_LIMIT"
_SHARE = 0.9
_LEAST = 2**32
# What a container may have, if this is one; "max" if that is not bounded.
_CONTAINER = "/sys/fs/cgroup/memory.max"


def bound_memory() -> None:
    """Let this process hold no more than the environment says, or most of what there is.

    Mapped files do not count. A system without such a bound sets none.

    Raises:
        UsageError: ``LOSSCLI_MEMORY_LIMIT`` is no size.
    """
    limit = size_from_environment(LIMIT, max(int(_there_is() * _SHARE), _LEAST))
    if limit is None:
        return
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        known = [bound for bound in (soft, hard) if bound != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min([limit, *known]), hard))


def out_of_memory(error: MemoryError) -> DataError:
    """What the system or the bound did not give."""
    said = f": {error}" if str(error) else ""
    return DataError(
        f"this needs more memory than may be used{said}",
        hint=f"{LIMIT} is the bound, which is 90 % of the machine's if it is not set",
        code="LC164",
    )


def _there_is() -> int:
    """The memory of this machine or container, in bytes; 0 if nobody says."""
    found = []
    with suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with suppress(OSError, ValueError), open(_CONTAINER, encoding="ascii") as file:
        found.append(int(file.read()))
    return min(found, default=0)
