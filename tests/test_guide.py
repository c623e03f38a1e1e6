"""The decision guide: every leaf is reachable, every line runs, and contradictions are named."""

from __future__ import annotations

import shlex
from typing import Any

import numpy as np
import pytest

from losscli.advice import Leaf, Question
from losscli.analysis.facts import Facts
from losscli.analysis.guide import advise
from losscli.analysis.measured import measurements
from losscli.analysis.questions import CUSTOM, labels, leaves, place_of, questions, reply, tree
from losscli.errors import UsageError
from losscli.spec import find, registered

RNG = np.random.default_rng(11)


def facts_of(prediction: Any, target: Any) -> Facts:
    block = {"prediction": np.asarray(prediction, float), "target": np.asarray(target, float)}
    return Facts.of(block, 0)


def given_by(flags: tuple[str, ...]) -> dict[str, str]:
    """What the command line makes of these flags."""
    given = {}
    for flag in flags:
        name, _, value = flag.removeprefix("--").partition(" ")
        if name in ("clean", "outliers"):
            name, value = "outliers", name
        given[name] = value.replace("N", "7")
    return given


def leaf_for(given: dict[str, str], facts: Facts | None = None, *files: str) -> Leaf:
    outcome = advise(given, facts, files).outcome
    assert isinstance(outcome, Leaf)
    return outcome


LEAVES = list(leaves())


@pytest.mark.parametrize(("flags", "leaf"), LEAVES, ids=[" ".join(flags) for flags, _ in LEAVES])
def test_flags_reach_every_leaf(flags: tuple[str, ...], leaf: Leaf) -> None:
    advice = advise(given_by(flags))
    assert advice.outcome == leaf
    assert {answer.source for answer in advice.answers} == {"a flag"}
    assert advice.diagnostics == ()


@pytest.mark.parametrize(("flags", "leaf"), LEAVES, ids=[" ".join(flags) for flags, _ in LEAVES])
def test_leaves_say_what_the_declarations_say(flags: tuple[str, ...], leaf: Leaf) -> None:
    for other in leaf.instead:
        find(other)
    if leaf.loss == CUSTOM:
        assert leaf.torch is None
        return
    declared = find(leaf.loss)
    assert (leaf.use_when, leaf.avoid_when) == (declared.use_when, declared.avoid_when)
    assert leaf.torch == declared.torch


@pytest.mark.parametrize(("flags", "leaf"), LEAVES, ids=[" ".join(flags) for flags, _ in LEAVES])
def test_commands_name_a_file_for_every_role(flags: tuple[str, ...], leaf: Leaf) -> None:
    for line in leaf.command.split(" && "):
        program, command, loss, *files = shlex.split(line)
        # One's own takes what the loss takes that it is put in the place of.
        loss = leaf.instead[0] if loss.startswith(("my_losses.py:", "0.5*")) else loss
        roles = [role.name for role in find(loss).roles if not role.optional]
        assert (program, command) == ("losscli", "compute")
        assert [file.rpartition(".")[0] for file in files[: len(roles)]] == roles


def test_the_guide_of_the_design() -> None:
    wanted = {
        ("--task regression", "--clean"): "mse",
        ("--task regression", "--outliers"): "huber",
        ("--task classification", "--classes 2"): "bce-with-logits",
        ("--task classification", "--classes N"): "cross-entropy",
        ("--task similarity", "--goal matching"): "triplet-margin",
        ("--task similarity", "--goal direction"): "cosine-embedding",
        ("--task similarity", "--goal ranking"): "margin-ranking",
        ("--task similarity", "--goal batch"): "sup-con",
        ("--task similarity", "--goal lists"): "lambda-ndcg",
        ("--task similarity", "--goal preference"): "dpo",
        ("--task distributions",): "kl-div",
        ("--task segmentation",): "dice",
        ("--task boxes",): "giou",
        ("--task sequences",): "ctc",
        ("--task signals",): "si-sdr",
        ("--task survival",): "cox",
        ("--task custom", "--need imbalance"): "focal",
        ("--task custom", "--need multilabel"): "multilabel-soft-margin",
        ("--task custom", "--need quantile"): "pinball",
        ("--task custom", "--need counts"): "poisson-nll",
        ("--task custom", "--need skewed"): "gamma-deviance",
        ("--task custom", "--need variance"): "gaussian-nll",
        ("--task custom", "--need baseline"): "r2",
        ("--task custom", "--need objectives"): CUSTOM,
        ("--task custom", "--need rules"): CUSTOM,
    }
    assert {flags: leaf.loss for flags, leaf in LEAVES} == wanted


def test_the_tree_is_one_screen() -> None:
    lines = sum(len(question.choices) for question in questions().values())
    widths = [len(c.flag) + len(c.meaning) for q in questions().values() for c in q.choices]
    assert lines + len(questions()) <= 36
    assert max(widths) <= 70


def test_every_family_has_a_leaf_and_every_loss_a_place() -> None:
    for loss in registered().values():
        flags = place_of(loss.name)
        leaf = leaf_for(given_by(flags))
        assert find(leaf.loss).family == loss.family


