"""Oracle cases of the preference losses: trl where it computes in float64, and mpmath.

Run in an environment with trl 0.20, whose losses are methods, torch and mpmath:
python tests/oracles/make_preference.py
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

warnings.simplefilter("ignore")

import mpmath  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from mpmath import mpf  # noqa: E402
from oracle import INF, NAN, TINY, Case, case, write  # noqa: E402
from trl import CPOTrainer, DPOTrainer, ORPOTrainer  # noqa: E402

RNG = np.random.default_rng(21)
FOUR = ("policy_chosen", "policy_rejected", "reference_chosen", "reference_rejected")
TWO = FOUR[:2]
Arrays = dict[str, Any]


def answers(names: tuple[str, ...], low: float, size: int = 6) -> Arrays:
    """Log-probabilities down to ``low``; those of the reference are near the policy's."""
    policy = RNG.uniform(low, 0.05 * low, (2, size))
    near = policy * RNG.uniform(0.8, 1.2, (2, size))
    return dict(zip(names, (*policy, *near), strict=False))


# --- trl -----------------------------------------------------------------------------------------


def trainer(**settings: Any) -> Any:
    """What the losses of trl's trainers read of them."""
    return SimpleNamespace(
        accelerator=SimpleNamespace(device="cpu"), reference_free=False, f_divergence_type="none",
        f_divergence_params=None, alpha=0.0, **settings,
    )  # fmt: skip


def tensors(arrays: Arrays) -> list[torch.Tensor]:
    return [torch.tensor(np.asarray(array), dtype=torch.float64) for array in arrays.values()]


def trl_dpo(kind: str) -> Callable[..., torch.Tensor]:
    def call(arrays: Arrays, beta: float = 0.1, label_smoothing: float = 0.0) -> torch.Tensor:
        settings = trainer(beta=beta, label_smoothing=label_smoothing)
        return DPOTrainer.dpo_loss(settings, *tensors(arrays), loss_type=kind)[0]

    return call


def trl_simpo(
    arrays: Arrays, beta: float = 2.0, gamma: float = 0.5, label_smoothing: float = 0.0
) -> torch.Tensor:
    settings = trainer(
        beta=beta, simpo_gamma=gamma, label_smoothing=label_smoothing, loss_type="simpo"
    )
    return CPOTrainer.cpo_loss(settings, *tensors(arrays))[0]


def trl_cpo_hinge(arrays: Arrays, beta: float) -> torch.Tensor:
    return CPOTrainer.cpo_loss(trainer(beta=beta, loss_type="hinge"), *tensors(arrays))[0]


def trl_orpo(arrays: Arrays) -> torch.Tensor:
    return -ORPOTrainer.odds_ratio_loss(trainer(beta=1.0), *tensors(arrays))[0]


def from_trl(
    loss: str, label: str, function: Callable[..., torch.Tensor], arrays: Arrays, **params: Any
) -> Case:
    wide = {"rtol": 1e-5, "why": "trl computes it in float32"} if loss == "orpo" else {}
    if loss in ("dpo", "simpo"):
        wide = {"rtol": 1e-11, "why": "trl subtracts in an order that loses a digit"}
    found = function(arrays, **params)
    reductions = {"mean": found.mean().item(), "sum": found.sum().item()}
    return case(loss, label, arrays, "trl", elements=found, reductions=reductions, **wide, **params)


# --- 50 digits -----------------------------------------------------------------------------------


def softplus(z: Any) -> Any:
    return mpmath.log1p(mpmath.exp(z))


def gain(c: Any, r: Any, c0: Any, r0: Any) -> Any:
    return (c - r) - (c0 - r0)


def dpo(*x: Any, beta: float = 0.1, label_smoothing: float = 0.0) -> Any:
    h, e = mpf(beta) * gain(*x), mpf(label_smoothing)
    return (1 - e) * softplus(-h) + e * softplus(h)


def ipo(*x: Any, beta: float = 0.1) -> Any:
    return (gain(*x) - 1 / (2 * mpf(beta))) ** 2


def simpo(
    c: Any, r: Any, beta: float = 2.0, gamma: float = 0.5, label_smoothing: float = 0.0
) -> Any:
    m, e = mpf(beta) * (c - r) - mpf(gamma), mpf(label_smoothing)
    return (1 - e) * softplus(-m) + e * softplus(m)


def orpo(c: Any, r: Any) -> Any:
    # Digits enough that the probability of a denormal logarithm is not 1.
    with mpmath.workdps(400):
        log_odds = [x - mpmath.log(-mpmath.expm1(x)) for x in (c, r)]
        return softplus(log_odds[1] - log_odds[0])


