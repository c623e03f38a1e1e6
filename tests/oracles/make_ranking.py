"""Compute the oracle cases of the ranking losses.

Run in an environment with rax, optax, torch, torchmetrics, scikit-learn, xgboost, lightgbm,
catboost and mpmath:

    python tests/oracles/make_ranking.py

The libraries give most values; mpmath gives the edges, from the formula as a paper writes it.
Scores are multiples of 1/16, so that libraries with float32 inside take them exactly. losscli is
not imported.
"""

from __future__ import annotations

import functools
import itertools
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

os.environ["TQDM_DISABLE"] = "1"
warnings.filterwarnings("ignore")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
import lightgbm  # noqa: E402
import mpmath  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402
import rax  # noqa: E402
import torch  # noqa: E402
import xgboost  # noqa: E402
from catboost.utils import eval_metric  # noqa: E402
from mpmath import mpf  # noqa: E402
from oracle import INF, MAX, NAN, TINY, Case, case, write  # noqa: E402
from sklearn.metrics import ndcg_score, roc_auc_score  # noqa: E402
from torch.nn import functional  # noqa: E402
from torchmetrics.functional import retrieval  # noqa: E402

Lists = Sequence[Sequence[float]]
rng = np.random.default_rng(7)
# One minus a sigmoid of 700 has 304 zeros first.
mpmath.mp.dps = 350

ONE_MINUS = {"atol": 4e-15, "why": "the library gives the gain, and one minus it cancels"}
FLOAT32 = {"rtol": 2e-5, "atol": 1e-6, "why": "the library computes in float32"}


def scores(*lengths: int) -> list[list[float]]:
    """Lists without ties."""
    draw = rng.choice(np.arange(-64, 64), size=64, replace=False) / 16
    at = iter(draw.tolist())
    return [[next(at) for _ in range(length)] for length in lengths]


def grades(highest: int, *lengths: int) -> list[list[float]]:
    return [rng.integers(0, highest + 1, length).tolist() for length in lengths]


def chances(*lengths: int) -> list[list[float]]:
    return [(rng.integers(0, 17, length) / 16).tolist() for length in lengths]


def lists(prediction: Lists, target: Lists) -> dict[str, Any]:
    return {"prediction": prediction, "target": target}


SAME, OWN = (5,) * 4, (3, 1, 6, 2, 5, 4)
# Of equal length; of different lengths; with equal scores.
PLAIN = lists(scores(*SAME), [[1, 0, 2, 3, 0], [4, 3, 2, 1, 0], [0, 0, 0, 1, 0], [2, 2, 1, 0, 1]])
RAGGED = lists(scores(*OWN), grades(3, *OWN))
TIED = lists(
    [[0.5, 0.5, 0.25, 0.5], [1, 1, 1, 1], [2, 1, 2, 1], [0, -1, -1, 0]],
    [[0, 2, 1, 1], [3, 0, 0, 1], [1, 3, 0, 2], [0, 1, 2, 1]],
)
# A list of one item, and lists whose items are alike.
ALIKE = lists([[1.5, 0.5], [1.0, 2.0], [3.0, 3.0]], [[0, 0], [2, 2], [1, 1]])
SINGLE = lists([[2.5], [-1.0]], [[1], [0]])
BINARY = lists(PLAIN["prediction"], [[0, 1, 0, 1, 1], [1, 0, 0, 0, 0], [0, 0, 0, 1, 1], [1] * 5])
NOTHING = lists([[0.5, 0.25, 0.75], [1.0, 2.0, 3.0]], [[0, 0, 0], [0, 1, 0]])


# --- 50 digits -----------------------------------------------------------------------------------


def exact(function: Callable[..., Any], arrays: dict[str, Any], **params: Any) -> list[Any]:
    """The function of each list, or of each pair of numbers."""
    rows = zip(*arrays.values(), strict=True)
    return [function(*map(numbers, row), **params) for row in rows]


def numbers(x: Any) -> Any:
    return [mpf(v) for v in x] if isinstance(x, list) else mpf(x)


def softplus(x: Any) -> Any:
    return mpmath.log1p(mpmath.exp(x))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def worth(y: Any, gain: str = "exp2") -> Any:
    return y if gain == "linear" else mpmath.expm1(y * mpmath.log(2))


def discount(rank: Any) -> Any:
    return mpmath.log(2) / mpmath.log1p(rank)


def dcg(gains: Sequence[Any], k: int | None = None) -> Any:
    return mpmath.fsum(g * discount(r) for r, g in enumerate(gains[:k], 1))


def descending(values: Sequence[Any], by: Sequence[Any]) -> list[Any]:
    return [values[i] for i in sorted(range(len(by)), key=lambda i: -by[i])]


def better_pairs(y: Sequence[Any]) -> Iterator[tuple[int, int]]:
    return ((i, j) for i, j in itertools.permutations(range(len(y)), 2) if y[i] > y[j])


def mp_pair_logit(x: Any, y: Any, sigma: float = 1.0) -> Any:
    return mpmath.fsum(softplus(-sigma * (x[i] - x[j])) for i, j in better_pairs(y))


