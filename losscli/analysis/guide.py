"""The decision guide: which loss fits?

:func:`advise` walks the tree of :mod:`~losscli.analysis.questions` as far as flags, replies and
measurements go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import losscli.losses  # noqa: F401 - registers the losses that the leaves name
from losscli.advice import Advice, Answer, Leaf, Question, Refusal
from losscli.analysis.answers import answers_in, has_column_each
from losscli.analysis.facts import IMBALANCED_FROM, Facts
from losscli.analysis.finding import finding
from losscli.analysis.limits import refusals, turning_points
from losscli.analysis.measured import measurements
from losscli.analysis.questions import CUSTOM, NextCommand, leaf_of, named, questions, tree
from losscli.errors import UsageError, did_you_mean
from losscli.findings import Diagnostic

# What other tools call a task is here a task and a goal.
_SHORTCUTS = {"ranking": {"task": "similarity", "goal": "ranking"}}
_TASK_OF_NEED = {
    "imbalance": "classification",
    "multilabel": "classification",
    "quantile": "regression",
    "counts": "regression",
    "skewed": "regression",
    "variance": "regression",
    "baseline": "regression",
}


def advise(
    given: Mapping[str, str],
    facts: Facts | None = None,
    command_files: Sequence[str] = (),
    *,
    command_options: Sequence[str] = (),
    replies: Mapping[str, str] | None = None,
) -> Advice:
    """Walk the guide as far as the answers go.

    Args:
        given: flags by question, such as ``{"task": "classification", "classes": "10"}``.
        facts: what was measured; a flag beats it, and a finding says so.
        command_files: the user's files, for the line to run next.
        command_options: words that belong on that line too, such as ``-c``, ``target=y``.
        replies: answers to questions that were asked, in the same form as ``given``.

    Raises:
        UsageError: an answer is none of the choices, or two answers exclude each other.
    """
    spoken = {**(replies or {}), **given}
    said = _settle(spoken)
    data = answers_in(facts)
    words = NextCommand(tuple(command_files), tuple(command_options))
    node, answers = _walk(said, data, replies or {})
    if isinstance(node, Leaf):
        node = _fit_to(node, said, facts, words)
    refused: tuple[Refusal, ...] = ()
    fits = True
    asked = node.loss if isinstance(node, Leaf) else ""
    if isinstance(node, Leaf) and node.loss != CUSTOM:
        refused = refusals((node.loss, *node.instead), facts)
        left = _allowed(node, refused, words)
        fits = left is not None
        if left is not None:
            node = left
        elif said:
            # Nothing of the branch that was asked for can be computed: what does the data say?
            node, answers = _walk({}, data, {})
            node = _fit_to(node, {}, facts, words) if isinstance(node, Leaf) else node
    return Advice(
        answers=tuple(answers),
        measured=measurements(facts) if facts is not None else (),
        outcome=node,
        diagnostics=(
            *_disagreements(spoken, said, facts, fits=fits),
            *_misfits(node, facts),
            *_refusals(asked, refused, fits=fits),
        ),
        refused=refused,
        turning_points=turning_points(node, facts) if isinstance(node, Leaf) else (),
    )


def _walk(
    said: Mapping[str, str], data: Mapping[str, str], replies: Mapping[str, str]
) -> tuple[Question | Leaf, list[Answer]]:
    """As far as the answers lead, and which they were."""
    answers: list[Answer] = []
    node: Question | Leaf = tree()
    while isinstance(node, Question) and (node.name in said or node.name in data):
        name = said[node.name] if node.name in said else data[node.name]
        answers.append(Answer(node.name, name, _source(node.name, said, replies)))
        node = next(choice.leads_to for choice in node.choices if choice.name == name)
    return node, answers


def _allowed(leaf: Leaf, refused: Sequence[Refusal], words: NextCommand) -> Leaf | None:
    """The leaf without what the data rules out; the first of the others, if it is its loss.

    None if nothing is left.
    """
    names = {refusal.loss for refusal in refused}
    left = tuple(name for name in leaf.instead if name not in names)
    if leaf.loss not in names:
        return replace(leaf, instead=left)
    if not left:
        return None
    other = leaf_of(left[0], *left[1:])
    return replace(other, command=words.line(other.loss))


def _refusals(asked: str, refused: Sequence[Refusal], *, fits: bool) -> Iterator[Diagnostic]:
    """The loss that was asked for; others are left out of the advice without a word."""
    for refusal in refused:
        if refusal.loss == asked:
            hint = "" if fits else "no loss of this branch takes such a target; the data decides"
            yield finding("LC302", refusal.because, hint)


def _source(name: str, said: Mapping[str, str], replies: Mapping[str, str]) -> str:
    if name not in said:
        return "the data"
    return "you" if name in replies else "a flag"


def _settle(given: Mapping[str, str]) -> dict[str, str]:
    """Answers as names of choices, and the task that follows from them."""
    known = questions()
    said: dict[str, str] = {}
    for name, value in given.items():
        if name not in known:
            raise UsageError(f"the guide has no question {name!r}", hint=did_you_mean(name, known))
        if name == "task" and value.casefold() in _SHORTCUTS:
            said |= _SHORTCUTS[value.casefold()]
        else:
            said[name] = named(known[name], value)
    _reject_contradictions(given, said)
    if "need" in said:
        return {**said, "task": CUSTOM}
    implied = [task for task in map(_task_of, said) if task is not None]
    return {"task": implied[0], **said} if implied else said


def _reject_contradictions(given: Mapping[str, str], said: Mapping[str, str]) -> None:
    claims = [(_task_claimed(name, choice), name) for name, choice in said.items() if name in given]
    about = [(task, as_flag(name, given[name])) for task, name in claims if task is not None]
    for task, flag in about[1:]:
        first_task, first = about[0]
        if task != first_task:
            raise UsageError(
                f"{first} and {flag} exclude each other: {first} is about {first_task}, "
                f"{flag} about {task}",
                hint="leave one of them out",
            )


def _task_claimed(question: str, choice: str) -> str | None:
    """The task that an answer is about. A special need goes with any, but only classes are rare."""
    if question == "need":
        return _TASK_OF_NEED.get(choice)
    if question == "task":
        return None if choice == CUSTOM else choice
    return _task_of(question)


def _task_of(question: str) -> str | None:
    """The task whose question this is."""
    below = {c.leads_to.name: c.name for c in tree().choices if isinstance(c.leads_to, Question)}
    return below.get(question)


def as_flag(question: str, value: str) -> str:
    """An answer as it stands on the command line."""
    return f"--{value}" if question == "outliers" else f"--{question} {value}"


def _disagreements(
    given: Mapping[str, str], said: Mapping[str, str], facts: Facts | None, *, fits: bool
) -> Iterator[Diagnostic]:
    """Where the data says something else than the user, whose word counts where a loss ``fits``."""
    for found in _contradicted(given, said, facts):
        yield found if fits else replace(found, hint="")


def _contradicted(
    given: Mapping[str, str], said: Mapping[str, str], facts: Facts | None
) -> Iterator[Diagnostic]:
    if facts is None:
        return
    data, task = answers_in(facts), said.get("task")
    if task is not None and not _is_about(task, facts):
        name = next(n for n in given if n == "task" or _task_of(n) == task)
        yield _disagreement(as_flag(name, given[name]), f"{facts.task}", "task", facts)
        return
    if "outliers" in given and data.get("outliers", said["outliers"]) != said["outliers"]:
        flag = as_flag("outliers", said["outliers"])
        yield _disagreement(flag, data["outliers"], "outliers", facts)
    if "classes" in given and facts.classes is not None and not _counts(given["classes"], facts):
        flag = as_flag("classes", given["classes"])
        yield _disagreement(flag, f"{facts.classes} classes", "classes", facts)


def _is_about(task: str, facts: Facts) -> bool:
    """May this data be for this task? Soft labels serve classification and distributions."""
    if facts.task is None or task in (facts.task, CUSTOM):
        return True
    return task == "distributions" and facts.target is not None and facts.target.is_simplex


def _counts(given: str, facts: Facts) -> bool:
    """Is this the number of classes? Five where there are ten lead to the same loss, by mistake."""
    if given.isdigit():
        return int(given) == facts.classes
    return _settle({"classes": given})["classes"] == answers_in(facts)["classes"]


_EVIDENCE = {
    "task": ("target", "classes", "input kind"),
    "outliers": ("outlier share", "tail share"),
    "classes": ("target", "classes"),
}


def _disagreement(flag: str, seen: str, name: str, facts: Facts) -> Diagnostic:
    measured = {measurement.name: measurement.value for measurement in measurements(facts)}
    evidence = "; ".join(f"{key}: {measured[key]}" for key in _EVIDENCE[name] if key in measured)
    return finding(
        "LC301",
        f"{flag} was given, but the data says {seen} ({evidence})",
        f"{flag} decides; leave it out to follow the data",
    )


def _misfits(node: Question | Leaf, facts: Facts | None) -> Iterator[Diagnostic]:
    """What must happen to the predictions before the recommended loss can take them."""
    if not isinstance(node, Leaf) or facts is None:
        return
    kind = facts.input_kind
    if node.loss in ("cross-entropy", "kl-div") and kind == "probabilities":
        wanted = "logits" if node.loss == "cross-entropy" else "log-probabilities"
        yield finding(
            "LC101" if node.loss == "cross-entropy" else "LC103",
            f"the predictions are probabilities, and {node.loss} takes {wanted}",
            f"give their logarithms: {node.loss} is right for log-probabilities",
        )
    if kind == "labels" and node.loss in ("bce-with-logits", "cross-entropy", "focal"):
        yield finding(
            "LC108",
            f"the predictions are labels, 0 or 1, and {node.loss} takes logits",
            "save the model's scores, not its decisions",
        )


def _fit_to(leaf: Leaf, said: Mapping[str, str], facts: Facts | None, words: NextCommand) -> Leaf:
    """The leaf for this data: a loss that takes such predictions, and the user's files."""
    if leaf.loss == CUSTOM:
        return replace(leaf, command=words.line_of_own(leaf))
    if leaf.loss == "focal" and _has_many_classes(said, facts):
        return _weighted_classes(facts, words)
    kind = facts.input_kind if facts is not None else None
    if leaf.loss == "bce-with-logits" and has_column_each(facts):
        leaf = leaf_of("cross-entropy", "bce-with-logits")
    if leaf.loss == "bce-with-logits" and kind == "probabilities":
        leaf = leaf_of("bce", "bce-with-logits")
    elif leaf.loss == "cross-entropy" and kind == "log-probabilities":
        leaf = leaf_of("nll", "cross-entropy")
    elif leaf.loss == "kl-div" and kind == "logits":
        leaf = leaf_of("cross-entropy", "kl-div")
    if facts is not None and (facts.imbalance or 0.0) >= IMBALANCED_FROM and facts.classes == 2:
        leaf = replace(leaf, instead=(*leaf.instead, "focal"))
    return replace(leaf, command=words.line(leaf.loss))


def _has_many_classes(said: Mapping[str, str], facts: Facts | None) -> bool:
    if "classes" in said:
        return said["classes"] == "many"
    return facts is not None and facts.classes is not None and facts.classes > 2


def _weighted_classes(facts: Facts | None, words: NextCommand) -> Leaf:
    """focal answers yes or no; three or more classes are balanced by a weight for each."""
    weight = "@weights.csv"
    if facts is not None and len(facts.class_counts) == facts.classes:
        rows = sum(facts.class_counts.values()) / facts.classes
        weight = ",".join(f"{rows / n:.3g}" for _, n in sorted(facts.class_counts.items()))
    return replace(
        leaf_of("cross-entropy", "focal"),
        use_when="one of three or more classes, some of them rare: each weighs 1 / its frequency",
        avoid_when="the value must be a likelihood, or a rare class has too few rows to be trusted",
        command=words.line("cross-entropy", "--weight", weight),
    )
