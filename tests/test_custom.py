"""A loss of the user's own, from a file, is a loss like ours."""

from __future__ import annotations

import functools
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from own_losses import LOSSES, own, publish

import losscli
from losscli.api import bind
from losscli.custom.published import published
from losscli.domain import Array, Real
from losscli.errors import ParameterError, UserCodeError
from losscli.spec import REQUIRED, find, parse, registered, registry


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_losses.py").write_text(LOSSES)
    return tmp_path


def data(rows: int, columns: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(rows)
    return rng.normal(size=(rows, columns)), rng.normal(size=(rows, columns))


@pytest.mark.parametrize("name", ["weighted_mse", "mean_weighted_mse"])
@pytest.mark.parametrize("rows", [1, 2, 3, 50, 30_000])
def test_weighted_mse_with_weights_1_2_3(name: str, rows: int) -> None:
    pred, target = data(rows)
    expected = (np.array([1.0, 2.0, 3.0]) * (pred - target) ** 2).mean()
    result = losscli.compute(f"my_losses.py:{name}", pred, target, weights=[1, 2, 3])
    assert result.value == pytest.approx(expected, rel=1e-13)
    assert result.per_sample is not None
    assert result.per_sample.shape == (rows,)


def test_a_class_has_its_settings_from_init() -> None:
    rng = np.random.default_rng(1)
    logits, target = rng.normal(size=(100, 4)), rng.integers(0, 4, size=100)
    spec = "my_losses.py:FocalLoss(gamma=1)"
    bound = parse(spec)
    assert str(bound) == "my_losses.py:FocalLoss(gamma=1.0)"
    assert parse(str(bound)) == bound
    costs = losscli.compute("cross-entropy", logits, target).per_sample
    assert costs is not None
    expected = 0.25 * (1 - np.exp(-costs)) * costs
    result = losscli.compute(spec, logits, target)
    np.testing.assert_allclose(result.per_sample, expected, rtol=1e-12)


def test_a_number_that_is_no_mean_of_rows_is_computed_once_over_all() -> None:
    pred, target = data(100_000, 1)
    result = losscli.compute("my_losses.py:rmse", pred, target)
    assert result.reduction == "overall"
    assert result.value == pytest.approx(np.sqrt(((pred - target) ** 2).mean()), rel=1e-14)


# --- which arguments are data, and what the others may be -----------------------------------------


@pytest.mark.parametrize(
    ("signature", "roles", "params"),
    [
        ("pred, target", ["pred", "target"], {}),
        ("a, b", ["a", "b"], {}),
        ("y_true, y_pred, delta=1.0", ["y_true", "y_pred"], {"delta": ("float", 1.0)}),
        ("pred, target, weights", ["pred", "target"], {"weights": ("vector", REQUIRED)}),
        ("anchor, positive, negative, margin=1", ["anchor", "positive", "negative"],
         {"margin": ("float", 1)}),
        ("x, y, power: int, mode: 'Literal[\"a\", \"b\"]' = 'a'", ["x", "y"],
         {"power": ("int", REQUIRED), "mode": ("str", "a")}),
        ("pred, target, *, w: list[float] = (1.0, 2.0), hard: bool = False", ["pred", "target"],
         {"w": ("vector", (1.0, 2.0)), "hard": ("bool", False)}),
        ("pred: np.ndarray, target: np.ndarray, scale: 'float | None' = None", ["pred", "target"],
         {"scale": ("float", None)}),
        ("pred, target, reduction='mean', name='x'", ["pred", "target"], {"name": ("str", "x")}),
        ("pred, target, sample_weight=None, fn=print", ["pred", "target"], {}),
        ("pred, target, *args, **kwargs", ["pred", "target"], {}),
        ("prediction, target, anything=None", ["prediction", "target"],
         {"anything": ("any", None)}),
    ],
)  # fmt: skip
def test_arguments(signature: str, roles: list[str], params: dict[str, object]) -> None:
    name = own(f"from typing import Literal\n\ndef mine({signature}):\n    return 0")
    loss = parse(name).loss
    assert [role.name for role in loss.roles] == roles
    assert {p.name: (p.kind, p.default) for p in loss.params.values()} == params


GOOGLE = '''
"""Costs more above.

More about it.

Args:
    pred: the guess.
    above (float): what one unit above the target costs,
        in euros.
    below: the same below.

Returns:
    The cost.
"""
'''
NUMPY = '''
"""Costs more above.

More about it.

Parameters
----------
pred : ndarray
    The guess.
above : float
    what one unit above the target costs,
    in euros
below : float, optional
    the same below
"""
'''
SPHINX = '''
"""Costs more above.

More about it.

:param pred: the guess
:param float above: what one unit above the target costs,
    in euros
:param below: the same below
:returns: the cost
"""
'''


@pytest.mark.parametrize("doc", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_help_is_that_of_the_docstring(doc: str) -> None:
    body = textwrap.indent(doc.strip(), "    ")
    loss = parse(own(f"def mine(pred, target, above, below=1):\n{body}\n    return 0")).loss
    about = {name: param.help for name, param in loss.params.items()}
    assert about["above"] == "what one unit above the target costs, in euros"
    assert about["below"] == "the same below"
    assert loss.doc == "Costs more above.\n\nMore about it."
    assert loss.params["above"].kind == "float"


def test_a_whole_default_means_whole_numbers() -> None:
    name = own("def mine(pred, target, k=2):\n    return np.repeat(pred, k) [::k] + 0 * target")
    assert losscli.compute(name, [1.0, 2.0], [0.0, 0.0], k=3).value == 1.5


def test_only_what_differs_from_the_default_is_passed() -> None:
    name = own(
        "DEFAULT = [1.0, 2.0]\n\n"
        "def mine(pred, target, w=DEFAULT):\n"
        "    assert w is DEFAULT or w == [3.0, 4.0]\n"
        "    return np.asarray(w) * (pred - target)"
    )
    assert losscli.compute(name, [[1.0, 1.0]], [[0.0, 0.0]]).value == 1.5
    assert losscli.compute(name, [[1.0, 1.0]], [[0.0, 0.0]], w=[3, 4]).value == 3.5


def test_a_required_setting_is_asked_for() -> None:
    with pytest.raises(ParameterError, match="needs weights") as caught:
        losscli.compute("my_losses.py:weighted_mse", *data(5))
    assert "--weights" in str(caught.value)


def test_columns_are_found_by_the_usual_names(folder: Path) -> None:
    (folder / "both.csv").write_text("id,prediction,label\n1,2.0,1.0\n2,5.0,1.0\n")
    name = own("def mine(y_hat, truth):\n    return y_hat - truth")
    assert losscli.compute(name, "both.csv").value == 2.5


# --- what it returns ------------------------------------------------------------------------------


def compute(body: str, rows: int = 20, **settings: object) -> losscli.Result:
    return losscli.compute(
        own(f"def mine(pred, target):\n    return {body}"), *data(rows), **settings
    )


def codes(result: losscli.Result) -> list[str]:
    return [finding.code for finding in result.diagnostics if finding.code.startswith("LC4")]


def test_a_sum_is_a_sum_of_rows() -> None:
    result = compute("np.abs(pred - target).sum()", rows=30_000)
    pred, target = data(30_000)
    assert result.reduction == "sum"
    assert result.value == pytest.approx(np.abs(pred - target).sum(), rel=1e-13)
    assert codes(result) == ["LC401"]


def test_a_mean_is_never_a_mean_of_means() -> None:
    # 2^15 + 1 rows: the last block has one row.
    pred, target = data(2**15 + 1, 1)
    pred[-1] = 1e6
    name = own("def mine(pred, target):\n    return float(((pred - target) ** 2).mean())")
    result = losscli.compute(name, pred, target)
    assert result.value == pytest.approx(((pred - target) ** 2).mean(), rel=1e-13)


def test_overall_can_be_asked_for() -> None:
    result = compute("((pred - target) ** 2).mean()", reduction="overall")
    pred, target = data(20)
    assert result.value == pytest.approx(((pred - target) ** 2).mean(), rel=1e-14)
    assert result.reduction == "overall"


def test_rows_of_a_loss_over_all_can_be_taken_alone() -> None:
    result = compute("np.sqrt(((pred - target) ** 2).mean())", reduction="mean")
    pred, target = data(20)
    expected = np.sqrt(((pred - target) ** 2).mean(axis=1))
    np.testing.assert_allclose(result.per_sample, expected, rtol=1e-13)
    assert codes(result) == ["LC401"]
    name = own("def mine(p, t):\n    return np.sqrt(((p - t) ** 2).mean())")
    weighted = losscli.compute(name, pred, target, reduction="mean", sample_weight=np.arange(20.0))
    assert weighted.value == pytest.approx(np.average(expected, weights=np.arange(20)), rel=1e-13)
    with pytest.raises(losscli.UsageError, match="cannot be weighted by rows"):
        losscli.compute(name, pred, target, sample_weight=np.arange(20.0))


def test_a_group_is_a_set_of_rows() -> None:
    pred, target = data(20, 1)
    groups = np.repeat([1, 2, 3, 4], 5)
    name = own("def mine(p, t):\n    return np.sqrt(((p - t) ** 2).mean())")
    for reduction in (None, "mean"):
        found = losscli.compute(
            name, pred[:, 0], target[:, 0], group=groups, reduction=reduction
        ).per_sample
        expected = losscli.compute("rmse", pred[:, 0], target[:, 0], group=groups).per_sample
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_more_rows_than_memory_may_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("losscli.custom.kept.MOST_VALUES", 100_000)
    name = own("def mine(p, t):\n    return np.sqrt(((p - t) ** 2).mean())")
    pred, target = data(150_000, 1)
    with pytest.raises(losscli.DataError, match="more than 100,000 values") as caught:
        losscli.compute(name, pred, target)
    assert "--reduction mean" in str(caught.value)
    assert losscli.compute(name, pred[:500], target[:500]).reduction == "overall"


def test_a_fault_in_a_single_row_is_placed() -> None:
    pred, target = data(40_000)
    pred[35_000] = 99.0
    name = own(
        "def mine(p, t):\n"
        "    if len(p) == 1 and p[0, 0] == 99:\n"
        "        raise ValueError('a bad row')\n"
        "    return (p - t).mean()"
    )
    with pytest.raises(UserCodeError, match="a bad row") as caught:
        losscli.compute(name, pred, target)
    assert caught.value.where == "own.py, line 5, at row 35001"


def test_rows_that_agree_at_first_and_then_do_not_are_noticed() -> None:
    pred, target = np.zeros((3000, 3)), np.zeros((3000, 3))
    pred[2000:] = np.random.default_rng(0).normal(size=(1000, 3))
    name = own("def mine(pred, target):\n    return np.sqrt(((pred - target) ** 2).mean())")
    with pytest.raises(UserCodeError, match=r"gives 0.5\d+ for 3000 rows at once") as e:
        losscli.compute(name, pred, target)
    assert e.value.path == "own.py"
    expected = np.sqrt((pred**2).mean())
    found = losscli.compute(name, pred, target, reduction="overall").value
    assert found == pytest.approx(expected, rel=1e-14)


def test_rows_that_depend_on_each_other_are_taken_together() -> None:
    result = compute("(pred - target) ** 2 / ((pred - target) ** 2).max()", rows=40_000)
    pred, target = data(40_000)
    squares = (pred - target) ** 2
    assert result.reduction == "overall"
    assert result.value == pytest.approx((squares / squares.max()).mean(), rel=1e-12)
    (finding,) = [f for f in result.diagnostics if f.code == "LC402"]
    assert "by itself" in finding.message


def test_random_numbers_are_noticed() -> None:
    assert codes(compute("np.abs(pred - target) + np.random.normal(size=pred.shape)")) == ["LC403"]


def test_a_setting_with_a_value_for_each_row_needs_all_rows() -> None:
    pred, target = data(3, 1)
    found = losscli.compute(
        "my_losses.py:weighted_mse", pred[:, 0], target[:, 0], weights=[1, 2, 3]
    )
    expected = (np.array([1.0, 2.0, 3.0]) * (pred - target)[:, 0] ** 2).mean()
    assert found.value == pytest.approx(expected, rel=1e-14)
    assert "one value for each of the 3 rows" in found.diagnostics[0].message


def test_a_row_that_loses_its_axis_keeps_its_place() -> None:
    result = compute("np.abs(pred - target).mean(axis=1).squeeze()", rows=2**14 + 1)
    pred, target = data(2**14 + 1)
    np.testing.assert_allclose(result.per_sample, np.abs(pred - target).mean(axis=1), rtol=1e-14)


def test_what_it_does_to_its_inputs_is_seen_by_nobody() -> None:
    pred, target = data(20)
    before = pred.copy()
    name = own("def mine(pred, target):\n    pred -= target\n    return np.abs(pred, out=pred)")
    result = losscli.compute(name, pred, target)
    np.testing.assert_array_equal(pred, before)
    assert result.value == pytest.approx(np.abs(pred - target).mean(), rel=1e-14)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("(pred[:, None] - target[None]) ** 2", "each value against every other"),
        ("((pred - target) ** 2).mean(axis=0)", r"returned shape \(3,\) for 7 rows"),
        ("None", "returned nothing"),
        ("(pred, target)", "returned a tuple"),
        ("'loss'", "returned a str"),
        ("1j * pred", "complex128, not real numbers"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("mine(pred, target)", "RecursionError"),
        ("exit(3)", "SystemExit"),
        ("np.log(pred - pred) * 0", "returned nan for finite numbers: pred ="),
    ],
)
def test_faults_name_the_line(body: str, message: str) -> None:
    with pytest.raises(UserCodeError, match=message) as caught:
        compute(body)
    assert caught.value.path == "own.py"
    assert caught.value.line in (3, 4)


def test_nan_names_the_row() -> None:
    pred, target = data(50_000)
    pred[:, 0] = np.abs(pred[:, 0])
    pred[40_000, 0] = -1.0
    name = own("def mine(pred, target):\n    x = pred[:, 0]\n    return np.sqrt(x) - target[:, 0]")
    with pytest.raises(UserCodeError, match="returned nan") as caught:
        losscli.compute(name, pred, target)
    assert caught.value.where == "own.py, line 5, at row 40001"
    assert caught.value.source == "return np.sqrt(x) - target[:, 0]"


def test_nan_of_nan_is_a_result() -> None:
    name = own("def mine(pred, target):\n    return pred - target")
    result = losscli.compute(name, [1.0, np.nan], [0.0, 0.0])
    assert result.status == "nan"
    assert [f.code for f in result.diagnostics] == ["LC201"]


def test_any_number_of_threads_gives_the_same_bits(folder: Path) -> None:
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"pred": rng.normal(size=300_000), "target": rng.normal(size=300_000)})
    frame.to_parquet(folder / "rows.parquet", row_group_size=50_000)
    name = own(
        "import threading\n\nthreads = set()\n\n"
        "def mine(pred, target):\n"
        "    threads.add(threading.get_ident())\n"
        "    assert len(threads) <= 2  # the trial, and the run\n"
        "    return (pred - target) ** 2"
    )
    one = losscli.compute(name, "rows.parquet", threads=1)
    assert losscli.compute(name, "rows.parquet", threads=4).value == one.value


