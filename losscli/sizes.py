"""How much memory and disk may be used: sizes such as 4G, from options and the environment."""

from __future__ import annotations

import os
import re

from losscli.errors import UsageError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?", re.IGNORECASE)


def size(name: str, text: str, *, also: str = "") -> int:
    """The bytes that a text such as ``512M`` or ``1.5 GiB`` stands for.

    Args:
        name: what the text is the value of.
        text: a number, with a unit or without.
        also: what else the text could have been, for the message.

    Raises:
        UsageError: it is no size, or 0.
    """
    match = _SIZE.fullmatch(text.strip())
    found = int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " ")) if match else 0
    if found < 1:
        raise UsageError(f"{name} {text!r} is no size", hint=f"write it as 512M or 4G{also}")
    return found


def size_from_environment(variable: str, default: int) -> int | None:
    """The bytes that a variable says, ``default`` if it is not set; None for ``none``.

    Raises:
        UsageError: it is no size.
    """
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    if text.casefold() == "none":
        return None
    return size(variable, text, also=", or none for no bound")