def mp_pairwise_hinge(x: Any, y: Any, margin: float = 1.0) -> Any:
    return mpmath.fsum(max(mpf(0), margin - (x[i] - x[j])) for i, j in better_pairs(y))


def mp_lambda_ndcg(
    x: Any,
    y: Any,
    weighting: str = "lambdarank",
    k: int | None = None,
    sigma: float = 1.0,
    mu: float = 10.0,
    gain: str = "exp2",
) -> Any:
    g = [worth(v, gain) for v in y]
    best = dcg(sorted(g, reverse=True), k)
    order = sorted(range(len(x)), key=lambda i: -x[i])
    rank = {item: place for place, item in enumerate(order, 1)}
    total = mpf(0)
    for i, j in better_pairs(y):
        if k is not None and min(rank[i], rank[j]) > k:
            continue
        swap = abs(discount(rank[i]) - discount(rank[j]))
        apart = abs(rank[i] - rank[j])
        bound = discount(apart) - discount(apart + 1)
        delta = {"lambdarank": swap, "ndcg_loss2": bound, "ndcg_loss2++": swap + mu * bound}
        total += abs(g[i] - g[j]) / best * delta[weighting] * softplus(-sigma * (x[i] - x[j]))
    return total


def surprise(x: Any, own: int, among: Sequence[int]) -> Any:
    return mpmath.log1p(mpmath.fsum(mpmath.exp(x[j] - x[own]) for j in among if j != own))


def mp_listnet(x: Any, y: Any) -> Any:
    every = range(len(x))
    return mpmath.fsum(v * surprise(x, i, every) for i, v in enumerate(y) if v != 0)


def mp_unique_softmax(x: Any, y: Any, gain: str = "exp2") -> Any:
    total = mpf(0)
    for i, v in enumerate(y):
        among = [j for j in range(len(x)) if j == i or y[j] < v]
        total += worth(v, gain) * surprise(x, i, among)
    return total


def mp_listmle(x: Any, y: Any) -> Any:
    s = descending(x, y)
    return mpmath.fsum(surprise(s, i, range(i, len(s))) for i in range(len(s)))


def mp_poly1_softmax(x: Any, y: Any, epsilon: float = 1.0) -> Any:
    every, total = range(len(x)), mpmath.fsum(y)
    share = [v / total for v in y] if total else [mpf(1) / len(y)] * len(y)
    missed = [-mpmath.expm1(-surprise(x, i, every)) for i in every]
    return mp_listnet(x, y) + epsilon * mpmath.fdot(share, missed)


def mp_ndcg(
    x: Any,
    y: Any,
    k: int | None = None,
    gain: str = "exp2",
    ties: str = "average",
    empty_target_action: str = "pos",
) -> Any:
    """By all orders that the scores allow."""
    g = [worth(v, gain) for v in y]
    best = dcg(sorted(g, reverse=True), k)
    if best == 0:
        return float(empty_target_action == "neg")
    found = [
        dcg([g[i] for i in order], k)
        for order in itertools.permutations(range(len(x)))
        if all(x[a] >= x[b] for a, b in itertools.pairwise(order))
    ]
    if ties == "order":
        return 1 - dcg(descending(g, x), k) / best
    return 1 - (min(found) if ties == "worst" else mpmath.fsum(found) / len(found)) / best


def mp_approx_ndcg(x: Any, y: Any, temperature: float = 1.0, gain: str = "exp2") -> Any:
    g = [worth(v, gain) for v in y]
    total = mpf(0)
    for i, v in enumerate(x):
        others = [u for j, u in enumerate(x) if j != i]
        total += g[i] * discount(1 + mpmath.fsum(sigmoid((u - v) / temperature) for u in others))
    return 1 - total / dcg(sorted(g, reverse=True))


def mp_pfound(x: Any, y: Any, decay: float = 0.85, k: int | None = None) -> Any:
    look, total = mpf(1), mpf(0)
    for chance in descending(y, x)[:k]:
        total += look * chance
        look *= (1 - chance) * mpf(decay)
    return 1 - total


def mp_err(x: Any, y: Any, k: int | None = None) -> Any:
    look, total = mpf(1), mpf(0)
    for r, chance in enumerate(descending(y, x)[:k], 1):
        total += look * chance / r
        look *= 1 - chance
    return 1 - total


def mp_average_precision(
    x: Any, y: Any, k: int | None = None, border: float = 0.5, normalize: str = "ideal"
) -> Any:
    hits = [v > border for v in descending(y, x)]
    top, total = hits[:k], sum(hits)
    if total == 0:
        return mpf(0)
    divisor = {"ideal": min(len(top), total), "relevant": total, "found": max(sum(top), 1)}
    precisions = [mpf(sum(top[:r])) / r for r, hit in enumerate(top, 1) if hit]
    return 1 - mpmath.fsum(precisions) / divisor[normalize]


def mp_auc(x: Any, y: Any) -> Any:
    pairs = list(better_pairs(y))
    wrong = mpmath.fsum(mpf(1) if x[j] > x[i] else mpf(x[j] == x[i]) / 2 for i, j in pairs)
    return wrong / len(pairs) if pairs else mpf(0)


