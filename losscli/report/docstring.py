"""A loss's docstring in parts: summary, what goes in and comes out, formula, notes, example."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from losscli.report.formula import inline

_MATH = ".. math::"
_PROMPT = ">>> "
_INLINE_MATH = re.compile(r":math:`([^`]*)`")
_ROLE = re.compile(r":\w+:`([^`]*)`")
_SENTENCE_END = re.compile(r"(?<=\.)\s+(?=[A-Z`:])")
_MEAN = re.compile(r"\bmean\W* divides\b")


@dataclass(frozen=True, slots=True)
class Doc:
    """A docstring taken apart; paragraphs are lines without breaks, the formula is LaTeX.

    ``example`` is a Python session as it stands.
    """

    summary: str
    shapes: tuple[str, ...]
    formula: str
    notes: tuple[str, ...]
    example: str = ""

    @property
    def divisor(self) -> str:
        """What the docstring says the mean divides by."""
        sentences = [s for text in self.shapes for s in _SENTENCE_END.split(text)]
        return next((sentence for sentence in sentences if _MEAN.search(sentence)), "")

    @property
    def shapes_alone(self) -> tuple[str, ...]:
        """The shapes without the divisor, for a page that shows it elsewhere."""
        texts = (text.replace(self.divisor, "").strip() for text in self.shapes)
        return tuple(text for text in texts if text)

    @property
    def legend(self) -> tuple[str, ...]:
        """The paragraph that goes on with the formula's sentence: ``with p the sigmoid ...``."""
        return self.notes[:1] if self.notes and self.notes[0][:1].islower() else ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes that are not about the formula's symbols."""
        return self.notes[len(self.legend) :]


def read(doc: str) -> Doc:
    """Take a docstring apart."""
    summary, *paragraphs = doc.split("\n\n")
    example = [text for text in paragraphs if text.startswith(_PROMPT)]
    paragraphs = [text for text in paragraphs if not text.startswith(_PROMPT)]
    math = [i for i, text in enumerate(paragraphs) if text.startswith(_MATH)]
    at = math[0] if math else len(paragraphs)
    return Doc(
        summary=_one_line(summary),
        shapes=tuple(_one_line(text) for text in paragraphs[:at]),
        formula="\n".join(text.strip() for text in paragraphs[at].removeprefix(_MATH).splitlines())
        if math
        else "",
        notes=tuple(_one_line(text) for text in paragraphs[at + 1 :]),
        example="\n\n".join(example),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def plain(text: str) -> str:
    """A paragraph without markup: names stand as they are, formulas as text."""
    return _convert(text, inline).replace("``", "")


def markdown(text: str) -> str:
    """A paragraph as Markdown: names in code, formulas as math."""
    return _convert(text, lambda latex: f"$`{latex}`$").replace("``", "`")


def _convert(text: str, math: Callable[[str], str]) -> str:
    text = _INLINE_MATH.sub(lambda found: math(found.group(1)), text)
    return _ROLE.sub(lambda found: f"``{found.group(1)}``", text)