# --- names and files ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my_loses.py:rmse", r"my_loses.py: no such file(?s:.*)did you mean 'my_losses.py'"),
        ("my_losses.py:rmsle", r"my_losses.py has no 'rmsle'(?s:.*)did you mean 'rmse'"),
        ("my_losses.py:np", "cannot be called"),
        ("my_losses.py", "which loss in it is meant.*\n.*it has weighted_mse, mean_weighted_mse"),
        ("my_losses.py:", "name it as my_losses.py:weighted_mse"),
        ("my_loses.py", "no such file"),
        ("my_losses.py:FocalLoss.forward", "is a method of a class"),
        ("nowhere.losses:tail", r"no module 'nowhere.losses'(?s:.*)nowhere/losses.py:tail"),
    ],
)
def test_names_that_mean_nothing(name: str, message: str) -> None:
    with pytest.raises(losscli.LosscliError, match=message) as caught:
        losscli.compute(name, [1.0], [1.0])
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def mine(pred target):\n    pass", "own.py, line 3: does not load: SyntaxError"),
        ("import not_installed_anywhere", "pip install not_installed_anywhere"),
        ("1 / 0", "own.py, line 3: own.py raised ZeroDivisionError"),
        ("def mine():\n    return 1", "no argument for data"),
        ("def mine(*tensors):\n    return 1", "no argument for data"),
        ("class mine:\n    def __init__(self):\n        self.x = 1", "cannot be called"),
        ("class mine:\n    def __init__(self):\n        1 / 0\n\n    def __call__(self, p, t):\n"
         "        return p - t", "own.py, line 5: own.py:mine raised ZeroDivisionError"),
    ],
)  # fmt: skip
def test_files_that_are_no_losses(code: str, message: str) -> None:
    with pytest.raises(UserCodeError, match=message):
        losscli.compute(own(code), [1.0], [1.0])