def mp_query_rmse(arrays: dict[str, Any]) -> Any:
    squares, items = mpf(0), 0
    for row in zip(*arrays.values(), strict=True):
        d = [y - x for x, y in zip(*map(numbers, row), strict=True)]
        squares += mpmath.fsum((v - mpmath.fsum(d) / len(d)) ** 2 for v in d)
        items += len(d)
    return mpmath.sqrt(squares / items)


def mp_bce(x: Any, y: Any) -> Any:
    return mpmath.fsum(v * softplus(-u) + (1 - v) * softplus(u) for u, v in zip(x, y, strict=True))


def mp_query_cross_entropy(x: Any, y: Any, alpha: float = 0.95) -> Any:
    plain, total, shifted = mp_bce(x, y), mpmath.fsum(y), mpf(0)
    if len(set(y)) > 1:
        low, high = -max(x) - 100, -min(x) + 100
        for _ in range(300):
            shift = (low + high) / 2
            if mpmath.fsum(sigmoid(u + shift) for u in x) < total:
                low = shift
            else:
                high = shift
        shifted = mp_bce([u + low for u in x], y)
    return (1 - mpf(alpha)) * plain + mpf(alpha) * shifted


# --- libraries -----------------------------------------------------------------------------------


def each(function: Callable[..., Any], arrays: dict[str, Any], **params: Any) -> list[float]:
    """The function of each list, as JAX arrays."""
    rows = zip(arrays["prediction"], arrays["target"], strict=True)
    return [
        float(function(jnp.array(x, jnp.float64), jnp.array(y, jnp.float64), **params))
        for x, y in rows
    ]


def smooth_ndcg(temperature: float) -> Callable[..., Any]:
    """NDCG with smooth ranks, from the parts that rax gives."""
    ranks = functools.partial(
        rax.utils.approx_ranks, step_fn=lambda x: jax.nn.sigmoid(x / temperature)
    )
    return functools.partial(rax.ndcg_metric, rank_fn=ranks)


def flat(arrays: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, list[int]]:
    x, y = (np.concatenate([np.array(row, float) for row in arrays[name]]) for name in arrays)
    return x, y, [len(row) for row in arrays["prediction"]]


def catboost(metric: str, arrays: dict[str, Any], **more: Any) -> float:
    x, y, lengths = flat(arrays)
    group = np.repeat(np.arange(len(lengths)), lengths)
    (value,) = eval_metric(y, x, metric, group_id=group, **more)
    return float(value)


def one_minus_each(function: Callable[..., Any], arrays: dict[str, Any], **params: Any) -> Any:
    return [1 - value for value in each(function, arrays, **params)]


def one_minus_catboost(metric: str, arrays: dict[str, Any]) -> float:
    return 1 - catboost(metric, arrays)


def one_minus_xgb(metric: str, arrays: dict[str, Any]) -> float:
    """One minus a metric of a model of no trees, whose prediction is the base margin."""
    x, y, lengths = flat(arrays)
    data = xgboost.DMatrix(np.zeros((len(x), 1)), label=y, base_margin=x)
    data.set_group(lengths)
    params = {"objective": "rank:ndcg", "eval_metric": metric, "verbosity": 0}
    model = xgboost.train(params, data, num_boost_round=0)
    return 1 - float(model.eval_set([(data, "e")]).rpartition(":")[2])


def one_minus_lgb(metric: str, k: int, arrays: dict[str, Any]) -> float:
    """One minus a metric of a model of no trees, whose prediction is the initial score."""
    x, y, lengths = flat(arrays)
    data = lightgbm.Dataset(np.zeros((len(x), 1)), label=y, init_score=x, group=lengths)
    params = {"objective": "lambdarank", "metric": metric, "eval_at": [k], "verbosity": -1}
    ((_, _, value, *_),) = lightgbm.Booster(params, data).eval_train()
    return 1 - float(value)


def torchmetrics_of(
    metric: Callable[..., Any], arrays: dict[str, Any], shift: float = 6, **params: Any
) -> list[float]:
    """One minus a metric of each list, the scores raised above 0 as some want them."""
    rows = zip(arrays["prediction"], arrays["target"], strict=True)
    return [
        1 - float(metric(torch.tensor(x, dtype=torch.float64) + shift, torch.tensor(y), **params))
        for x, y in rows
    ]


def sklearn_ndcg(k: int | None, arrays: dict[str, Any]) -> list[float]:
    rows = zip(arrays["prediction"], arrays["target"], strict=True)
    return [1 - ndcg_score([y], [x], k=k) for x, y in rows]


def sklearn_auc(arrays: dict[str, Any]) -> list[float]:
    rows = zip(arrays["prediction"], arrays["target"], strict=True)
    return [1 - roc_auc_score(y, x) for x, y in rows]


# --- cases ---------------------------------------------------------------------------------------


def by_list(
    loss: str,
    oracle: str,
    compute: Callable[[dict[str, Any]], Any],
    data: dict[str, dict[str, Any]],
    within: dict[str, Any] | None = None,
    **params: Any,
) -> Iterator[Case]:
    """A case for each data set, of the loss of each list."""
    for label, arrays in data.items():
        full = label_of(label, oracle, params)
        yield case(loss, full, arrays, oracle, elements=compute(arrays), **(within or {}), **params)


