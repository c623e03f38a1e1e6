"""Oracle cases of the survival losses: XGBoost, statsmodels, lifelines, and mpmath.

Run in an environment with these: python tests/oracles/make_survival.py
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

warnings.simplefilter("ignore")

import lifelines.utils  # noqa: E402
import mpmath  # noqa: E402
import numpy as np  # noqa: E402
import xgboost  # noqa: E402
from mpmath import mpf  # noqa: E402
from oracle import INF, NAN, TINY, Case, case, write  # noqa: E402
from statsmodels.duration.hazard_regression import PHReg  # noqa: E402

RNG = np.random.default_rng(22)
FLOAT32 = {"rtol": 1e-6, "why": "XGBoost keeps data and predictions as float32"}
Row = Sequence[float]


# --- aft_nll -------------------------------------------------------------------------------------


def normal_cdf(z: Any) -> Any:
    return mpmath.erfc(-z / mpmath.sqrt(2)) / 2


def between(distribution: str, a: Any, b: Any) -> Any:
    """F(b) - F(a), from the tail in which both are small, at many digits."""
    if distribution == "normal":
        return normal_cdf(-a) - normal_cdf(-b) if a + b > 0 else normal_cdf(b) - normal_cdf(a)
    if distribution == "logistic":
        return 1 / (1 + mpmath.exp(-b)) - 1 / (1 + mpmath.exp(-a))
    return mpmath.exp(-mpmath.exp(a)) - mpmath.exp(-mpmath.exp(b))


def density(distribution: str, z: Any) -> Any:
    if distribution == "normal":
        return mpmath.npdf(z)
    if distribution == "logistic":
        return mpmath.exp(-z) / (1 + mpmath.exp(-z)) ** 2
    return mpmath.exp(z - mpmath.exp(z))


def aft(x: float, lower: float, upper: float, distribution: str, sigma: float) -> Any:
    with mpmath.workdps(3000):
        low, high = sorted((mpf(lower), mpf(upper)))
        a, b = ((mpmath.log(t) - mpf(x)) / mpf(sigma) if t else -mpmath.inf for t in (low, high))
        if low == high:
            return mpmath.log(mpf(sigma) * high) - mpmath.log(density(distribution, b))
        return -mpmath.log(between(distribution, a, b))


def aft_case(
    label: str, rows: Sequence[Row], distribution: str = "normal", sigma: float = 1.0
) -> Case:
    found = [aft(*row, distribution, sigma) for row in rows]
    columns = dict(zip(("prediction", "lower", "upper"), zip(*rows, strict=True), strict=True))
    given: dict[str, Any] = {} if distribution == "normal" else {"distribution": distribution}
    if sigma != 1.0:
        given["sigma"] = sigma
    return case(
        "aft-nll", label, columns, "mpmath", elements=found,
        reductions={"mean": mpmath.fsum(found) / len(found), "sum": mpmath.fsum(found)}, **given,
    )  # fmt: skip


def xgboost_aft(label: str, rows: Sequence[Row], distribution: str, sigma: float) -> Case:
    """XGBoost's metric of the margins, no tree grown."""
    prediction, lower, upper = (np.array(column) for column in zip(*rows, strict=True))
    data = xgboost.DMatrix(np.zeros((len(rows), 1)))
    data.set_float_info("label_lower_bound", lower)
    data.set_float_info("label_upper_bound", upper)
    mean = xgboost_metric(
        data,
        prediction,
        objective="survival:aft",
        eval_metric="aft-nloglik",
        aft_loss_distribution=distribution,
        aft_loss_distribution_scale=sigma,
    )
    return case(
        "aft-nll", label, {"prediction": prediction, "lower": lower, "upper": upper}, "xgboost",
        reductions={"mean": mean}, distribution=distribution, sigma=sigma, **FLOAT32,
    )  # fmt: skip


def xgboost_metric(data: xgboost.DMatrix, margin: Any, **params: Any) -> float:
    data.set_base_margin(margin)
    log: dict[str, Any] = {}
    params |= {"eta": 0.0, "verbosity": 0}
    xgboost.train(params, data, 1, evals=[(data, "d")], evals_result=log, verbose_eval=False)
    return log["d"][params["eval_metric"]][0]