def test_modules_beside_the_file_are_its_own(folder: Path) -> None:
    for name, factor in (("one", 1), ("two", 2)):
        (folder / name).mkdir()
        (folder / name / "beside.py").write_text(f"FACTOR = {factor}\n")
        (folder / name / "mine.py").write_text(
            "from beside import FACTOR\n\ndef mine(p, t):\n    return FACTOR * (p - t)\n"
        )
    assert losscli.compute("one/mine.py:mine", [1.0], [0.0]).value == 1.0
    assert losscli.compute("two/mine.py:mine", [1.0], [0.0]).value == 2.0
    assert "beside" not in sys.modules
    assert str(folder / "one") not in sys.path


def test_a_module_is_named_without_its_file(folder: Path) -> None:
    (folder / "a_module_of_losses.py").write_text("def mine(p, t):\n    return p - t\n")
    assert losscli.compute("a_module_of_losses:mine", [3.0], [1.0]).value == 2.0
    del sys.modules["a_module_of_losses"]


def test_a_changed_file_is_loaded_again() -> None:
    assert losscli.compute(own("def mine(p, t):\n    return p - t"), [3.0], [1.0]).value == 2.0
    assert losscli.compute(own("def mine(p, t):\n    return t - p"), [3.0], [1.0]).value == -2.0