def by_mean(
    loss: str,
    oracle: str,
    compute: Callable[[dict[str, Any]], Any],
    data: dict[str, dict[str, Any]],
    within: dict[str, Any] | None = None,
    **params: Any,
) -> Iterator[Case]:
    """A case for each data set, of the mean alone."""
    for label, arrays in data.items():
        full, mean = label_of(label, f"{oracle}-mean", params), {"mean": compute(arrays)}
        yield case(loss, full, arrays, oracle, reductions=mean, **(within or {}), **params)


def label_of(label: str, oracle: str, params: dict[str, Any]) -> str:
    return "-".join([label, oracle, *(f"{name}-{value}" for name, value in params.items())])


def mp_cases(
    loss: str, function: Callable[..., Any], data: dict[str, dict[str, Any]], **params: Any
) -> Iterator[Case]:
    yield from by_list(loss, "mpmath", lambda a: exact(function, a, **params), data, **params)


def some(arrays: dict[str, Any], keep: Callable[[Any, Any], bool]) -> dict[str, Any]:
    """The lists that the function wants."""
    rows = [row for row in zip(*arrays.values(), strict=True) if keep(*row)]
    return dict(zip(arrays, map(list, zip(*rows, strict=True)), strict=True))


def relevant(arrays: dict[str, Any]) -> dict[str, Any]:
    return some(arrays, lambda x, y: any(y))


SURE = lists(
    [[40.0, 0.0, -1.0], [-40.0, 1.0, 0.0], [700.0, 0.0, 1.0], [1e4, -1e4, 0.0],
     [1e15, 1e15 - 50, 0.0], [20.0, 19.5, -20.0], [TINY, 0.0, -TINY]],
    [[2, 1, 0], [1, 0, 2], [1, 0, 0], [2, 1, 1], [3, 2, 1], [2, 2, 0], [1, 0, 2]],
)  # fmt: skip
SMALL_GRADES = lists(
    [[0.5, 0.25, 1.0], [1.0, -1.0, 0.5], [2.0, 0.0, -2.0]],
    [[1e-300, 0.25, 1e-20], [1e-9, 1.5, 0.75], [30.0, 29.5, 0.5]],
)
TINY_GRADES = lists([[0.5, 0.25, 1.0]], [[TINY, 0.0, 3 * TINY]])
HUGE_GRADES = lists([[0.5, 0.25, 1.0], [3.0, 2.0, 1.0]], [[1e4, 9999.0, 1e4], [2000.0, 1999.0, 0]])
GRADED = {"plain": PLAIN, "ragged": relevant(RAGGED), "tied": TIED}
EVERY = {"plain": PLAIN, "ragged": RAGGED, "tied": TIED, "alike": ALIKE, "single": SINGLE}


