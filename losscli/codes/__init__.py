"""Every finding losscli can report: its stable code, how grave it is, why, and what to do.

A code never changes its meaning and is never used again.

====== =====================================================================================
LC10x  what the predictions and targets are
LC11x  which rows belong together
LC12x  what keeps a loss from being computed at all
LC13x  classes: their order, their number
LC14x  the meaning of parameters and columns
LC15x  precision
LC16x  the files, before their values are looked at
LC2xx  the number that came out
LC3xx  the decision guide
LC4xx  a loss of the user's own
LC5xx  what a check compares with
====== =====================================================================================
"""

from __future__ import annotations

from losscli.codes.classes import CLASSES
from losscli.codes.contract import CONTRACT
from losscli.codes.files import FILES
from losscli.codes.given import GIVEN
from losscli.codes.guide import GUIDE
from losscli.codes.judged import JUDGED
from losscli.codes.number import NUMBER
from losscli.codes.own import OWN
from losscli.codes.record import ERROR, Code, Example, Severity
from losscli.codes.rows import ROWS
from losscli.codes.settings import SETTINGS

__all__ = ["CODES", "ERROR", "Code", "Example", "Severity"]

_ALL = (*GIVEN, *ROWS, *CONTRACT, *CLASSES, *SETTINGS, *FILES, *NUMBER, *GUIDE, *OWN, *JUDGED)

CODES = {code.code: code for code in sorted(_ALL, key=lambda code: code.code)}