def test_a_file_runs_once_for_several_names(capsys: pytest.CaptureFixture[str]) -> None:
    name = own("print('loaded')\n\ndef mine(p, t):\n    return p - t")
    for _ in range(3):
        parse(name)
    assert capsys.readouterr() == ("", "loaded\n")


def test_the_signature_holds_a_digest_of_the_code() -> None:
    first = losscli.compute(own("def mine(p, t):\n    return p - t"), [3.0], [1.0])
    again = losscli.compute(own("def mine(p, t):\n    return p - t"), [3.0], [1.0])
    other = losscli.compute(own("def mine(p, t):\n    return (p - t)"), [3.0], [1.0])
    assert first.signature == again.signature != other.signature
    assert f"|code:{first.loss.digest[:12]}|" in first.signature
    assert first.loss.origin == "own.py, line 3"


def test_paths_with_brackets_are_paths(folder: Path) -> None:
    (folder / "v(2)").mkdir()
    (folder / "v(2)" / "my.py").write_text("def mine(p, t, k=1):\n    return k * (p - t)\n")
    bound = parse("v(2)/my.py:mine(k=3)")
    assert bound.params == {"k": 3.0}
    assert parse(str(bound)) == bound


# --- from Python ----------------------------------------------------------------------------------


def squared(pred: np.ndarray, target: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Squared error."""
    return scale * (pred - target) ** 2


class Scaled:
    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def __call__(self, pred: np.ndarray, target: np.ndarray) -> np.ndarray:
        return self.scale * (pred - target) ** 2


def test_functions_classes_and_instances_are_losses() -> None:
    pred, target = data(9)
    expected = 2 * ((pred - target) ** 2).mean()
    for result in (
        losscli.compute(squared, pred, target, scale=2),
        losscli.compute(Scaled, pred, target, scale=2),
        losscli.compute(Scaled(2), pred, target),
        losscli.compute(functools.partial(squared, scale=2), pred, target),
        losscli.compute(lambda p, t: 2 * (p - t) ** 2, pred, target),
    ):
        assert result.value == pytest.approx(expected, rel=1e-14)
    assert losscli.compute(squared, pred, target).loss.name == "squared"
    assert (
        losscli.compute(losscli.losses.huber, pred, target, delta=2).loss.spec == "huber(delta=2.0)"
    )


def test_a_declared_function_is_its_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_BY_NAME", dict(registry._BY_NAME))
    monkeypatch.setattr(registry, "_BY_KEY", dict(registry._BY_KEY))
    assert bind(losscli.losses.huber).loss is find("huber")
    # A cell of a notebook may run twice.
    for factor in (1, 2):

        @losscli.loss
        def of_a_notebook(prediction: Real, target: Real, factor: int = factor) -> Array:
            """Only for a test."""
            return factor * (prediction - target)

        assert losscli.compute("of-a-notebook", [3.0], [1.0]).value == 2.0 * factor
        assert losscli.compute(of_a_notebook, [3.0], [1.0]).value == 2.0 * factor
    with pytest.raises(losscli.UsageError, match=r"losses\.robust\.huber and .*huber"):

        @losscli.loss
        def huber(prediction: Real, target: Real) -> Array:
            return prediction - target


# --- declared losses ------------------------------------------------------------------------------

DECLARED = '''
from typing import Annotated

import numpy as np

import losscli
from losscli.domain import POSITIVE, Probability, Real


@losscli.loss
def huber(prediction: Real, target: Real, *, slope: Annotated[float, POSITIVE, "cost"] = 2.0):
    """Only overshooting costs."""
    return slope * np.maximum(prediction - target, 0.0)


@losscli.loss(use_when="a test needs one")
def log_cost(prediction: Probability, target: Real):
    return target * np.log(prediction)


@losscli.loss
def number(prediction: Real, target: Real):
    return (prediction - target).mean()
'''


def test_a_declared_loss_has_its_domains_and_no_name_of_ours(folder: Path) -> None:
    (folder / "declared.py").write_text(DECLARED)
    assert losscli.compute("declared.py:huber", [3.0, 1.0], [1.0, 3.0], slope=1).value == 1.0
    assert losscli.compute("huber", [3.0, 1.0], [1.0, 3.0]).value == 1.5
    assert "log-cost" not in registered()
    with pytest.raises(losscli.DataError, match=r"1\.5 is not a probability"):
        losscli.compute("declared.py:log_cost", [1.5], [1.0])
    with pytest.raises(ParameterError, match="slope = -1"):
        parse("declared.py:huber(slope=-1)")
    with pytest.raises(UserCodeError, match=r"returned shape \(\) for 2 rows"):
        losscli.compute("declared.py:number", [1.0, 2.0], [1.0, 2.0])


# --- packages -------------------------------------------------------------------------------------


@pytest.fixture
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    place = folder / "installed"
    (place / "acme_losses").mkdir(parents=True)
    (place / "acme_losses" / "__init__.py").write_text(
        "def tilted(pred, target, tilt=0.5):\n    return tilt * (pred - target)\n"
    )
    monkeypatch.syspath_prepend(str(place))
    yield place
    sys.modules.pop("acme_losses", None)


def test_packages_publish_losses(installed: Path) -> None:
    publish(installed, "acme-losses", **{"tilted-error": "acme_losses:tilted"})
    assert [str(one) for one in published()] == ["acme_losses:tilted of acme-losses 1.2"]
    assert "acme_losses" not in sys.modules
    result = losscli.compute("tilted_error", [3.0], [1.0], tilt=2)
    assert (result.value, result.loss.name) == (4.0, "tilted-error")
    assert result.loss.origin == "acme-losses 1.2, acme_losses, line 1"


def test_a_name_of_two_packages_is_an_error_naming_both(installed: Path) -> None:
    publish(installed, "acme-losses", tilted="acme_losses:tilted")
    publish(installed, "other-losses", Tilted="other:tilted")
    for look in (published, lambda: parse("tilted")):
        with pytest.raises(
            losscli.UsageError, match=r"acme-losses 1.2 and other:tilted of other-losses 1.2"
        ):
            look()


def test_a_name_of_ours_is_an_error_naming_both(installed: Path) -> None:
    publish(installed, "acme-losses", HuberLoss="acme_losses:tilted")
    with pytest.raises(losscli.UsageError, match=r"losscli's huber and acme_losses:tilted of acme"):
        published()
    # Ours is found without a look at packages.
    assert parse("huber").loss.origin is None


def test_a_package_that_is_broken_says_whose_fault_it_is(installed: Path) -> None:
    publish(installed, "acme-losses", gone="acme_losses.nowhere:tilted", lost="acme_losses:lost")
    with pytest.raises(losscli.UsageError, match=r"1\.2 publishes acme_losses\.nowhere"):
        parse("gone")
    with pytest.raises(losscli.UsageError, match="has no 'lost'"):
        parse("lost")
