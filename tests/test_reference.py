"""The best constant prediction: the law that it is the best, and what is made of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

import losscli
import losscli.losses
from losscli.analysis.sample import Sample
from losscli.spec import registered

RNG = np.random.default_rng(11)
N = 300
POSITIVE = np.exp(RNG.normal(size=N))
CLASSES = RNG.choice(4, size=N, p=[0.5, 0.3, 0.15, 0.05])
ELICITING = [loss for loss in registered().values() if loss.elicits]
ONE_NUMBER = [loss for loss in ELICITING if loss.elicits != "prior"]


def predictions(loss: str) -> np.ndarray:
    """Some that the loss takes."""
    return 1 / (1 + np.exp(-RNG.normal(size=N)))


def target_of(loss: str) -> np.ndarray:
    kind = registered()[loss].roles[1].domain.name
    return (CLASSES == 0).astype(float) if kind == "probability" else POSITIVE


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", ONE_NUMBER, ids=lambda loss: loss.name)
def test_no_constant_is_better(loss: losscli.spec.Loss, weighted: bool) -> None:
    target = target_of(loss.name)
    weight = {"sample_weight": RNG.uniform(0.1, 3, size=N)} if weighted else {}
    result = losscli.compute(loss.name, predictions(loss.name), target, **weight)
    naive = result.reference
    assert naive is not None
    assert naive.exact
    (best,) = naive.prediction
    again = losscli.compute(loss.name, np.full(N, best), target, **weight).value
    assert again == pytest.approx(naive.value, rel=1e-9)
    for x in (*np.linspace(0.02, 0.98, 25), *np.linspace(0.9, 1.1, 11) * best):
        if loss.roles[0].domain.name == "probability" and not 0 <= x <= 1:
            continue
        other = losscli.compute(loss.name, np.full(N, x), target, **weight).value
        assert other >= naive.value - 1e-7 * abs(naive.value)


@pytest.mark.parametrize("settings", [{}, {"weight": [1, 2, 3, 9]}, {"label_smoothing": 0.2}])
@pytest.mark.parametrize(
    "loss", [loss for loss in ELICITING if loss.elicits == "prior"], ids=lambda loss: loss.name
)
def test_no_prior_is_better(loss: losscli.spec.Loss, settings: dict[str, object]) -> None:
    given = {name: value for name, value in settings.items() if name in loss.params}
    kind = loss.roles[0].domain.name
    scores = RNG.dirichlet(np.ones(4), size=N)
    scores = scores if kind == "class probabilities" else np.log(scores)
    naive = losscli.compute(loss.name, scores, CLASSES, **given).reference
    assert naive is not None
    best = np.array(naive.prediction)
    shares = best if kind == "class probabilities" else np.exp(best)
    for _ in range(60):
        other = shares * np.exp(0.2 * RNG.normal(size=4))
        other /= other.sum()
        row = other if kind == "class probabilities" else np.log(other)
        value = losscli.compute(loss.name, np.tile(row, (N, 1)), CLASSES, **given).value
        assert value >= naive.value - 1e-12


def test_ignored_rows_do_not_count() -> None:
    logits, labels = RNG.normal(size=(N, 4)), CLASSES.copy()
    labels[labels == 1] = -100
    naive = losscli.compute("cross-entropy", logits, labels).reference
    kept = losscli.compute("cross-entropy", logits[labels >= 0], labels[labels >= 0]).reference
    assert naive is not None
    assert kept is not None
    assert naive.value == pytest.approx(kept.value, rel=1e-12)


def test_a_coin_flip_is_recognised() -> None:
    coin = np.arange(N) % 2
    result = losscli.compute("bce-with-logits", RNG.normal(size=N), coin)
    assert result.reference is not None
    assert result.reference.value == pytest.approx(math.log(2), rel=1e-12)


def test_columns_have_a_constant_each() -> None:
    target = RNG.normal(size=(N, 2)) + np.array([0, 10])
    naive = losscli.compute("mse", target + RNG.normal(size=(N, 2)), target).reference
    assert naive is not None
    assert naive.value == pytest.approx(target.var(axis=0).mean(), rel=1e-12)


@pytest.mark.parametrize("loss", ["r2", "triplet-margin", "ndcg"])
def test_nothing_is_said_where_nothing_is_declared(loss: str) -> None:
    assert registered()[loss].elicits == ""


def test_of_many_rows_some_are_kept_the_same_for_any_cut() -> None:
    x = np.arange(600_000, dtype=float)

    def of(size: int) -> Sample:
        cuts = range(0, len(x), size)
        first, *rest = (
            Sample.of({"target": x[i : i + size]}, len(x[i : i + size]), i) for i in cuts
        )
        for part in rest:
            first.merge(part)
        return first

    one, other = of(65_536), of(7_777)
    np.testing.assert_array_equal(one.arrays()["target"], other.arrays()["target"])
    assert not one.whole
    kept = one.arrays()["target"]
    assert 2**16 < len(kept) <= 2**18
    assert kept.mean() == pytest.approx(x.mean(), rel=1e-3)


def test_of_many_rows_it_is_an_estimate() -> None:
    target = RNG.normal(size=400_000)
    result = losscli.compute("mse", 0.5 * target, target)
    assert result.reference is not None
    assert not result.reference.exact
    assert result.reference.value == pytest.approx(target.var(), rel=0.02)


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (2, 1, 1)])
@pytest.mark.parametrize("spec", ["mae", "mse", "huber", "poisson-nll(log_input=False)"])
def test_axes_of_length_one_do_not_matter(spec: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    prediction, target = rng.uniform(1, 2, (2, *shape))
    weight = {} if spec.startswith("poisson") else {"weight": np.ones(shape)}
    given = losscli.compute(spec, prediction, target, **weight)
    flat = {name: w.reshape(-1) for name, w in weight.items()}
    plain = losscli.compute(spec, prediction.reshape(-1), target.reshape(-1), **flat)
    assert given.reference == plain.reference
