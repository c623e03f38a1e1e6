"""Which columns hold a role: every rule, and every way not to guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

import losscli.losses  # noqa: F401 - registers them
from losscli.data.columns import USUAL_NAMES, Column, choose, matches
from losscli.data.feed import Feed
from losscli.domain import EMBEDDING, LOGITS, REAL, WEIGHT, Role
from losscli.errors import DataError
from losscli.spec import registered

PREDICTION, TARGET = Role("prediction", REAL), Role("target", REAL)
MATRIX, WEIGHTS = Role("logits", LOGITS), Role("weight", WEIGHT, optional=True)
ROLES = (PREDICTION, TARGET, MATRIX, WEIGHTS)


@dataclass
class Names:
    """A table that has columns and no rows; ``text:x`` is a column of text, ``list:x`` of lists."""

    columns: Sequence[Column]
    name: str = "file.csv"

    def feed(self, chosen: Mapping[str, tuple[int, ...]]) -> Feed:
        raise NotImplementedError


def table(names: str | Sequence[str]) -> Names:
    columns = []
    for name in names.split() if isinstance(names, str) else names:
        kind, colon, rest = name.partition(":")
        if colon and kind == "text":
            columns.append(Column(rest, "string", is_number=False))
        elif colon and kind == "list":
            columns.append(Column(rest, "list", is_list=True))
        else:
            columns.append(Column(name, "double"))
    return Names(columns)


def chosen(
    names: str | Sequence[str], role: Role, wanted: str | None = None, *, alone: bool = True
) -> list[str]:
    there = table(names)
    found = choose(role, ROLES, there, wanted=wanted, alone=alone)
    return [there.columns[i].name for i in found]


@pytest.mark.parametrize(
    ("names", "role", "wanted", "found"),
    [
        # What -c says.
        ("a b", PREDICTION, "b", "b"),
        ("prediction b", PREDICTION, "b", "b"),
        ("a b c", MATRIX, "c,a", "c a"),
        ("a b c", MATRIX, "c, a", "c a"),
        (["a,b", "a", "b"], MATRIX, "a,b", ["a,b"]),
        ("p_10 p_9 p_8 x", MATRIX, "p_*", "p_8 p_9 p_10"),
        ("cat_p dog_p x", MATRIX, "*_p", "cat_p dog_p"),
        ("p_0 p_1 q", MATRIX, "q,p_*", "q p_0 p_1"),
        # The role's own name, then its usual names.
        ("y prediction target", PREDICTION, None, "prediction"),
        ("pred prediction", PREDICTION, None, "prediction"),
        ("Prediction x", PREDICTION, None, "Prediction"),
        ("Y-Pred x", PREDICTION, None, "Y-Pred"),
        ("id y_hat y", PREDICTION, None, "y_hat"),
        ("id y_hat y", TARGET, None, "y"),
        ("label x", TARGET, None, "label"),
        ("list:logits x", MATRIX, None, "logits"),
        # A numbered family, by number.
        ("logits_1 logits_0 x", MATRIX, None, "logits_0 logits_1"),
        ("logits_10 logits_9 logits_8", MATRIX, None, "logits_8 logits_9 logits_10"),
        ("logit0 logit1 x", MATRIX, None, "logit0 logit1"),
        ("logits.1 logits.2", MATRIX, None, "logits.1 logits.2"),
        ("pred_0 pred_1 x", PREDICTION, None, "pred_0 pred_1"),
        # What is left of a file for one role.
        ("score", PREDICTION, None, "score"),
        ("text:score", PREDICTION, None, "score"),
        ("id text:name score", PREDICTION, None, "score"),
        (["", "score"], PREDICTION, None, "score"),
        (["Unnamed: 0", "score"], PREDICTION, None, "score"),
        ("patient_id index row key score", PREDICTION, None, "score"),
        ("id", PREDICTION, None, "id"),
        ("target score", PREDICTION, None, "score"),
        ("y_true score", PREDICTION, None, "score"),
        ("weight score", PREDICTION, None, "score"),
        ("id target", PREDICTION, None, "target"),
        ("q_1 q_0", PREDICTION, None, "q_0 q_1"),
        ("id cat dog target", MATRIX, None, "cat dog"),
        ("id text:cat target", MATRIX, None, "target"),
        ("c_1 c_0 label", MATRIX, None, "c_0 c_1"),
        ("0 1 2", MATRIX, None, "0 1 2"),
        ("id list:embedding", MATRIX, None, "embedding"),
        ("one", MATRIX, None, "one"),
        ("fold list:embedding", MATRIX, None, "embedding"),
    ],
)  # fmt: skip
def test_chosen(
    names: str | list[str], role: Role, wanted: str | None, found: str | list[str]
) -> None:
    assert chosen(names, role, wanted) == (found.split() if isinstance(found, str) else found)


@pytest.mark.parametrize(
    ("names", "role", "wanted", "alone", "message"),
    [
        ("a b", PREDICTION, None, True, "columns: a, b; say which it is: -c prediction=NAME"),
        ("a b", MATRIX, None, False, "-c logits=a,b,c or -c logits='c_*'"),
        ("score target", PREDICTION, None, False, "no column is named 'prediction'"),
        ("predicton target", PREDICTION, None, False, "did you mean 'predicton'?"),
        ("pred y_pred", PREDICTION, None, True, "pred, y_pred could each be prediction"),
        ("pred_0 preds_0", PREDICTION, None, True, "could each be prediction"),
        ("a b", PREDICTION, "c", True, "there is no column 'c' for prediction"),
        ("alpha b", PREDICTION, "alhpa", True, "did you mean 'alpha'?"),
        ("a b", MATRIX, "a,x_*", True, "there is no column 'x_*'"),
        ("a b prediction prediction", PREDICTION, None, True, "2 columns are named 'prediction'"),
        ("a a", PREDICTION, "a", True, "2 columns are named 'a'"),
        ("cat cat dog", MATRIX, None, True, "2 columns are named 'cat'"),
        ("logits_0 logits_2", MATRIX, None, True, "do not count up: 1 is missing"),
        ("logits_0 logits_00", MATRIX, None, True, "do not count up: 0 occurs twice"),
        ("p_0 p_2", MATRIX, "p_*", True, "1 is missing"),
        ("list:a list:b", MATRIX, None, True, "no column is named 'logits'"),
        ("list:a b", PREDICTION, None, True, "no column is named 'prediction'"),
        ("list:a b", MATRIX, "a,b", True, "of which 'a' holds lists"),
        ([f"c{i}x" for i in range(30)], PREDICTION, None, True, "c19x, ... (30 in all)"),
        ("text:a text:b", PREDICTION, None, True, "columns: a, b"),
    ],
)
def test_not_guessed(
    names: str | list[str], role: Role, wanted: str | None, alone: bool, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        chosen(names, role, wanted, alone=alone)
    assert message in str(caught.value)
    assert str(caught.value).startswith("file.csv: ")


def test_a_repeated_name_does_no_harm_where_it_is_not_needed() -> None:
    assert chosen("x x prediction", PREDICTION) == ["prediction"]


def test_a_column_that_holds_another_role_is_not_left_over() -> None:
    there = table("score w")
    assert choose(PREDICTION, ROLES, there, wanted=None, alone=True, taken={1}) == (0,)


def test_matches_wants_every_part() -> None:
    there = table("a p_0 p_1")
    assert matches(there, "a")
    assert matches(there, "a,p_*")
    assert not matches(there, "a,b")


def test_every_role_has_usual_names_or_needs_none() -> None:
    roles = {role.name for loss in registered().values() for role in loss.inputs}
    assert roles == USUAL_NAMES.keys() & roles


def test_roles_like_input1_are_not_taken_for_a_family() -> None:
    first, second = Role("input1", EMBEDDING), Role("input2", EMBEDDING)
    there = table("input1_0 input1_1 input2_0 input2_1 target")
    assert choose(first, (first, second), there, wanted=None, alone=False) == (0, 1)
    assert choose(second, (first, second), there, wanted=None, alone=False) == (2, 3)
