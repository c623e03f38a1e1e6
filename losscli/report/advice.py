"""What ``recommend`` says: what is settled, and the loss that fits or the branches still open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from losscli.advice import Advice, Answer, Choice, Leaf, Question
from losscli.report.compute_page import findings
from losscli.report.draw import draw_markdown, draw_text
from losscli.report.page import (
    Block,
    Code,
    Entries,
    Line,
    Page,
    Prose,
    Section,
    Tree,
    Words,
    line,
)
from losscli.report.terminal import Terminal

# The guide's leaf where no known loss fits.
_CUSTOM = "custom"


def advice_page(advice: Advice, *, unicode: bool = True) -> Page:
    """What was measured and answered first, what to do next last."""
    return (
        *_titled("measured", _pairs({seen.name: seen.value for seen in advice.measured})),
        *_titled("answers", _answers(advice.answers)),
        *_titled("findings", findings(advice.diagnostics)),
        *_outcome(advice, "→" if unicode else "->"),
    )


def _titled(title: str, block: Block | None) -> Iterator[Section]:
    if block is not None:
        yield Section(title, (block,))


def _pairs(texts: Mapping[str, str]) -> Entries | None:
    items = tuple((Words(label, "dim"), (line(text),)) for label, text in texts.items() if text)
    return Entries(items) if items else None


def _answers(answers: tuple[Answer, ...]) -> Entries | None:
    if not answers:
        return None
    return Entries(tuple((Words(answer.question, "dim"), _answer(answer)) for answer in answers))


def _answer(answer: Answer) -> tuple[Line, ...]:
    return (line(Words(answer.choice, "value"), Words(f"  (from {answer.source})", "dim")),)


def _outcome(advice: Advice, arrow: str) -> Iterator[Section]:
    if isinstance(advice.outcome, Leaf):
        yield from _leaf(advice.outcome, advice.turning_points)
    else:
        yield from _open(advice.outcome, arrow, measured=bool(advice.measured))


def _leaf(leaf: Leaf, turning_points: tuple[str, ...]) -> Iterator[Section]:
    about = _pairs(
        {
            "use when": leaf.use_when,
            "watch out": f"not when {leaf.avoid_when}" if leaf.loss != _CUSTOM else leaf.avoid_when,
            "PyTorch": leaf.torch or "",
            "other losses": ", ".join(leaf.instead),
        }
    )
    name = "a loss of your own" if leaf.loss == _CUSTOM else leaf.loss
    recommended = Prose((line(Words(name, "value")),))
    yield Section("recommended", (recommended, about) if about is not None else (recommended,))
    if turning_points:
        lines = tuple(line(text) for text in turning_points)
        yield Section("what would change it", (Prose(lines),))
    yield Section("", (Code((line(Words(leaf.command, "accent")),)),))


def _open(question: Question, arrow: str, *, measured: bool) -> Iterator[Section]:
    tree = Tree(line(Words(question.text, "title")), _branches(question, arrow))
    yield Section("still open", (tree,))
    files = "" if measured else ", or give the files to measure them"
    closing = f"Answer with the flag of a branch{files}."
    yield Section("", (Prose((line(Words(closing, "dim")),)),))


def _branches(question: Question, arrow: str) -> tuple[Tree, ...]:
    width = max(len(choice.flag) for choice in question.choices)
    return tuple(_branch(choice, width, arrow) for choice in question.choices)


def _branch(choice: Choice, width: int, arrow: str) -> Tree:
    flag = Words(choice.flag, "accent")
    gap = " " * (width - len(choice.flag) + 2)
    target = choice.leads_to
    if isinstance(target, Question):
        return Tree(line(flag, f"{gap}{choice.meaning}. {target.text}"), _branches(target, arrow))
    name = "a loss of your own" if target.loss == _CUSTOM else target.loss
    return Tree(line(flag, f"{gap}{choice.meaning} {arrow} ", Words(name, "value")))


def _table(advice: Advice, terminal: Terminal) -> None:
    draw_text(advice_page(advice, unicode=terminal.unicode), terminal)


def _json(advice: Advice, terminal: Terminal) -> None:
    terminal.write_json(advice.to_dict())


def _markdown(advice: Advice, terminal: Terminal) -> None:
    draw_markdown(advice_page(advice), terminal)


FORMATS: Mapping[str, Callable[[Advice, Terminal], None]] = MappingProxyType(
    {"table": _table, "json": _json, "markdown": _markdown}
)
