"""LC14x and LC15x: the meaning of parameters and columns, and precision."""

from __future__ import annotations

from losscli.codes.record import Code

SETTINGS: tuple[Code, ...] = ()