def aft_cases() -> Iterator[Case]:
    # fmt: off
    rows = [
        (0.5, 1.0, 1.0), (0.25, 2.0, INF), (-1.0, 0.0, 2.0), (1.5, 3.0, 5.0), (0.0, 0.5, 0.75),
        (2.0, 1.5, 1.5), (1.0, 4.0, 4.5), (-0.5, 0.0, 0.25), (3.0, 8.0, INF),
    ]
    apart = [
        (0.0, 1e9, INF), (0.0, 1e9, 1e10), (0.0, 1e9, 1.5e9), (0.0, 0.0, 1e-9),
        (0.0, 1e-10, 1e-9), (9.0, 1.0, 1.0), (-9.0, 1.0, 1.0), (30.0, 0.0, 1.0),
        (-5.0, 1.0, INF), (-5.0, 1.0, 2.0), (30.0, 1.0, 1.5), (0.0, 1e-9, 1e9),
    ]
    narrow = [
        (0.5, 1.0, 1.0 + 2.0**-52), (0.5, 2.0, 2.0 + 1e-9), (-3.0, 5.0, 5.001), (0.0, 1.0, 1.5),
        (0.0, 1.0, 2.7), (0.0, 0.6, 1.6), (0.0, 0.5, 2.0), (4.0, 0.01, 0.0101), (0.0, 1.0, 2.5),
        (-2.0, 1.0, 1.5), (-8.0, 1.0, 1.1), (-8.0, 1.0, 1.12),
    ]
    # fmt: on
    for distribution in ("normal", "logistic", "extreme"):
        yield xgboost_aft(f"xgboost-{distribution}", rows, distribution, 1.0)
        yield xgboost_aft(f"xgboost-{distribution}-scale", rows, distribution, 1.5)
        yield aft_case(f"{distribution}", rows, distribution)
        yield aft_case(f"{distribution}-sigma", rows, distribution, 0.25)
        yield aft_case(f"{distribution}-far", apart[:-1] if distribution == "extreme" else apart,
                       distribution, 4.0)  # fmt: skip
        yield aft_case(f"{distribution}-narrow", narrow, distribution)
        swapped = [(x, max(low, high), min(low, high)) for x, low, high in rows if low > 0]
        yield aft_case(f"{distribution}-swapped", swapped, distribution)
        edges = [(0.0, 0.0, TINY), (0.0, TINY, TINY), (0.0, 1e308, INF), (0.0, 1e-308, 1e308),
                 (0.0, 1e308, 1e308), (-700.0, 1e-308, 1.1e-308)]  # fmt: skip
        yield aft_case(f"{distribution}-edges", edges, distribution, 200.0)
        everything = {"prediction": [0.0, 5.0], "lower": [0.0, 0.0], "upper": [INF, INF]}
        yield case(
            "aft-nll", f"{distribution}-no-bounds", everything, "mpmath", elements=[0, 0],
            distribution=distribution,
        )  # fmt: skip
    yield aft_case("normal-sharp", apart[:11], "normal", 0.05)
    yield aft_case("logistic-sharp", apart[:11], "logistic", 0.05)
    yield aft_case("one-row", [(0.5, 1.0, 2.0)])
    odd = {"prediction": [NAN, INF, -INF], "lower": [1, 1, 1], "upper": [2, 1, 1]}
    yield case("aft-nll", "infinite", odd, "mpmath", elements=[NAN, INF, INF])


# --- cox -----------------------------------------------------------------------------------------


def cox(score: Row, time: Row, event: Row, ties: str) -> Any:
    """Both ways of counting ties, as sums over sets."""
    hazard = [mpmath.exp(mpf(float(x))) for x in score]
    total = mpf(0)
    for now in set(time):
        at_risk = mpmath.fsum(h for h, t in zip(hazard, time, strict=True) if t >= now)
        hit = [i for i, t in enumerate(time) if t == now and event[i]]
        tied = mpmath.fsum(hazard[i] for i in hit)
        for rank, i in enumerate(hit):
            share = mpf(rank) / len(hit) if ties == "efron" else 0
            total += mpmath.log(at_risk - share * tied) - mpf(float(score[i]))
    return total


