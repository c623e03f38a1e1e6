"""Losses of the user's own: from a file, a module, an installed package, or Python itself.

================ ==================================================================
``loading``      a name such as ``my_losses.py:tail`` to the object it means
``docstrings``   what a docstring says of each parameter
``signature``    which arguments are data, which are settings
``wrapping``     the object as a :class:`~losscli.spec.Loss`
``calls``        how it is called: arrays or tensors, and what comes back
``settling``     how it is run, found out by trying it on the first rows
``published``    what installed packages publish
``kept``         all rows in memory, for a loss of them all
``faults``       what goes wrong in it, as one message with the user's line
``tensors``      PyTorch, where the user has it
================ ==================================================================

Importing this package lets :func:`losscli.spec.find` know them. Nothing of a user's is loaded
before it is named.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from losscli.spec import Loss, add_resolver, declared_by, registered


def resolve(name: str) -> Loss | None:
    """The loss that a name which is none of ours means, None if it has no such form.

    Raises:
        UsageError: there is no such file, module or object.
        UserCodeError: it does not load, or is no loss.
    """
    from losscli.custom.loading import from_module, load

    found = load(name)
    if found is None and ":" not in name:
        from losscli.custom.published import find_published

        if (one := find_published(name)) is not None:
            module, _, attribute = one.target.partition(":")
            found = from_module(one.name, module, attribute, one.package)
    if found is None:
        return None
    from losscli.custom.wrapping import wrap

    return wrap(found)


def from_object(value: Callable[..., Any]) -> Loss:
    """The loss that a function, a class or an instance is.

    Raises:
        UserCodeError: it cannot be called, or no argument of it is data.
    """
    from losscli.custom.loading import describe_object
    from losscli.custom.wrapping import wrap

    declared = declared_by(value) if inspect.isfunction(value) else None
    if declared is not None and registered().get(declared.name) is declared:
        return declared
    return wrap(describe_object(value))


add_resolver(resolve)
