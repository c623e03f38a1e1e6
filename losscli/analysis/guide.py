"""The decision guide: which loss fits?

Three questions, asked only where they matter: what is predicted; how hard should big mistakes
count, or how many classes are there, or what is the comparison for; is something special needed?
The guide is data, a tree of :class:`~losscli.advice.Question`; :func:`advise` walks it as far as
flags, replies and measurements go.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import losscli.losses  # noqa: F401 - registers the losses that the leaves name
from losscli.advice import Advice, Answer, Choice, Leaf, Question, Refusal
from losscli.analysis.answers import answers_in, has_column_each
from losscli.analysis.facts import IMBALANCED_FROM, Facts
from losscli.analysis.finding import finding
from losscli.analysis.limits import refusals, turning_points
from losscli.analysis.measured import measurements
from losscli.errors import UsageError, did_you_mean
from losscli.findings import Diagnostic
from losscli.spec import find

CUSTOM = "custom"
_SYNONYMS = {
    "distribution": "distributions",
    "rank": "ranking",
    "match": "matching",
    "binary": "two",
    "multiclass": "many",
    "box": "boxes",
    "masks": "segmentation",
    "sequence": "sequences",
    "signal": "signals",
    "list": "lists",
    "quantiles": "quantile",
    "multi-label": "multilabel",
}
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
# PyTorch's mean for KL divides by all elements, which is no divergence.
_USUAL_OPTIONS = {"kl-div": ("--reduction", "batchmean")}


@cache
def tree() -> Question:
    """The whole guide, from its first question."""
    return Question(
        "task",
        "What is predicted?",
        (
            Choice("regression", "a number", "--task regression", _outliers()),
            Choice("classification", "a class", "--task classification", _classes()),
            Choice("similarity", "what is alike, or goes first", "--task similarity", _goal()),
            _choice("task", "distributions", "a whole distribution", "kl-div", "cross-entropy"),
            _choice("task", "segmentation", "a mask of regions", "dice", "jaccard", "tversky"),
            _choice("task", "boxes", "a rectangle", "giou", "iou", "ciou", "smooth-l1"),
            _choice(
                "task", "sequences", "labels without alignment", "ctc", "error-rate", "soft-dtw"
            ),
            _choice("task", "signals", "a sound or other signal", "si-sdr", "snr"),
            _choice("task", "survival", "the time until an event", "cox", "aft-nll"),
            Choice(CUSTOM, "something special is needed", "--task custom", _need()),
        ),
    )


def _outliers() -> Question:
    clean = Choice("clean", "hard: residuals have no outliers", "--clean", _leaf("mse", "huber"))
    outliers = Choice(
        "outliers",
        "gently: some residuals are far out",
        "--outliers",
        _leaf("huber", "mae", "smooth-l1"),
    )
    return Question("outliers", "How hard should big mistakes count?", (clean, outliers))


def _classes() -> Question:
    two = Choice(
        "two", "two, or several yes-or-no answers", "--classes 2", _leaf("bce-with-logits", "bce")
    )
    many = Choice("many", "three or more", "--classes N", _leaf("cross-entropy", "nll"))
    return Question("classes", "How many classes are there?", (two, many))


def _goal() -> Question:
    return Question(
        "goal",
        "What is the comparison for?",
        (
            _choice(
                "goal",
                "matching",
                "faces or images to match",
                "triplet-margin",
                "hinge-embedding",
                "pairwise-distance",
            ),
            _choice("goal", "direction", "only directions count", "cosine-embedding"),
            _choice("goal", "ranking", "items to put in order", "margin-ranking", "bpr"),
            _choice("goal", "batch", "batches with labels", "sup-con", "nt-xent", "info-nce"),
            _choice("goal", "lists", "lists with grades", "lambda-ndcg", "listnet", "ndcg"),
            _choice("goal", "preference", "answers of a policy", "dpo", "reward-ranking"),
        ),
    )


def _need() -> Question:
    return Question(
        "need",
        "What is special?",
        (
            _choice(
                "need",
                "imbalance",
                "some classes are rare",
                "focal",
                "bce-with-logits",
                "cross-entropy",
            ),
            _choice(
                "need",
                "multilabel",
                "several classes may hold",
                "multilabel-soft-margin",
                "asymmetric",
            ),
            _choice("need", "quantile", "a quantile is wanted", "pinball", "interval-score"),
            _choice("need", "counts", "counts of events", "poisson-nll", "negative-binomial-nll"),
            _choice(
                "need",
                "skewed",
                "positive and skewed",
                "gamma-deviance",
                "tweedie-deviance",
                "msle",
            ),
            _choice("need", "variance", "a variance is predicted too", "gaussian-nll"),
            _choice("need", "baseline", "better than a constant?", "r2", "d2-absolute-error"),
            Choice(
                "objectives",
                "several objectives at once",
                "--need objectives",
                _several_objectives(),
            ),
            Choice("rules", "rules of a domain, or nothing fits", "--need rules", _rules()),
        ),
    )


def _choice(question: str, name: str, meaning: str, loss: str, *instead: str) -> Choice:
    """An answer that leads straight to a loss."""
    return Choice(name, meaning, f"--{question} {name}", _leaf(loss, *instead))


def _several_objectives() -> Leaf:
    leaf = Leaf(
        loss=CUSTOM,
        use_when="one model serves several aims: add up a loss for each, weighted by what it is "
        "worth",
        avoid_when="the losses differ in scale: the largest drowns the others unless the weights "
        "even them out",
        torch=None,
        command="",
        instead=("mse", "mae"),
    )
    return replace(leaf, command=_own_line(leaf, _Words()))


def _rules() -> Leaf:
    leaf = Leaf(
        loss=CUSTOM,
        use_when="a rule of the domain says what a mistake costs: write it as a function in a file "
        "of your own, and try it with losscli verify",
        avoid_when="a sample weight, or a parameter of a known loss, already says the same",
        torch=None,
        command="",
        instead=("mae", "huber"),
    )
    return replace(leaf, command=_own_line(leaf, _Words()))


def _leaf(name: str, *instead: str) -> Leaf:
    declared = find(name)
    return Leaf(
        loss=declared.name,
        use_when=declared.use_when,
        avoid_when=declared.avoid_when,
        torch=declared.torch,
        command=_Words().line(declared.name),
        instead=instead,
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """What the user's own command line adds to the one to run next."""

    files: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def line(self, name: str, *options: str, called: str = "") -> str:
        """The command, with a made-up file for each role that has none; one file holds them all.

        ``called`` is the name of a loss that takes what this one takes.
        """
        declared = find(name)
        wide = declared.family == "distribution"
        roles = [role for role in declared.roles if not role.optional]
        made_up = [f"{r.name}.{'parquet' if wide or r.domain.is_matrix else 'csv'}" for r in roles]
        given = len(self.files)
        files = self.files if given == 1 else (*self.files, *made_up[given:])
        usual = _USUAL_OPTIONS.get(name, ())
        words = ("losscli", "compute", called or name, *files, *self.options, *usual, *options)
        return shlex.join(words)