def lists(*lengths: int, times: int = 30) -> dict[str, Any]:
    """Risks, times of which some are equal, and who had an event."""
    return {
        "prediction": [RNG.normal(0, 1, n) for n in lengths],
        "time": [RNG.integers(1, times, n) for n in lengths],
        "event": [RNG.integers(0, 2, n) for n in lengths],
    }


def mean_of(total: Any, count: float) -> Any:
    return total / count if count else NAN


def cox_case(label: str, arrays: dict[str, Any], ties: str = "breslow") -> Case:
    arrays = {role: [np.asarray(row).tolist() for row in rows] for role, rows in arrays.items()}
    found = [cox(*row, ties) for row in zip(*arrays.values(), strict=True)]
    events = sum(map(sum, arrays["event"]))
    reductions = {"mean": mean_of(mpmath.fsum(found), events), "sum": mpmath.fsum(found)}
    given = {} if ties == "breslow" else {"ties": ties}
    return case("cox", label, arrays, "mpmath", elements=found, reductions=reductions, **given)


def statsmodels_cox(label: str, arrays: dict[str, Any], ties: str) -> Case:
    rows = list(zip(*arrays.values(), strict=True))
    found = [-PHReg(time, score[:, None], status=event, ties=ties).loglike(np.ones(1))
             for score, time, event in rows]  # fmt: skip
    events = sum(event.sum() for event in arrays["event"])
    given = {} if ties == "breslow" else {"ties": ties}
    return case(
        "cox", label, arrays, "statsmodels", elements=found,
        reductions={"mean": sum(found) / events, "sum": sum(found)}, **given,
    )  # fmt: skip


def xgboost_cox(label: str, arrays: dict[str, Any]) -> Case:
    (score,), (time,), (event,) = arrays.values()
    data = xgboost.DMatrix(np.zeros((len(score), 1)), label=np.where(event == 1, time, -time))
    mean = xgboost_metric(data, score, objective="survival:cox", eval_metric="cox-nloglik")
    return case("cox", label, arrays, "xgboost", reductions={"mean": mean}, **FLOAT32)


def cox_cases() -> Iterator[Case]:
    distinct = lists(7, 7)
    distinct["time"] = [RNG.permutation(7) + 0.5 for _ in range(2)]
    tied = lists(9, 9, 9, times=4)
    for ties in ("breslow", "efron"):
        yield statsmodels_cox(f"statsmodels-{ties}", distinct, ties)
        yield statsmodels_cox(f"statsmodels-{ties}-ties", tied, ties)
        yield cox_case(f"{ties}-distinct", distinct, ties)
        yield cox_case(f"{ties}-ties", tied, ties)
        yield cox_case(f"{ties}-lengths-differ", lists(3, 8, 1, 5, times=5), ties)
        all_tied = {"prediction": [[1.0, -2.0, 0.5, 3.0]], "time": [[2] * 4], "event": [[1] * 4]}
        yield cox_case(f"{ties}-all-at-once", all_tied, ties)
        spread = {
            "prediction": [[-700.0, 700.0, 0.0, 690.0, -1e4, 1.0]],
            "time": [[1, 2, 2, 3, 4, 4]], "event": [[1, 0, 1, 1, 1, 1]],
        }  # fmt: skip
        yield cox_case(f"{ties}-spread", spread, ties)
    ordered = {"prediction": [RNG.normal(0, 1, 8)], "time": [np.arange(1.0, 9.0)],
               "event": [np.array([1, 0, 1, 1, 0, 0, 1, 1])]}  # fmt: skip
    yield xgboost_cox("xgboost", ordered)
    some_tied = ordered | {"time": [np.array([1.0, 2, 2, 2, 3, 4, 4, 5])]}
    yield xgboost_cox("xgboost-ties", some_tied)
    none = {
        "prediction": [[0.5, 1.0], [2.0, 1.0]],
        "time": [[1, 2], [3, 1]],
        "event": [[0, 0], [0, 1]],
    }
    yield cox_case("no-event", none)
    yield cox_case("no-event-at-all", {role: rows[:1] for role, rows in none.items()})
    yield cox_case(
        "one-item", {"prediction": [[3.0], [2.0]], "time": [[1], [2]], "event": [[1], [0]]}
    )
    offset = {role: [row + (1e9 if role == "prediction" else 0) for row in rows]
              for role, rows in ordered.items()}  # fmt: skip
    yield cox_case("offset", {**offset, "prediction": [np.round(offset["prediction"][0], 3)]})
    sure = {"prediction": [[90.0, 50.0, 10.0]], "time": [[1.0, 2.0, 3.0]], "event": [[1, 1, 1]]}
    yield cox_case("sure", sure)
    huge = {"prediction": [[-1e308, 1e308]], "time": [[TINY, 1e308]], "event": [[0, 1]]}
    yield cox_case("huge", huge)
    empty = {"prediction": [[]], "time": [[]], "event": [[]]}
    yield case("cox", "empty-list", empty, "mpmath", elements=[0], direct=True)
    odd = {
        "prediction": [[NAN, 0.0, 1.0], [-INF, 0.0, 1.0], [-INF, 0.0, 1.0], [INF, 0.0, 1.0]],
        "time": [[1, 2, 3]] * 4, "event": [[1, 1, 1], [0, 1, 0], [1, 0, 0], [1, 0, 0]],
    }  # fmt: skip
    # The second of the second list, against the third.
    beaten = mpmath.log1p(mpmath.e)
    yield case("cox", "infinite", odd, "mpmath", elements=[NAN, beaten, INF, 0])


