"""Gates: unrounded comparisons, exact counts, sentences that show the verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest

import losscli
from losscli.analysis.gate import Gates, judge, parse_quantiles, parse_shares_above
from losscli.api import Run
from losscli.checks import refuse
from losscli.data.arrays import from_arrays
from losscli.errors import UsageError
from losscli.results import Result
from losscli.spec import find, parse
from losscli.verdict import Judged, Verdict


def result_of(losses: object, gates: Gates, loss: str = "mae", **named: object) -> Result:
    """A result whose rows have these losses."""
    bound = parse(loss)
    values = np.asarray(losses, np.float64)
    inputs = from_arrays(bound.loss.inputs, (values, np.zeros(len(values))), named, None)
    return Run(bound, inputs, "mean", asked=gates.asked).evaluate()


def judged(losses: object, gates: Gates, **named: object) -> tuple[Judged, ...]:
    return judge(result_of(losses, gates, **named), gates)


def test_unrounded_values_are_compared_and_shown() -> None:
    (gate,) = judged([0.0900001], Gates(max=0.09))
    assert not gate.passed
    assert gate.reason == "mae = 0.0900001 is more than 0.09"
    assert (gate.value, gate.limit) == (0.0900001, 0.09)


@pytest.mark.parametrize("ulps", [-1, 0, 1])
def test_one_ulp_decides(ulps: int) -> None:
    limit = 0.09
    value = limit if ulps == 0 else math.nextafter(limit, math.inf * ulps)
    (gate,) = judged([value], Gates(max=limit))
    assert gate.passed is (ulps <= 0)
    assert repr(value) in gate.reason
    assert repr(limit) in gate.reason


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_never_passes(bad: float) -> None:
    gates = Gates(max=1e308, quantiles=((0.0, 1e308),))
    finding, gate, *_ = judged([0.0, bad], gates)
    assert finding.gate == "LC201"
    assert not finding.passed
    assert not gate.passed
    assert gate.reason == f"mae is {bad}, which never passes"


def test_minus_infinity_does_not_pass_either() -> None:
    gates = Gates(max=0.0)
    gate = judged([0.0, -math.inf], gates, loss="expectile")[0]
    assert not gate.passed


def test_no_row_that_counts_fails() -> None:
    gates = Gates(above=((0.5, 1.0),))
    verdict = Verdict("x", judged([1.0, 2.0], gates, sample_weight=[0.0, 0.0]))
    assert not verdict.passed
    assert {gate.gate for gate in verdict.failures} >= {"LC202", "share above 0.5 at most 1.0"}


def test_every_gate_is_judged_whatever_fails_first() -> None:
    gates = Gates(max=0.5, quantiles=((0.5, 9.0), (0.9, 1.0)), above=((2.5, 0.5), (0.5, 0.1)))
    found = judged([1.0, 2.0, 3.0], gates)
    assert [(gate.gate, gate.passed) for gate in found] == [
        ("max 0.5", False),
        ("p50 at most 9.0", True),
        ("p90 at most 1.0", False),
        ("share above 2.5 at most 0.5", True),
        ("share above 0.5 at most 0.1", False),
    ]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 0.99, 1.0])
def test_quantiles_of_few_rows_are_those_of_numpy(share: float) -> None:
    losses = np.random.default_rng(1).exponential(size=1001)
    exact = float(np.quantile(losses, share))
    below = math.nextafter(exact, -math.inf)
    for limit, passes in ((exact, True), (below, False)):
        (gate,) = judged(losses, Gates(quantiles=((share, limit),)))
        assert gate.passed is passes
        assert gate.value == exact


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99, 0.999])
def test_the_verdict_on_an_estimated_quantile_is_exact(share: float) -> None:
    # More rows than are kept: the value shown is of a histogram, the rows above are counted.
    losses = np.random.default_rng(2).exponential(size=2**20 + 70_001)
    exact = float(np.sort(losses)[round(share * (losses.size - 1))])
    below = math.nextafter(exact, -math.inf)
    for limit, passes in ((exact, True), (below, False)):
        (gate,) = judged(losses, Gates(quantiles=((share, limit),)))
        assert gate.passed is passes
        assert gate.value == pytest.approx(exact, rel=5e-4)
        assert "lie above" in gate.reason


def test_a_share_is_counted_above_and_not_at_the_loss() -> None:
    losses = [0.5] * 97 + [0.6] * 3
    (gate,) = judged(losses, Gates(above=((0.5, 0.03),)))
    assert gate.passed
    assert gate.value == 0.03
    (gate,) = judged([*losses[:-1], 0.7, 0.7], Gates(above=((0.5, 0.03),)))
    assert not gate.passed
    assert "(4 of 101) = 0.039603960396039604 is more than 0.03" in gate.reason


@pytest.mark.parametrize("percent", [f"{i / 10}%" for i in range(1, 200, 7)])
def test_a_percentage_is_the_double_nearest_to_it(percent: str) -> None:
    (pair,) = parse_shares_above("--max-share-above", [f"0.5={percent}"])
    tenths = round(float(percent[:-1]) * 10)
    assert pair == (0.5, tenths / 1000)


@pytest.mark.parametrize("text", ["p99.9=2.5", "0.999=2.5", "99.9%=2.5", " p99.9 = 2.5 "])
def test_a_quantile_has_several_spellings(text: str) -> None:
    assert parse_quantiles("--max-quantile", [text]) == ((0.999, 2.5),)


@pytest.mark.parametrize("text", ["0.99", "=2.5", "0.99=", "pp99=1", "0.99=x", "p=1", "99%%=1"])
def test_what_is_no_quantile_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"write it as SHARE=X"):
        parse_quantiles("--max-quantile", [text])


@pytest.mark.parametrize("text", ["1.5=2", "-0.1=2", "p101=2", "nan=2"])
def test_a_share_beyond_one_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="from 0 to 1"):
        Gates(quantiles=parse_quantiles("--max-quantile", [text]))


@pytest.mark.parametrize("limit", [math.nan, math.inf, -math.inf])
def test_a_limit_that_is_none_is_refused(limit: float) -> None:
    for gates in ({"max": limit}, {"quantiles": ((0.5, limit),)}, {"above": ((limit, 0.5),)}):
        with pytest.raises(UsageError, match="let everything pass"):
            Gates(**gates)  # type: ignore[arg-type]


def test_a_similarity_is_no_loss() -> None:
    with pytest.raises(UsageError, match="more is better"):
        refuse(find("cosine-similarity"), Gates(max=1.0))
    refuse(find("cosine-distance"), Gates(max=1.0))
    with pytest.raises(UsageError, match="nothing to check"):
        refuse(find("mse"), Gates())


def test_rows_of_a_set_loss_have_no_loss() -> None:
    gates = Gates(max=1.0, quantiles=((0.5, 1.0),))
    with pytest.raises(UsageError, match="one number of all rows"):
        gates.check_reduction(find("rmse"), "overall")
    gates.check_reduction(find("rmse"), "mean")
    with pytest.raises(UsageError, match="there are many"):
        gates.check_reduction(find("mse"), "none")


# From Python.


def test_check_in_python() -> None:
    verdict = losscli.check("mse", [2.5, 0.0], [3.0, -0.5], max=0.2, max_quantile={0.5: 1.0})
    assert not verdict.passed
    assert verdict.reason == "mse = 0.25 is more than 0.2"
    assert [gate.passed for gate in verdict.gates] == [False, True]
    assert verdict.result is not None
    assert verdict.result.value == 0.25
    assert losscli.check("huber", [1.0], [0.0], max=1.0, delta=0.5).passed
    verdict = losscli.check(
        "mae",
        [1.0, 3.0],
        [0.0, 0.0],
        by=np.array(["a", "b"]),
        max_worst_slice=2.0,
        max_share_above={2.0: 0.5},
    )
    assert [(gate.slice, gate.passed) for gate in verdict.gates] == [
        (None, True),
        ("by=b", False),
        ("by=a", True),
    ]
    with pytest.raises(UsageError, match="nothing to check"):
        losscli.check("mse", [1.0], [0.0])
    with pytest.raises(UsageError, match="about a baseline"):
        losscli.check("mse", [1.0], [0.0], tolerance="2%")
    with pytest.raises(losscli.DataError, match="no such baseline"):
        losscli.check("mse", [1.0], [0.0], baseline="nowhere.json")
