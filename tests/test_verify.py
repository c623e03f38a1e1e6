"""verify: is a loss what its user thinks it is?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from own_losses import LOSSES, own

import losscli
from losscli.domain import PROBABILITY, REAL
from losscli.laws.draws import Draw, Sizes, draw_for, edge_values
from losscli.laws.smallest import smallest
from losscli.spec import parse
from losscli.verification import Law

BUILT_IN = [
    "mse", "huber", "pinball", "bce", "focal", "cross-entropy", "cross-entropy(weight=[1, 2, 5])",
    "kl-div", "cosine-embedding", "triplet-margin", "gaussian-nll", "poisson-nll", "exponential",
    "rmse", "r2", "dice", "ndcg", "listnet", "ctc", "giou", "multilabel-margin",
    "linear-cross-entropy", "log-lin-quantile",
]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_losses.py").write_text(LOSSES)
    return tmp_path


def law(found: losscli.Verification, name: str) -> Law:
    (one,) = [one for one in found.laws if one.name == name]
    return one


@pytest.mark.parametrize("spec", BUILT_IN)
def test_ours_hold(spec: str) -> None:
    found = losscli.verify(spec, rows=30)
    assert [one for one in found.laws if one.outcome == "fails"] == []
    assert sum(one.outcome == "holds" for one in found.laws) >= 5


def test_the_worked_examples_hold() -> None:
    for spec in ("weighted_mse(weights=[1, 2, 3])", "mean_weighted_mse(weights=[1, 2, 3])"):
        assert losscli.verify(f"my_losses.py:{spec}").holds
    found = losscli.verify("my_losses.py:FocalLoss", gamma=0, alpha=1, against="cross-entropy")
    assert found.holds
    assert law(found, "equal to cross-entropy").outcome == "holds"
    assert law(found, "equal to cross-entropy at the edges").outcome == "holds"


def test_mse_and_l1_half_and_half_is_that_combination() -> None:
    name = own(
        "def mine(p, t):\n    return (0.5 * (p - t) ** 2 + 0.5 * np.abs(p - t)).mean()\n\n\n"
        "def rms(p, t):\n    return np.sqrt(((p - t) ** 2).mean())"
    )
    assert losscli.verify(name, against="0.5*mse + 0.5*mae").holds
    assert not losscli.verify(name, against="mse + mae").holds
    assert losscli.verify("own.py:rms", against="rmse").holds


def test_what_differs_is_told_by_the_smallest_input() -> None:
    found = losscli.verify("my_losses.py:FocalLoss", against="cross-entropy")
    wrong = law(found, "equal to cross-entropy")
    assert wrong.outcome == "fails"
    assert wrong.example == {"logits": [[0.0, 0.0, 0.0]], "target": [0.0]}
    # 0.25 * (1 - 1/3)^2 of it, at three equal logits.
    assert "0.122" in wrong.detail
    assert "0.111111 times as much" in wrong.detail


NAIVE = """
def mine(logits, target):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(target)), target])
"""


def test_an_exponential_that_overflows_is_found_at_the_edges() -> None:
    found = losscli.verify(own(NAIVE))
    edges = law(found, "finite at the edges")
    assert edges.outcome == "fails"
    assert edges.example is not None
    assert len(edges.example["target"]) == 1
    assert max(edges.example["logits"][0]) == 1000.0
    assert law(found, "a row costs the same alone").outcome == "holds"


@pytest.mark.parametrize(
    ("body", "name", "detail"),
    [
        ("(p - t) ** 2 / np.abs(p - t).max()", "a row costs the same alone", "by itself"),
        ("np.abs(p - t) + np.random.normal(size=p.shape)", "the same twice", "then"),
        ("np.subtract(p, t, out=p) ** 2", "its inputs stay as they are", "changes p in place"),
        ("np.abs(p - t + 1)", "least at a perfect prediction", "a perfect one 1"),
        ("np.abs(p - t) / np.abs(p - 300)", "finite at the edges", "is inf"),
    ],
)
def test_laws_that_are_broken(body: str, name: str, detail: str) -> None:
    found = losscli.verify(own(f"def mine(p, t):\n    return {body}"))
    assert not found.holds
    broken = law(found, name)
    assert broken.outcome == "fails"
    assert detail in broken.detail
    if broken.example is not None:
        assert max(len(rows) for rows in broken.example.values()) <= 2


def test_a_factor_is_told() -> None:
    found = losscli.verify(lambda p, t: 3 * (p - t) ** 2, against="mse")
    assert "3 times as much" in law(found, "equal to mse").detail
    assert losscli.verify(lambda p, t: 3 * (p - t) ** 2).holds


def test_what_is_declared_is_claimed() -> None:
    (Path("declared.py")).write_text(
        "import losscli\nfrom losscli.domain import Real\n\n\n"
        "@losscli.loss\ndef signed(prediction: Real, target: Real):\n"
        "    return prediction - target\n"
    )
    assert law(losscli.verify("declared.py:signed"), "not negative").outcome == "fails"
    undeclared = losscli.verify(lambda p, t: p - t)
    assert law(undeclared, "not negative").outcome == "skipped"


def test_wrong_questions() -> None:
    with pytest.raises(losscli.UsageError, match="as many inputs"):
        losscli.verify("my_losses.py:rmse", against="triplet-margin")
    with pytest.raises(losscli.UsageError, match="--rows 0"):
        losscli.verify("mse", rows=0)
    with pytest.raises(losscli.UserCodeError, match="ZeroDivisionError"):
        losscli.verify(own("def mine(p, t):\n    return 1 / 0"))
    with pytest.raises(losscli.ParameterError, match="needs weights"):
        losscli.verify("my_losses.py:weighted_mse")


def test_the_same_seed_gives_the_same_verification() -> None:
    spec = "my_losses.py:FocalLoss"
    first, again = (losscli.verify(spec, "cross-entropy", rows=20, seed=7) for _ in range(2))
    assert first == again


# --- how it goes about it -------------------------------------------------------------------------


def test_edges_are_those_of_the_domain() -> None:
    assert edge_values(PROBABILITY) == [0.0, 1.0]
    assert edge_values(REAL) == [-300.0, 0.0, 1.0, 300.0]
    draw = draw_for(parse("bce"))
    rows = draw.edges(np.random.default_rng(0))
    pairs = set(zip(rows["prediction"].tolist(), rows["target"].tolist(), strict=True))
    assert {(0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (1.0, 1.0)} <= pairs
    for name, array in rows.items():
        assert draw.domains[name].first_bad(array) is None


def test_the_smallest_input_still_fails() -> None:
    draw = Draw({"x": PROBABILITY, "y": REAL}, Sizes(1, 3, 3, (2,)))
    rows = draw.rows(64, np.random.default_rng(1))
    rows["y"][40, 1] = 29.5

    def fails(part: dict[str, np.ndarray]) -> bool:
        return bool((part["y"][:, 1] > 29.4).any() and (part["x"] > 0.2).any())

    small = smallest(rows, fails, draw)
    assert fails(dict(small))
    assert {name: x.shape for name, x in small.items()} == {"x": (1, 2), "y": (1, 2)}
    assert small["y"][0, 0] == 0.0
    assert draw.domains["x"].first_bad(small["x"]) is None


# --- the command ----------------------------------------------------------------------------------


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "losscli", "verify", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_says_what_failed() -> None:
    name = own("def mine(pred, target):\n    return 2 * (pred - target) ** 2")
    done = run(name)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("loss  own.py:mine\nfrom  own.py, line 3\n")
    assert done.stdout.endswith("all 9 laws hold\n")
    done = run(name, "--against", "mse", "--rows", "20")
    assert done.returncode == 1
    assert "2 times as much\n             pred = " in done.stdout
    assert done.stdout.endswith("2 of 11 laws failed\n")


def test_the_command_in_json() -> None:
    done = run("my_losses.py:weighted_mse", "--weights", "1,2,3", "-f", "json", "--seed", "5")
    record = json.loads(done.stdout)
    assert done.returncode == 0
    assert record["holds"] is True
    assert record["loss"] == "my_losses.py:weighted_mse(weights=[1.0, 2.0, 3.0])"
    assert {one["outcome"] for one in record["laws"]} == {"holds", "skipped"}
    assert run("my_losses.py:nothing").returncode == 2
    assert "FILE" not in run("huber", "--help").stdout
