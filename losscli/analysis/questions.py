"""The decision guide as data: a tree of questions whose leaves are losses.

Three questions, asked only where they matter: what is predicted; how hard should big mistakes
count, or how many classes are there, or what is the comparison for; is something special needed?
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import losscli.losses  # noqa: F401 - registers the losses that the leaves name
from losscli.advice import Choice, Leaf, Question
from losscli.errors import UsageError, did_you_mean
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
    clean = Choice("clean", "hard: residuals have no outliers", "--clean", leaf_of("mse", "huber"))
    outliers = Choice(
        "outliers",
        "gently: some residuals are far out",
        "--outliers",
        leaf_of("huber", "mae", "smooth-l1"),
    )
    return Question("outliers", "How hard should big mistakes count?", (clean, outliers))


def _classes() -> Question:
    two = Choice(
        "two", "two, or several yes-or-no answers", "--classes 2", leaf_of("bce-with-logits", "bce")
    )
    many = Choice("many", "three or more", "--classes N", leaf_of("cross-entropy", "nll"))
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
    return Choice(name, meaning, f"--{question} {name}", leaf_of(loss, *instead))


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
    return replace(leaf, command=NextCommand().line_of_own(leaf))


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
    return replace(leaf, command=NextCommand().line_of_own(leaf))


def leaf_of(name: str, *instead: str) -> Leaf:
    declared = find(name)
    return Leaf(
        loss=declared.name,
        use_when=declared.use_when,
        avoid_when=declared.avoid_when,
        torch=declared.torch,
        command=NextCommand().line(declared.name),
        instead=instead,
    )


@dataclass(frozen=True, slots=True)
class NextCommand:
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

    def line_of_own(self, leaf: Leaf) -> str:
        """For a loss of one's own: the command of what can be computed towards it."""
        if leaf.instead == ("mse", "mae"):
            return self.line(leaf.instead[0], called="0.5*mse + 0.5*mae")
        return self.line(leaf.instead[0], called="my_losses.py:my_loss")


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
    return starts[0] if len(starts) == 1 else named(question, word)


def named(question: Question, given: str) -> str:
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