def _own_line(leaf: Leaf, words: _Words) -> str:
    """For a loss of one's own: what can be computed towards it."""
    if leaf.instead == ("mse", "mae"):
        return words.line(leaf.instead[0], called="0.5*mse + 0.5*mae")
    return words.line(leaf.instead[0], called="my_losses.py:my_loss")


def leaves(question: Question | None = None) -> Iterator[tuple[tuple[str, ...], Leaf]]:
    """Every leaf below a question, with the flags that lead there."""
    for choice in (question or tree()).choices:
        if isinstance(choice.leads_to, Leaf):
            yield (choice.flag,), choice.leads_to
        else:
            for flags, leaf in leaves(choice.leads_to):
                yield (choice.flag, *flags), leaf


def place_of(name: str) -> tuple[str, ...]:
    """The flags that lead to this loss, or to the one that stands for its family."""
    family = find(name).family
    if family == CUSTOM:
        return next(flags for flags, leaf in leaves() if leaf.use_when == _rules().use_when)
    near = [(flags, leaf) for flags, leaf in leaves() if leaf.loss != CUSTOM]
    own = [flags for flags, leaf in near if leaf.loss == name]
    same = [flags for flags, leaf in near if find(leaf.loss).family == family]
    return (own or same)[0]


def questions() -> dict[str, Question]:
    """Every question by name: ``task``, ``outliers``, ``classes``, ``goal``, ``need``."""
    below = (c.leads_to for c in tree().choices if isinstance(c.leads_to, Question))
    return {question.name: question for question in (tree(), *below)}


def labels(question: Question) -> tuple[str, ...]:
    """What to type for each choice of a menu: its number, or the number of classes."""
    # "2" must not mean the second choice where the question is how many.
    if question.name == "classes":
        return ("2", "3")
    return tuple(str(i) for i in range(1, len(question.choices) + 1))


def reply(question: Question, text: str) -> str:
    """The name of the choice that a reply means: its label, its name or the start of it.

    Raises:
        UsageError: it means none, or several.
    """
    word = text.strip().casefold()
    if question.name != "classes" and word in labels(question):
        return question.choices[int(word) - 1].name
    starts = [c.name for c in question.choices if word and c.name.startswith(word)]
    return starts[0] if len(starts) == 1 else _named(question, word)


def _named(question: Question, given: str) -> str:
    """The name of the choice that a flag's value means."""
    word = given.strip().casefold()
    word = _SYNONYMS.get(word, word)
    names = [choice.name for choice in question.choices]
    if word in names:
        return word
    if question.name == "classes":
        return _named_by_count(given)
    hint = did_you_mean(word, names) or f"choose one of {', '.join(names)}"
    raise UsageError(f"{given!r} does not answer {question.text!r}", hint=hint)