# --- concordance_index ---------------------------------------------------------------------------


def concordance(score: Row, time: Row, event: Row) -> tuple[float, int]:
    """Half-points against, and pairs that can be compared."""
    items = list(zip(score, time, event, strict=True))
    wrong, pairs = 0.0, 0
    for x, t, hit in items:
        for other, later, also in items:
            if hit and (later > t or (later == t and not also)):
                pairs += 1
                wrong += 0.5 if other == x else float(other > x)
    return wrong, pairs


def concordance_case(label: str, arrays: dict[str, Any]) -> Case:
    """lifelines' index of each list and of all, where any pair can be compared."""
    arrays = {role: [np.asarray(row).tolist() for row in rows] for role, rows in arrays.items()}
    rows = list(zip(*arrays.values(), strict=True))
    counted = [concordance(*row) for row in rows]
    for (wrong, pairs), (score, time, event) in zip(counted, rows, strict=True):
        if pairs:
            index = lifelines.utils.concordance_index(time, -np.array(score), event)
            assert abs(1 - wrong / pairs - index) < 1e-14
    total = sum(wrong for wrong, _ in counted)
    mean = mean_of(total, sum(pairs for _, pairs in counted))
    return case(
        "concordance-index", label, arrays, "lifelines", elements=[wrong for wrong, _ in counted],
        reductions={"mean": mean, "sum": total},
    )  # fmt: skip


def concordance_cases() -> Iterator[Case]:
    yield concordance_case("plain", lists(8, 8, 8))
    yield concordance_case("tied-times", lists(9, 9, times=4))
    few = lists(9, 9, times=6)
    few["prediction"] = [np.round(row) for row in few["prediction"]]
    yield concordance_case("tied-risks", few)
    yield concordance_case("lengths-differ", lists(3, 8, 1, 5, times=5))
    risks = [3.0, 2.0, 1.0]
    order = {"prediction": [risks, risks[::-1], [1.0] * 3], "time": [[1, 2, 3]] * 3,
             "event": [[1, 1, 1]] * 3}  # fmt: skip
    yield concordance_case("best-worst-none", order)
    none = {"prediction": [[0.5, 1.0]], "time": [[1, 2]], "event": [[0, 0]]}
    yield concordance_case("no-event", none)
    yield concordance_case("one-item", {"prediction": [[3.0]], "time": [[1]], "event": [[1]]})
    huge = {"prediction": [[-1e308, 1e308, TINY]], "time": [[TINY, 0.0, 1e308]], "event": [[1] * 3]}
    yield concordance_case("huge", huge)
    odd = {"prediction": [[NAN, 1.0], [INF, 1.0], [-INF, 1.0], [INF, INF]], "time": [[1, 2]] * 4,
           "event": [[1, 1]] * 4}  # fmt: skip
    yield case("concordance-index", "infinite", odd, "lifelines", elements=[NAN, 0, 1, 0.5])


if __name__ == "__main__":
    write("survival", [*aft_cases(), *cox_cases(), *concordance_cases()])