def slic(c: Any, r: Any, delta: float = 1.0, beta: float = 1.0) -> Any:
    return max(mpf(0), mpf(delta) - mpf(beta) * (c - r))


def rso(*x: Any, beta: float = 0.1) -> Any:
    return max(mpf(0), 1 - mpf(beta) * gain(*x))


def reward_ranking(
    c: Any, r: Any, margin: float = 0.0, center_rewards_coefficient: float = 0.0
) -> Any:
    return softplus(r - c + mpf(margin)) + mpf(center_rewards_coefficient) * (c + r) ** 2


EXACT = {
    "dpo": dpo, "ipo": ipo, "simpo": simpo, "orpo": orpo, "slic": slic, "rso": rso,
    "reward-ranking": reward_ranking,
}  # fmt: skip


def exact(loss: str, label: str, arrays: Arrays, **params: Any) -> Case:
    rows = zip(*(np.ravel(array).tolist() for array in arrays.values()), strict=True)
    found = [EXACT[loss](*(mpf(x) for x in row), **params) for row in rows]
    reductions = {"mean": mpmath.fsum(found) / len(found), "sum": mpmath.fsum(found)}
    elements = np.array(found, dtype=object).reshape(np.shape(next(iter(arrays.values()))))
    return case(loss, label, arrays, "mpmath", elements=elements, reductions=reductions, **params)


def given(names: tuple[str, ...], *rows: tuple[float, ...]) -> Arrays:
    """Arrays from rows of one number for each role."""
    return dict(zip(names, zip(*rows, strict=True), strict=True))


# --- cases ---------------------------------------------------------------------------------------

SURE = ((-1.0, -900.0, -500.0, -500.0), (-900.0, -1.0, -500.0, -500.0), (-1.0, -401.0, -1.0, -1.0))
EDGES4 = (
    (0.0, 0.0, 0.0, 0.0), (-TINY, 0.0, 0.0, 0.0), (0.0, -1e4, 0.0, 0.0), (-1e4, 0.0, 0.0, 0.0),
    (-1e150, -1.0, -1.0, -1.0), (-1.0, -1e150, -1.0, -1.0), (-1e300, -2e300, -2e300, -1e300),
)  # fmt: skip
EDGES2 = ((-1e-9, -1e-9), (-TINY, -1.0), (-1.0, -TINY), (-1e4, -1.0), (-1.0, -1e4), (-1e307, -1.0),
          (-1.0, -1e307), (-1e-300, -1e-305))  # fmt: skip
ODD4 = ((NAN, -1.0, -1.0, -1.0), (-INF, -1.0, -1.0, -1.0), (-1.0, -INF, -1.0, -1.0),
        (-INF, -INF, -1.0, -1.0), (-1.0, -1.0, -INF, -1.0))  # fmt: skip


def reference_cases() -> Iterator[Case]:
    whole, short = answers(FOUR, -60.0), answers(FOUR, -3.0)
    square = {name: array.reshape(2, 3) for name, array in whole.items()}
    kinds = {"dpo": "sigmoid", "ipo": "ipo", "rso": "hinge"}
    for loss, kind in kinds.items():
        function = trl_dpo(kind)
        yield from_trl(loss, "trl", function, whole)
        yield from_trl(loss, "trl-short", function, short)
        yield from_trl(loss, "trl-beta", function, whole, beta=0.5)
        yield from_trl(loss, "trl-two-columns", function, square)
        yield exact(loss, "exact", whole)
        yield exact(loss, "one-row", given(FOUR, (-3.0, -4.0, -3.5, -3.5)))
        yield exact(loss, "edges", given(FOUR, *EDGES4))
        yield exact(loss, "large-beta", short, beta=100.0)
        yield exact(loss, "small-beta", whole, beta=1e-8)
        yield exact(loss, "equal-to-reference", given(FOUR, (-3.0, -4.0, -3.0, -4.0)))
    yield from_trl("dpo", "trl-smoothed", trl_dpo("sigmoid"), whole, label_smoothing=0.2)
    yield exact("dpo", "smoothed", short, label_smoothing=0.5)
    yield exact("dpo", "sure", given(FOUR, *SURE), beta=1.0)
    yield exact("dpo", "sure-smoothed", given(FOUR, *SURE), beta=1.0, label_smoothing=0.1)
    yield case("dpo", "infinite", given(FOUR, *ODD4), "mpmath", elements=[NAN, INF, 0, NAN, 0])
    yield case("ipo", "infinite", given(FOUR, *ODD4), "mpmath", elements=[NAN, INF, INF, NAN, INF])
    yield case("rso", "infinite", given(FOUR, *ODD4), "mpmath", elements=[NAN, INF, 0, NAN, 0])
    smoothed = given(FOUR, *ODD4)
    yield case(
        "dpo", "infinite-smoothed", smoothed, "mpmath", elements=[NAN, INF, INF, NAN, INF],
        label_smoothing=0.1,
    )  # fmt: skip