def pairs() -> Iterator[Case]:
    def both(a: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        first, second = (torch.tensor(x, dtype=torch.float64) for x in a.values())
        return first, second

    def bpr(a: dict[str, Any]) -> torch.Tensor:
        p, n = both(a)
        return -functional.logsigmoid(p - n)

    def top1(a: dict[str, Any]) -> torch.Tensor:
        p, n = both(a)
        return torch.sigmoid(n - p) + torch.sigmoid(n**2)

    usual = {"positive": [2.0, 0.0, -1.5, 0.25], "negative": [0.5, 1.0, 3.0, -0.75]}
    matrix = {"positive": [[2.0, 0.0], [0.0, -1.5]], "negative": [[0.5, 1.0], [1.0, 3.0]]}
    sure = {"positive": [40.0, -40.0, 800.0, -800.0, 0.0], "negative": [0, 0, 0, 0, 30.0]}
    ends = {"positive": [INF, -INF, 0.0, INF, NAN, 1.0], "negative": [0, 0, INF, INF, 0, 1e300]}
    for loss, library, formula in (
        ("bpr", bpr, lambda p, n: softplus(n - p)),
        ("top1", top1, lambda p, n: sigmoid(n - p) + sigmoid(n * n)),
    ):
        data = {"usual": usual, "matrix": matrix, "infinite": ends}
        yield from by_list(loss, "torch", library, data)
        yield from mp_cases(loss, formula, {"usual": usual, "sure": sure})


def pairs_of_lists() -> Iterator[Case]:
    ends = lists(
        [[INF, 0.0], [-INF, 0.0], [INF, INF], [NAN, 0.0], [NAN, 0.0]],
        [[1, 0], [1, 0], [1, 0], [1, 0], [1, 1]],
    )
    for loss, function in (
        ("pair-logit", rax.pairwise_logistic_loss),
        ("pairwise-hinge", rax.pairwise_hinge_loss),
    ):
        for label, arrays in EVERY.items():
            sums = each(function, arrays, reduce_fn=jnp.sum)
            count = sum(len(list(better_pairs(y))) for y in arrays["target"])
            mean = sum(sums) / count if count else NAN
            reductions = {"mean": mean, "sum": sum(sums), "batchmean": sum(sums) / len(sums)}
            yield case(loss, label, arrays, "rax", elements=sums, reductions=reductions)
        infinite = functools.partial(each, function, reduce_fn=jnp.sum)
        yield from by_list(loss, "rax", infinite, {"infinite": ends})
    both = {"plain": PLAIN, "ragged": RAGGED}
    yield from by_mean("pair-logit", "catboost", catboost_pair_logit, both)
    yield from mp_cases("pair-logit", mp_pair_logit, {"sure": SURE})
    yield from mp_cases("pair-logit", mp_pair_logit, both, sigma=2.5)
    yield from mp_cases("pairwise-hinge", mp_pairwise_hinge, {"sure": SURE})
    for margin in (0.25, 0.0):
        yield from mp_cases("pairwise-hinge", mp_pairwise_hinge, both, margin=margin)


def catboost_pair_logit(arrays: dict[str, Any]) -> float:
    at, order = 0, []
    for y in arrays["target"]:
        order += [(at + i, at + j) for i, j in better_pairs(y)]
        at += len(y)
    return catboost("PairLogit", arrays, pairs=np.array(order))


def lambdas() -> Iterator[Case]:
    loss = "lambda-ndcg"
    for weighting, gain in itertools.product(("lambdarank", "ndcg_loss2"), GAINS):
        library = functools.partial(rax_lambda, weighting, GAINS[gain])
        yield from by_list(loss, "rax", library, GRADED, weighting=weighting, gain=gain)
    for params in (
        {"k": 1}, {"k": 2}, {"k": 9}, {"k": 3, "weighting": "ndcg_loss2"},
        {"weighting": "ndcg_loss2++"}, {"weighting": "ndcg_loss2++", "mu": 2.5},
        {"sigma": 0.5, "gain": "linear"},
    ):  # fmt: skip
        yield from mp_cases(loss, mp_lambda_ndcg, {"ragged": GRADED["ragged"]}, **params)
    edges = {"sure": SURE, "small-grades": SMALL_GRADES, "huge-grades": HUGE_GRADES}
    yield from mp_cases(loss, mp_lambda_ndcg, edges)
    nothing = ALIKE | {"target": [[0, 0], [2, 2], [0, 0]]}
    yield from by_list(loss, "mpmath", lambda a: [0, 0, 0], {"nothing": nothing})


GAINS: dict[str, Callable[[Any], Any]] = {"exp2": lambda y: 2.0**y - 1.0, "linear": lambda y: y}


def rax_lambda(weighting: str, gain: Callable[[Any], Any], arrays: dict[str, Any]) -> list[float]:
    """Normalised, and without the factor of the number of items that rax has."""
    weight = rax.dcg_lambdaweight if weighting == "lambdarank" else rax.dcg2_lambdaweight

    def scaled(scores: Any, labels: Any, **given: Any) -> Any:
        found = weight(scores, labels, normalize=True, gain_fn=gain, **given)
        return found / scores.shape[-1]

    function = functools.partial(rax.pairwise_logistic_loss, lambdaweight_fn=scaled)
    return each(function, arrays, reduce_fn=jnp.sum)


def softmaxes() -> Iterator[Case]:
    rounded = {"atol": 4e-15, "why": "the library's log-softmax rounds to its largest term"}
    for loss, oracle, function, params in (
        ("listnet", "optax", optax.losses.ranking_softmax_loss, {}),
        ("listmle", "rax", rax.listmle_loss, {}),
        ("unique-softmax", "rax", rax.unique_softmax_loss, {}),
        ("poly1-softmax", "rax", rax.poly1_softmax_loss, {}),
        ("poly1-softmax", "rax", rax.poly1_softmax_loss, {"epsilon": -0.5}),
    ):
        library = functools.partial(each, function, **params)
        yield from by_list(loss, oracle, library, EVERY, rounded, **params)
    linear = functools.partial(each, rax.unique_softmax_loss, gain_fn=GAINS["linear"])
    yield from by_list("unique-softmax", "rax", linear, EVERY, rounded, gain="linear")
    divided = functools.partial(each, rax.softmax_loss, label_fn=rax.utils.normalize_probabilities)
    yield from by_list("listnet", "rax", divided, EVERY, rounded, normalize="sum")
    yield from by_list("listnet", "torch", torch_listnet, EVERY, rounded, normalize="softmax")
    mean = {"plain": PLAIN, "ragged": RAGGED}
    yield from by_mean("listnet", "optax", lambda a: average(
        each(optax.losses.ranking_softmax_loss, a)), mean)  # fmt: skip
    soft = functools.partial(catboost, "QuerySoftMax")
    data = mean | {"nothing": NOTHING}
    yield from by_mean("listnet", "catboost", soft, data, mean_over="relevance")

    huge = lists([[1e308, -1e308], [MAX, MAX], [-MAX, 0.0]], [[1, 0], [1, 1], [0, 2]])
    log2 = mpmath.log(2)
    for loss, function, expected in (
        ("listnet", mp_listnet, [0, 2 * log2, 0]),
        ("listmle", mp_listmle, [0, log2, 0]),
        ("unique-softmax", mp_unique_softmax, [0, 0, 0]),
        ("poly1-softmax", mp_poly1_softmax, [0, 2 * log2 + 0.5, 0]),
    ):
        yield from mp_cases(loss, function, {"sure": SURE, "small-grades": SMALL_GRADES})
        yield from by_list(loss, "mpmath", lambda a, e=expected: e, {"huge": huge})
    ends = lists(
        [[0.5, 1.0, -INF], [NAN, 1.0, 0.0], [0.0, -INF, 1.0]], [[1, 2, 0], [1, 0, 0], [0, 1, 0]]
    )
    (kept,) = exact(mp_listnet, lists([[0.5, 1.0]], [[1, 2]]))
    yield from by_list("listnet", "mpmath", lambda a: [kept, NAN, INF], {"infinite": ends})
    halves = exact(mp_listnet, lists([[1.0, 0.0, 2.0]], [[0.5, 0.5, 0]]))
    huge = lists([[1.0, 0.0, 2.0]], [[MAX, MAX, 0]])
    yield from by_list("listnet", "mpmath", lambda a: halves, {"huge-sum": huge}, normalize="sum")


def average(values: list[float]) -> float:
    return sum(values) / len(values)


def torch_listnet(arrays: dict[str, Any]) -> list[float]:
    """PyTorch's cross-entropy against the softmax of the relevances."""
    found = []
    for row in zip(*arrays.values(), strict=True):
        x, y = (torch.tensor(v, dtype=torch.float64) for v in row)
        found.append(float(functional.cross_entropy(x, functional.softmax(y, dim=0))))
    return found


def gains() -> Iterator[Case]:
    loss = "ndcg"
    for params, metric in (
        ({}, "NDCG:type=Exp"),
        ({"k": 2}, "NDCG:type=Exp;top=2"),
        ({"gain": "linear"}, "NDCG"),
        ({"gain": "linear", "k": 3}, "NDCG:top=3"),
    ):
        library = functools.partial(one_minus_catboost, metric)
        yield from by_mean(loss, "catboost", library, GRADED, ONE_MINUS, ties="worst", **params)
    for k in (2, 10):
        params = {"k": k, "ties": "order"}
        library = functools.partial(one_minus_xgb, f"ndcg@{k}")
        yield from by_mean(loss, "xgboost", library, GRADED, ONE_MINUS, **params)
        library = functools.partial(one_minus_lgb, "ndcg", k)
        yield from by_mean(loss, "lightgbm", library, GRADED, ONE_MINUS, **params)
        library = functools.partial(one_minus_each, rax.ndcg_metric, topn=k)
        yield from by_list(loss, "rax", library, GRADED, ONE_MINUS, **params)
    longer = {label: some(a, lambda x, y: len(x) > 1) for label, a in GRADED.items()}
    for k in (None, 2):
        params = {"k": k, "gain": "linear"}
        library = functools.partial(sklearn_ndcg, k)
        yield from by_list(loss, "scikit-learn", library, longer, ONE_MINUS, **params)
        library = functools.partial(
            torchmetrics_of, retrieval.retrieval_normalized_dcg, top_k=k, shift=0
        )
        yield from by_list(loss, "torchmetrics", library, longer, FLOAT32, **params)
    yield from nothing(loss, rax.ndcg_metric, ties="order")
    for oracle, library in (
        ("lightgbm", functools.partial(one_minus_lgb, "ndcg", 3)),
        ("xgboost", functools.partial(one_minus_xgb, "ndcg")),
        ("catboost", functools.partial(one_minus_catboost, "NDCG:type=Exp")),
    ):
        yield from by_mean(loss, oracle, library, {"nothing": NOTHING}, ONE_MINUS)

    edges = {
        "tied": TIED, "small-grades": SMALL_GRADES, "huge-grades": HUGE_GRADES,
        "tiny-grades": TINY_GRADES, "sure": SURE, "alike": ALIKE, "single": SINGLE,
    }  # fmt: skip
    for params in ({}, {"gain": "linear"}):
        yield from mp_cases(loss, mp_ndcg, edges, **params)
    for params in ({"k": 2}, {"ties": "worst"}, {"ties": "order", "k": 2}):
        yield from mp_cases(loss, mp_ndcg, {"tied": TIED}, **params)
    near = lists([[3.0, 2.0, 1.0]], [[0.3, 0.3 + 2**-40, 0.1]])
    yield from mp_cases(loss, mp_ndcg, {"near": near}, gain="linear")
    ends = lists([[INF, 0.0, -INF], [INF, INF, 0.0], [NAN, 0.0, 1.0]], [[0, 1, 2]] * 3)
    ranked = exact(mp_ndcg, lists([[2.0, 1.0, 0.0], [1.0, 1.0, 0.0]], [[0, 1, 2]] * 2))
    yield from by_list(loss, "mpmath", lambda a: [*ranked, NAN], {"infinite": ends})

    loss = "approx-ndcg"
    for temperature in (1.0, 0.1):
        library = functools.partial(one_minus_each, smooth_ndcg(temperature))
        yield from by_list(loss, "rax", library, GRADED, ONE_MINUS, temperature=temperature)
    library = functools.partial(one_minus_each, smooth_ndcg(1.0), gain_fn=GAINS["linear"])
    yield from by_list(loss, "rax", library, GRADED, ONE_MINUS, gain="linear")
    yield from nothing(loss, smooth_ndcg(1.0))
    edges = {"sure": SURE, "small-grades": SMALL_GRADES, "huge-grades": HUGE_GRADES,
             "alike": relevant(ALIKE), "single": relevant(SINGLE)}  # fmt: skip
    yield from mp_cases(loss, mp_approx_ndcg, edges)


def nothing(loss: str, metric: Callable[..., Any], **params: Any) -> Iterator[Case]:
    """What a list counts in which no item is relevant; rax counts 0."""
    empty, full = one_minus_each(metric, NOTHING)
    assert empty == 1.0
    for action, mean in {"neg": (1 + full) / 2, "pos": full / 2, "skip": full}.items():
        given = {"empty_target_action": action, **params}
        yield from by_mean(
            loss, "rax", lambda a, m=mean: m, {"nothing": NOTHING}, ONE_MINUS, **given
        )


def hits() -> Iterator[Case]:
    loss = "average-precision"
    ragged = relevant(lists(RAGGED["prediction"], grades(1, *OWN)))
    tied = lists(TIED["prediction"], [[0, 1, 0, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0, 1, 0, 0]])
    untied = {"plain": BINARY, "ragged": ragged}
    data = untied | {"tied": tied}
    for k in (2, 10):
        library = functools.partial(one_minus_xgb, f"map@{k}")
        yield from by_mean(loss, "xgboost", library, data, ONE_MINUS, k=k)
        library = functools.partial(one_minus_lgb, "map", k)
        yield from by_mean(loss, "lightgbm", library, data, ONE_MINUS, k=k)
        library = functools.partial(one_minus_catboost, f"MAP:top={k}")
        yield from by_mean(loss, "catboost", library, data, ONE_MINUS, k=k, ties="worst")
        library = functools.partial(one_minus_each, rax.ap_metric, topn=k)
        yield from by_list(loss, "rax", library, data, ONE_MINUS, k=k, normalize="relevant")
        library = functools.partial(torchmetrics_of, retrieval.retrieval_average_precision, top_k=k)
        yield from by_list(loss, "torchmetrics", library, untied, FLOAT32, k=k, normalize="found")
    for params in (
        {}, {"k": 2}, {"k": 3, "normalize": "relevant"}, {"k": 3, "normalize": "found"},
        {"border": 1.5}, {"border": 0.0},
    ):  # fmt: skip
        yield from mp_cases(loss, mp_average_precision, {"graded": RAGGED}, **params)
    library = functools.partial(one_minus_xgb, "map")
    yield from by_mean(loss, "xgboost", library, {"nothing": NOTHING}, ONE_MINUS)

    loss, neg = "reciprocal-rank", {"empty_target_action": "neg"}
    graded = data | {"graded": RAGGED}
    for params, metric in (
        ({}, "MRR"), ({"k": 2}, "MRR:top=2"), ({"border": 1.5}, "MRR:border=1.5"),
    ):  # fmt: skip
        library = functools.partial(one_minus_catboost, metric)
        yield from by_mean(
            loss, "catboost", library, graded, ONE_MINUS, ties="worst", **params, **neg
        )
    for k in (None, 2):
        library = functools.partial(one_minus_each, rax.mrr_metric, topn=k)
        yield from by_list(loss, "rax", library, graded, ONE_MINUS, k=k, **neg)
    library = functools.partial(torchmetrics_of, retrieval.retrieval_reciprocal_rank)
    yield from by_list(loss, "torchmetrics", library, untied, FLOAT32)

    ends = lists([[INF, 0.0, -1e308], [INF, INF, 0.0], [NAN, 0.0, 1.0]], [[0, 0, 1]] * 3)
    ranked = lists([[2.0, 1.0, 0.0], [1.0, 1.0, 0.0]], [[0, 0, 1]] * 2)
    for loss, metric in (("average-precision", rax.ap_metric), ("reciprocal-rank", rax.mrr_metric)):
        yield from nothing(loss, metric)
        expected = [*one_minus_each(metric, ranked), NAN]
        yield from by_list(loss, "rax", lambda a, e=expected: e, {"infinite": ends}, ONE_MINUS)


def users() -> Iterator[Case]:
    data = {
        "plain": lists(PLAIN["prediction"], chances(*SAME)),
        "ragged": lists(RAGGED["prediction"], chances(*OWN)),
        "tied": lists(TIED["prediction"], chances(4, 4, 4, 4)),
        "binary": BINARY,
    }
    edges = lists(
        [[2.0, 1.0, 0.0]] * 4 + [[1e308, -1e308, TINY]],
        [[0, 0, 0], [1, 1, 1], [1 - 2**-50, 1 - 2**-53, 0.5], [TINY, 1e-20, 1e-300],
         [1 - 2**-53, 0.25, 1 - 2**-53]],
    )  # fmt: skip
    ends = lists([[INF, 0.0], [NAN, 0.0]], [[0.5, 0.25], [0.5, 0.25]])
    for loss, metric, function, settings in (
        ("pfound", "PFound", mp_pfound, ({}, {"k": 3}, {"decay": 0.5}, {"decay": 0.0})),
        ("err", "ERR", mp_err, ({}, {"k": 3})),
    ):
        for params in settings:
            options = ";".join(f"{'top' if n == 'k' else n}={v}" for n, v in params.items())
            library = functools.partial(one_minus_catboost, f"{metric}:{options}".rstrip(":"))
            yield from by_mean(loss, "catboost", library, data, ONE_MINUS, ties="worst", **params)
            yield from mp_cases(loss, function, {"ragged": data["ragged"]}, **params)
        yield from mp_cases(loss, function, {"tied": data["tied"], "edges": edges})
        (ranked,) = exact(function, lists([[1.0, 0.0]], [[0.5, 0.25]]))
        expected = [ranked, NAN]
        yield from by_list(loss, "mpmath", lambda a, e=expected: e, {"infinite": ends})
    yield from mp_cases("pfound", mp_pfound, {"edges": edges}, decay=1.0)


def areas() -> Iterator[Case]:
    loss = "auc"
    plain = some(BINARY, lambda x, y: len(set(y)) == 2)
    tied = lists(TIED["prediction"], [[0, 1, 0, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0, 1, 0, 0]])
    long = lists([np.round(rng.normal(size=30), 1).tolist()], grades(1, 30))
    data = {"plain": plain, "tied": tied, "long": long}
    yield from by_list(loss, "scikit-learn", sklearn_auc, data, ONE_MINUS)
    ragged = lists(RAGGED["prediction"], grades(1, *OWN))
    yield from mp_cases(loss, mp_auc, {"ragged": ragged, "tied": tied, "all": BINARY})
    for action, mean in {"pos": 0.25, "neg": 0.75, "skip": 0.5}.items():
        yield from by_mean(loss, "mpmath", lambda a, m=mean: m, {"nothing": NOTHING},
                           empty_target_action=action)  # fmt: skip
    ends = lists(
        [[INF, 0.0, -INF], [INF, INF, 0.0], [NAN, 0.0, 1.0], [-1e308, 1e308, TINY]],
        [[0, 1, 1]] * 4,
    )
    yield from by_list(loss, "mpmath", lambda a: [1, 0.75, NAN, 0], {"infinite": ends})


def whole() -> Iterator[Case]:
    plain = lists(PLAIN["prediction"], [[v - 2 for v in y] for y in PLAIN["target"]])
    for oracle, function, data in (
        ("catboost", functools.partial(catboost, "QueryRMSE"),
         {"plain": plain, "tied": TIED, "alike": ALIKE, "single": SINGLE}),
        ("mpmath", mp_query_rmse,
         {"offset": lists([[1e15, 1e15 + 2, 1e15 - 4]], [[0, 1, 2]]),
          "small": lists([[1e-100, 2e-100], [0.0, 0.0]], [[0, 0], [0, 3e-100]]),
          "large": lists([[1e150, 0.0, 1e140]], [[0, 0, 1]])}),
        ("mpmath", lambda a: NAN,
         {"nan": lists([[NAN, 0.0]], [[0, 1]]), "infinite": lists([[INF, 0.0]], [[0, 1]])}),
    ):  # fmt: skip
        for label, arrays in data.items():
            value = {"overall": function(arrays)}
            yield case("query-rmse", label, arrays, oracle, reductions=value)

    loss = "query-cross-entropy"
    soft = {
        "plain": lists(PLAIN["prediction"], chances(*SAME)),
        "ragged": lists(RAGGED["prediction"], chances(*OWN)),
        "tied": lists(TIED["prediction"], chances(4, 4, 4, 4)),
        "binary": BINARY,
        "nothing": NOTHING,
    }
    edges = lists(
        [[40.0, -40.0, 0.0], [-700.0, 700.0, 0.0], [1e3, 1e3 - 1, -1e3], [30.0, -30.0, -31.0],
         [0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]],
        [[1, 0, 0.5], [0, 1, 0], [0, 1, 1], [1, 0, 0], [1e-20, 0, 0], [1, 1, 1 - 2**-53],
         [0.5, 0.5, 0.5]],
    )  # fmt: skip
    within = {"rtol": 1e-7, "why": "CatBoost keeps alpha in float32"}
    for alpha in (0.95, 0.5):
        library = functools.partial(catboost, f"QueryCrossEntropy:alpha={alpha}")
        yield from by_mean(
            loss, "catboost", library, soft, within if alpha == 0.95 else None, alpha=alpha
        )
    for alpha in (0.95, 1.0, 0.0):
        data = {"ragged": soft["ragged"], "edges": edges}
        yield from mp_cases(loss, mp_query_cross_entropy, data, alpha=alpha)


if __name__ == "__main__":
    families = (pairs, pairs_of_lists, lambdas, softmaxes, gains, hits, users, areas, whole)
    write("ranking", itertools.chain.from_iterable(family() for family in families))
