"""LC13x: classes, their order and their number."""

from __future__ import annotations

from losscli.codes.record import Code

CLASSES: tuple[Code, ...] = ()