def free_cases() -> Iterator[Case]:
    short, whole = answers(TWO, -3.0), answers(TWO, -80.0)
    yield from_trl("simpo", "trl", trl_simpo, short)
    yield from_trl("simpo", "trl-settings", trl_simpo, short, beta=0.1, gamma=1.5)
    yield from_trl("simpo", "trl-smoothed", trl_simpo, short, label_smoothing=0.1)
    yield from_trl("simpo", "trl-cpo", trl_simpo, whole, beta=0.1, gamma=0.0)
    yield exact("simpo", "exact", short)
    yield exact("simpo", "smoothed", whole, label_smoothing=0.25)
    yield exact("simpo", "edges", given(TWO, *EDGES2, (0.0, 0.0)))
    yield exact("simpo", "one-row", given(TWO, (-1.0, -2.0)))
    yield exact("simpo", "no-margin", given(TWO, (-1.0, -1.0), (-700.0, -1.0)), gamma=0.0)
    yield from_trl("orpo", "trl", trl_orpo, short)
    yield exact("orpo", "exact", short)
    yield exact("orpo", "exact-long", whole)
    yield exact("orpo", "edges", given(TWO, *EDGES2))
    yield exact("orpo", "one-row", given(TWO, (-1.0, -2.0)))
    yield exact("orpo", "two-columns", {name: x.reshape(3, 2) for name, x in short.items()})
    certain = given(TWO, (0.0, -1.0), (-1.0, 0.0))
    yield case("orpo", "certain", certain, "mpmath", elements=[0, INF], direct=True)
    yield from_trl("slic", "trl-cpo-hinge", trl_cpo_hinge, whole, beta=0.1)
    yield exact("slic", "exact", short)
    yield exact("slic", "settings", whole, delta=10.0, beta=0.5)
    yield exact("slic", "no-margin", short, delta=0.0)
    yield exact("slic", "edges", given(TWO, *EDGES2, (0.0, 0.0)))
    yield exact("slic", "one-row", given(TWO, (-1.0, -2.0)))
    odd = given(TWO, (NAN, -1.0), (-INF, -1.0), (-1.0, -INF), (-INF, -INF))
    yield case("simpo", "infinite", odd, "mpmath", elements=[NAN, INF, 0, NAN])
    yield case("orpo", "infinite", odd, "mpmath", elements=[NAN, INF, 0, NAN])
    yield case("slic", "infinite", odd, "mpmath", elements=[NAN, INF, 0, NAN])


def reward_cases() -> Iterator[Case]:
    names = ("chosen", "rejected")
    rewards = dict(zip(names, RNG.normal(0, 3, (2, 8)), strict=True))
    x, y = tensors(rewards)
    found = -torch.nn.functional.logsigmoid(x - y)
    yield case(
        "reward-ranking", "torch", rewards, "torch", elements=found,
        reductions={"mean": found.mean().item(), "sum": found.sum().item()},
    )  # fmt: skip
    yield exact("reward-ranking", "exact", rewards)
    yield exact("reward-ranking", "margin", rewards, margin=1.5)
    yield exact("reward-ranking", "negative-margin", rewards, margin=-2.0)
    yield exact("reward-ranking", "centred", rewards, center_rewards_coefficient=0.01)
    edges = ((0.0, 0.0), (TINY, 0.0), (50.0, 0.0), (0.0, 50.0), (800.0, -800.0), (-800.0, 800.0),
             (1e308, 1.0), (1.0, 1e308), (1e15, 1e15 - 1))  # fmt: skip
    yield exact("reward-ranking", "edges", given(names, *edges))
    yield exact("reward-ranking", "one-row", given(names, (1.0, 2.0)))
    odd = given(names, (NAN, 0.0), (INF, 0.0), (0.0, INF), (INF, INF), (-INF, 0.0))
    yield case("reward-ranking", "infinite", odd, "mpmath", elements=[NAN, 0, INF, NAN, INF])


if __name__ == "__main__":
    write("preference", [*reference_cases(), *free_cases(), *reward_cases()])