def test_triplet_command_of_the_readme() -> None:
    command = "losscli compute triplet-margin anchor.parquet positive.parquet negative.parquet"
    assert leaf_for({"goal": "matching"}).command == command


def test_partial_answers_leave_the_next_question_open() -> None:
    assert advise({}).outcome is tree()
    open_question = advise({"task": "classification"}).outcome
    assert isinstance(open_question, Question)
    assert open_question.name == "classes"


@pytest.mark.parametrize(
    ("given", "loss"),
    [
        ({"outliers": "outliers"}, "huber"),
        ({"classes": "2"}, "bce-with-logits"),
        ({"classes": "3"}, "cross-entropy"),
        ({"goal": "direction"}, "cosine-embedding"),
        ({"need": "imbalance"}, "focal"),
        ({"task": "ranking"}, "margin-ranking"),
        ({"task": "Distribution"}, "kl-div"),
        ({"task": "classification", "classes": "2", "need": "imbalance"}, "focal"),
        ({"task": "regression", "need": "rules"}, CUSTOM),
    ],
)
def test_a_flag_implies_its_task(given: dict[str, str], loss: str) -> None:
    assert leaf_for(given).loss == loss


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"task": "regression", "classes": "3"}, ("--task regression", "--classes 3")),
        ({"task": "classification", "outliers": "clean"}, ("--clean", "about regression")),
        ({"goal": "ranking", "classes": "2"}, ("--goal ranking", "about similarity")),
        ({"task": "distributions", "goal": "matching"}, ("exclude each other",)),
        ({"task": "regression", "need": "imbalance"}, ("--need imbalance", "classification")),
    ],
)
def test_contradictions_are_usage_errors(given: dict[str, str], words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        advise(given)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"task": "regresion"}, "did you mean 'regression'?"),
        ({"task": "vision"}, "choose one of regression, classification"),
        ({"classes": "1"}, "at least 2"),
        ({"classes": "-3"}, "at least 2"),
        ({"classes": "some"}, "number of classes"),
        ({"goals": "ranking"}, "did you mean 'goal'?"),
    ],
)
def test_unknown_answers_are_usage_errors(given: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        advise(given)
    assert words in str(caught.value)


def test_files_and_options_are_quoted() -> None:
    leaf = advise(
        {"outliers": "outliers"},
        command_files=["my preds.csv", "t.csv"],
        command_options=["-c", "target=y hat"],
    ).outcome
    assert isinstance(leaf, Leaf)
    assert leaf.command == "losscli compute huber 'my preds.csv' t.csv -c 'target=y hat'"


def test_one_file_holds_every_role_and_missing_files_are_made_up() -> None:
    assert leaf_for({"outliers": "clean"}, None, "all.csv").command.endswith("mse all.csv")
    line = leaf_for({"goal": "matching"}, None, "a.csv", "b.csv").command
    assert line.endswith("a.csv b.csv negative.parquet")


def test_several_objectives_are_added_up() -> None:
    line = leaf_for({"need": "objectives"}, None, "p.csv", "t.csv").command
    assert line == "losscli compute '0.5*mse + 0.5*mae' p.csv t.csv"


def test_replies_are_marked_as_yours() -> None:
    advice = advise({}, replies={"task": "regression", "outliers": "clean"})
    assert [answer.source for answer in advice.answers] == ["you", "you"]


def test_asking_question_after_question_ends_at_a_leaf() -> None:
    replies: dict[str, str] = {}
    while isinstance(question := advise({}, replies=replies).outcome, Question):
        replies[question.name] = reply(question, labels(question)[-1])
    assert replies == {"task": "custom", "need": "rules"}


def test_replies_by_label_name_or_start() -> None:
    task, classes = tree(), questions()["classes"]
    assert [reply(task, text) for text in ("2", " Classification ", "class")] == [
        "classification"
    ] * 3
    assert [reply(classes, text) for text in ("2", "3", "10", "many")] == ["two", *["many"] * 3]
    for text in ("", "99", "x"):
        with pytest.raises(UsageError):
            reply(task, text)


HEAVY = facts_of(RNG.standard_t(1.5, 400), RNG.normal(size=400))
CLEAN = facts_of(RNG.normal(size=400), np.linspace(0, 1, 400))
TEN = facts_of(RNG.normal(size=(400, 10)), np.arange(400) % 10)
COIN = facts_of(RNG.normal(size=400), np.arange(400) % 2)


def softmax(x: Any) -> Any:
    e = np.exp(x)
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("facts", "loss"),
    [(HEAVY, "huber"), (CLEAN, "mse"), (TEN, "cross-entropy"), (COIN, "bce-with-logits")],
)
def test_data_answers_alone(facts: Facts, loss: str) -> None:
    advice = advise({}, facts)
    assert isinstance(advice.outcome, Leaf)
    assert advice.outcome.loss == loss
    assert {answer.source for answer in advice.answers} == {"the data"}
    assert advice.measured == measurements(facts)
    assert advice.diagnostics == ()