def _named_by_count(given: str) -> str:
    try:
        count = int(given)
    except ValueError:
        count = 0
    if count < 2:
        raise UsageError(f"--classes {given}: give the number of classes, at least 2")
    return "two" if count == 2 else "many"


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
    answers: list[Answer] = []
    node: Question | Leaf = tree()
    while isinstance(node, Question) and (node.name in said or node.name in data):
        name = said[node.name] if node.name in said else data[node.name]
        answers.append(Answer(node.name, name, _source(node.name, said, replies or {})))
        node = next(choice.leads_to for choice in node.choices if choice.name == name)
    if isinstance(node, Leaf):
        words = _Words(tuple(command_files), tuple(command_options))
        node = _fit_to(node, said, facts, words)
    refused: tuple[Refusal, ...] = ()
    asked = node.loss if isinstance(node, Leaf) else ""
    if isinstance(node, Leaf) and node.loss != CUSTOM:
        refused = refusals((node.loss, *node.instead), facts)
        node = _allowed(node, refused, words)
    return Advice(
        answers=tuple(answers),
        measured=measurements(facts) if facts is not None else (),
        outcome=node,
        diagnostics=(
            *_disagreements(spoken, said, facts),
            *_misfits(node, facts),
            *_refusals(node, asked, refused),
        ),
        refused=refused,
        turning_points=turning_points(node, facts) if isinstance(node, Leaf) else (),
    )


def _allowed(leaf: Leaf, refused: Sequence[Refusal], words: _Words) -> Leaf:
    """The leaf without what the data rules out; the first of the others, if it is its loss."""
    names = {refusal.loss for refusal in refused}
    left = tuple(name for name in leaf.instead if name not in names)
    if leaf.loss not in names or not left:
        return replace(leaf, instead=left)
    other = _leaf(left[0], *left[1:])
    return replace(other, command=words.line(other.loss))


def _refusals(
    node: Question | Leaf, asked: str, refused: Sequence[Refusal]
) -> Iterator[Diagnostic]:
    """The loss that was asked for; others are left out of the advice without a word."""
    for refusal in refused:
        if refusal.loss != asked:
            continue
        still = isinstance(node, Leaf) and node.loss == refusal.loss
        hint = "none of the losses of this branch takes such a target" if still else ""
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
            said[name] = _named(known[name], value)
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
    given: Mapping[str, str], said: Mapping[str, str], facts: Facts | None
) -> Iterator[Diagnostic]:
    """Where the data says something else than the user."""
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


def _fit_to(leaf: Leaf, said: Mapping[str, str], facts: Facts | None, words: _Words) -> Leaf:
    """The leaf for this data: a loss that takes such predictions, and the user's files."""
    if leaf.loss == CUSTOM:
        return replace(leaf, command=_own_line(leaf, words))
    if leaf.loss == "focal" and _has_many_classes(said, facts):
        return _weighted_classes(facts, words)
    kind = facts.input_kind if facts is not None else None
    if leaf.loss == "bce-with-logits" and has_column_each(facts):
        leaf = _leaf("cross-entropy", "bce-with-logits")
    if leaf.loss == "bce-with-logits" and kind == "probabilities":
        leaf = _leaf("bce", "bce-with-logits")
    elif leaf.loss == "cross-entropy" and kind == "log-probabilities":
        leaf = _leaf("nll", "cross-entropy")
    elif leaf.loss == "kl-div" and kind == "logits":
        leaf = _leaf("cross-entropy", "kl-div")
    if facts is not None and (facts.imbalance or 0.0) >= IMBALANCED_FROM and facts.classes == 2:
        leaf = replace(leaf, instead=(*leaf.instead, "focal"))
    return replace(leaf, command=words.line(leaf.loss))


def _has_many_classes(said: Mapping[str, str], facts: Facts | None) -> bool:
    if "classes" in said:
        return said["classes"] == "many"
    return facts is not None and facts.classes is not None and facts.classes > 2


def _weighted_classes(facts: Facts | None, words: _Words) -> Leaf:
    """focal answers yes or no; three or more classes are balanced by a weight for each."""
    weight = "@weights.csv"
    if facts is not None and len(facts.class_counts) == facts.classes:
        rows = sum(facts.class_counts.values()) / facts.classes
        weight = ",".join(f"{rows / n:.3g}" for _, n in sorted(facts.class_counts.items()))
    return replace(
        _leaf("cross-entropy", "focal"),
        use_when="one of three or more classes, some of them rare: each weighs 1 / its frequency",
        avoid_when="the value must be a likelihood, or a rare class has too few rows to be trusted",
        command=words.line("cross-entropy", "--weight", weight),
    )