@pytest.mark.parametrize(
    ("facts", "given", "words"),
    [
        (HEAVY, {"outliers": "clean"}, ("--clean was given", "data says outliers", "residuals")),
        (CLEAN, {"task": "regression", "outliers": "outliers"}, ("--outliers", "data says clean")),
        (TEN, {"classes": "3"}, ("--classes 3", "10 classes")),
        (TEN, {"task": "regression"}, ("--task regression", "data says classification")),
        (COIN, {"outliers": "clean"}, ("--clean", "classification")),
    ],
)
def test_a_flag_beats_the_data_and_says_so(
    facts: Facts, given: dict[str, str], words: tuple[str, ...]
) -> None:
    advice = advise(given, facts)
    (disagreement,) = advice.diagnostics
    assert disagreement.code == "LC301"
    assert all(word in disagreement.message for word in words)
    assert advice.answers[0].source == "a flag"


@pytest.mark.parametrize(
    ("facts", "given"),
    [
        (TEN, {"classes": "10"}),
        (TEN, {"task": "classification"}),
        (HEAVY, {"outliers": "outliers"}),
        (TEN, {"need": "imbalance"}),
        (TEN, {"classes": "many"}),
    ],
)
def test_agreement_is_silent(facts: Facts, given: dict[str, str]) -> None:
    assert advise(given, facts).diagnostics == ()


def test_the_loss_takes_the_predictions_as_they_are() -> None:
    p = softmax(RNG.normal(size=(50, 3)))
    labels_, coin = np.arange(50) % 3, np.arange(50) % 2
    assert leaf_for({}, facts_of(p[:, 0], coin)).loss == "bce"
    assert leaf_for({}, facts_of(np.log(p), labels_)).loss == "nll"
    assert leaf_for({}, facts_of(RNG.normal(size=(50, 2)), coin)).loss == "cross-entropy"
    assert leaf_for({}, facts_of(np.log(p), p[::-1])).loss == "kl-div"


def test_probabilities_for_many_classes_need_a_logarithm_first() -> None:
    p = softmax(RNG.normal(size=(50, 3)))
    (misfit,) = advise({}, facts_of(p, np.arange(50) % 3)).diagnostics
    assert misfit.code == "LC101"
    (misfit,) = advise({}, facts_of(np.eye(3)[np.arange(50) % 3], np.arange(50) % 3)).diagnostics
    assert misfit.code == "LC108"


def test_rare_classes_weigh_more() -> None:
    rows = np.repeat([0, 1, 2], [80, 10, 10])
    leaf = leaf_for({"need": "imbalance"}, facts_of(RNG.normal(size=(100, 3)), rows), "p", "t")
    assert leaf.command == "losscli compute cross-entropy p t --weight 0.417,3.33,3.33"
    leaf = leaf_for({"need": "imbalance", "classes": "5"})
    assert leaf.command.endswith("--weight @weights.csv")


def test_a_rare_yes_brings_focal_up() -> None:
    rare = facts_of(RNG.normal(size=200), np.arange(200) < 10)
    assert "focal" in leaf_for({}, rare).instead
    assert "focal" not in leaf_for({}, COIN).instead


SPREAD = np.linspace(-3, 3, 60)
SCORES = np.sin(np.arange(180.0)).reshape(60, 3)
# Data, the flags that lead to losses which it rules out, and what is left: of the same branch, or
# what the data alone says.
RULED_OUT: list[tuple[Any, Any, dict[str, str], str]] = [
    (SPREAD, SPREAD - 9, {"need": "counts"}, "mse"),
    (np.arange(60.0) % 7, np.arange(60.0) % 5, {"need": "skewed"}, "tweedie-deviance"),
    (SPREAD, SPREAD + 0.1, {"need": "imbalance"}, "mse"),
    (SPREAD, SPREAD + 0.1, {"task": "segmentation"}, "mse"),
    (SPREAD, SPREAD + 0.1, {"task": "distributions"}, "mse"),
    (SPREAD, SPREAD + 0.1, {"classes": "5"}, "mse"),
    (SPREAD, SPREAD + 0.1, {"task": "boxes"}, "smooth-l1"),
    (SCORES, np.arange(60.0) % 3, {"need": "multilabel"}, "cross-entropy"),
]


@pytest.mark.parametrize(("prediction", "target", "flags", "left"), RULED_OUT)
def test_a_loss_that_the_data_rules_out_is_never_recommended(
    prediction: Any, target: Any, flags: dict[str, str], left: str
) -> None:
    advice = advise(flags, facts_of(prediction, target), ["data.csv"])
    assert isinstance(advice.outcome, Leaf)
    assert (advice.outcome.loss, advice.outcome.command) == (
        left,
        f"losscli compute {left} data.csv",
    )
    assert left not in {refusal.loss for refusal in advice.refused}
    assert [found.code for found in advice.diagnostics][-1] == "LC302"


def test_where_the_data_leaves_it_open_so_does_the_advice() -> None:
    signs = np.where(np.arange(60) % 2, 1.0, -1.0)
    advice = advise({"need": "counts"}, facts_of(SPREAD, signs))
    assert isinstance(advice.outcome, Question)
    (found,) = advice.diagnostics
    assert (found.code, found.hint) == (
        "LC302", "no loss of this branch takes such a target; the data decides",
    )  # fmt: skip
