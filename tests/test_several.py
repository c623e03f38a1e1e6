"""Several evaluations in one read: each has the bits that it has alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import losscli
import losscli.losses
from losscli.api import Run
from losscli.data.arrays import from_arrays
from losscli.data.coding import Labels
from losscli.data.feed import Inputs
from losscli.data.files import open_files
from losscli.domain import Role
from losscli.engine.evaluation import Evaluation, lay_out, of_models
from losscli.results import Result
from losscli.spec import parse
from losscli.together import Samples, Together

ROWS = 150_000
RNG = np.random.default_rng(4)
TARGET = RNG.normal(size=ROWS) * 10.0 ** RNG.integers(-8, 8, ROWS)
LOGITS = RNG.normal(size=(ROWS, 10)) * 20.0
TABLE = pa.table(
    {
        "prediction": TARGET * RNG.normal(1.0, 0.1, ROWS),
        "target": TARGET,
        "trust": RNG.integers(0, 3, ROWS),
        "label": RNG.integers(0, 10, ROWS),
        **{f"logits_{i}": column for i, column in enumerate(LOGITS.T)},
    }
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The table in one CSV file, and in Parquet files of two row-group sizes."""
    folder = tmp_path_factory.mktemp("several")
    made = {
        "csv": folder / "rows.csv",
        "small": folder / "a.parquet",
        "large": folder / "b.parquet",
    }
    pa_csv.write_csv(TABLE, made["csv"])
    pq.write_table(TABLE, made["small"], row_group_size=7_001)
    pq.write_table(TABLE, made["large"])
    return made


def roles_of(spec: str, names: Mapping[str, str]) -> list[Role]:
    """The loss's required roles and its sample weight, under the names of the inputs."""
    inputs = parse(spec).loss.inputs
    return [
        replace(role, name=names[role.name], optional=False)
        for role in inputs
        if role.name in names
    ]


def alone(evaluation: Evaluation, inputs: Inputs) -> Result:
    assert evaluation.roles is not None
    return Run(evaluation.bound, inputs.seen_as(evaluation.roles), evaluation.reduction).evaluate()


SAME = {"prediction": "prediction", "target": "target"}
WEIGHED = {**SAME, "sample_weight": "trust"}
CLASSES = {"logits": "logits", "target": "label"}
MIXED = [
    Evaluation(parse("mse"), "mean", SAME),
    Evaluation(parse("huber(delta=2)"), "mean", WEIGHED),
    Evaluation(parse("cross-entropy"), "mean", CLASSES),
    Evaluation(parse("mae"), "sum", SAME),
    Evaluation(parse("rmse"), "overall", WEIGHED),
    Evaluation(parse("multi-margin"), "none", CLASSES),
    Evaluation(parse("median-absolute-error"), "overall", SAME),
]


def open_mixed(path: Path) -> Inputs:
    roles = [*roles_of("mse", WEIGHED), *roles_of("cross-entropy", CLASSES)]
    return open_files([replace(r, optional=False) for r in roles], [str(path)], columns={})


@pytest.mark.parametrize("file", ["csv", "small", "large"])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_result_has_the_bits_of_its_own_run(
    file: str, threads: int, files: dict[str, Path]
) -> None:
    inputs = open_mixed(files[file])
    together = Together(MIXED, inputs, threads).evaluate()
    assert [result.loss.spec for result in together] == [str(e.bound) for e in MIXED]
    for evaluation, result in zip(MIXED, together, strict=True):
        assert result == alone(evaluation, inputs)


def test_losses_that_see_the_rows_alike_share_a_view(files: dict[str, Path]) -> None:
    views = lay_out(MIXED, open_mixed(files["large"])).views
    assert [view.members for view in views] == [(0, 3, 6), (1, 4), (2,), (5,)]
    assert [view.plan.block_rows for view in views] == [2**16, 2**16, 2**12, 2**12]


@pytest.mark.parametrize("threads", [1, 2])
def test_samples_of_one_call_are_of_the_same_rows(threads: int, files: dict[str, Path]) -> None:
    seen: list[Samples] = []
    Together(MIXED, open_mixed(files["small"]), threads, take_samples=seen.append).evaluate()
    assert {tuple(s is None for s in samples) for samples in seen} == {
        tuple(evaluation.reduction == "overall" for evaluation in MIXED)
    }
    assert all(len({len(s) for s in samples if s is not None}) == 1 for samples in seen)
    error = TABLE["prediction"].to_numpy() - TARGET
    trust = TABLE["trust"].to_numpy()
    huber = np.where(np.abs(error) < 2, 0.5 * error**2, 2 * (np.abs(error) - 1))
    expected = {0: error**2, 1: huber, 3: np.abs(error)}
    for number, losses in expected.items():
        own = np.concatenate([s[number].per_sample for s in seen if s[number] is not None])
        np.testing.assert_allclose(own, losses, rtol=1e-12)
    summed = np.concatenate([s[1].loss for s in seen if s[1] is not None])
    divisor = np.concatenate([s[1].divisor for s in seen if s[1] is not None])
    np.testing.assert_allclose(summed, huber * trust, rtol=1e-12)
    np.testing.assert_array_equal(divisor, trust)
    assert {s[0].divisor for s in seen if s[0] is not None} == {1.0}


def write(folder: Path, name: str, column: str, values: Sequence[float]) -> str:
    path = folder / name
    pq.write_table(pa.table({"row": np.arange(len(values)), column: values}), path)
    return str(path)


def test_one_loss_on_several_models(tmp_path: Path) -> None:
    models = {"old": TARGET + 1.0, "new": TARGET + 0.5, "none": TARGET}
    paths = [write(tmp_path, f"{m}.parquet", "prediction", p) for m, p in models.items()]
    paths.append(write(tmp_path, "target.parquet", "target", TARGET))
    roles, evaluations = of_models(parse("mae"), "mean", list(models))
    inputs = open_files(roles, paths, columns={})
    gains: list[float] = []

    def fold(samples: Samples) -> None:
        old, new, _ = samples
        assert old is not None
        assert new is not None
        gains.extend(old.loss - new.loss)

    results = Together(evaluations, inputs, take_samples=fold).evaluate()
    assert len(gains) == ROWS
    assert np.mean(gains) == pytest.approx(results[0].value - results[1].value)
    for number, (evaluation, result) in enumerate(zip(evaluations, results, strict=True)):
        assert evaluation.name == list(models)[number]
        assert result == losscli.compute("mae", paths[number], paths[-1])
        assert [i.role for i in result.inputs] == ["prediction", "target"]


def test_models_with_roles_of_their_own_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "both.csv"
    path.write_text("mean_a,mean_b,var_a,var_b,y\n1,2,1,4,1\n3,3,1,1,5\n")
    roles, evaluations = of_models(
        parse("gaussian-nll"), "mean", ["a", "b"], own=["prediction", "var"]
    )
    assert [role.name for role in roles] == [
        "prediction@a", "prediction@b", "target", "var@a", "var@b", "sample_weight",
    ]  # fmt: skip
    columns = {
        f"{r}@{m}": f"{c}_{m}" for r, c in (("prediction", "mean"), ("var", "var")) for m in "ab"
    }
    inputs = open_files(roles, [str(path)], columns=columns)
    first, second = (r.value for r in Together(evaluations, inputs).evaluate())
    assert first == losscli.compute("gaussian-nll", [1.0, 3.0], [1.0, 5.0], [1.0, 1.0]).value
    assert second == losscli.compute("gaussian-nll", [2.0, 3.0], [1.0, 5.0], [4.0, 1.0]).value


@pytest.mark.parametrize("column", ["prediction", "y_pred", "scores"])
def test_a_models_file_is_read_as_that_of_a_loss_alone(column: str, tmp_path: Path) -> None:
    paths = [write(tmp_path, f"{m}.parquet", column, [1.0, 2.0]) for m in "ab"]
    paths.append(write(tmp_path, "target.parquet", "target", [1.0, 4.0]))
    roles, evaluations = of_models(parse("mae"), "mean", ["a", "b"])
    results = Together(evaluations, open_files(roles, paths, columns={})).evaluate()
    assert [result.value for result in results] == [1.0, 1.0]


def test_lists_and_groups(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    lengths = rng.integers(1, 9, 5_000)
    query = np.repeat(np.arange(5_000), lengths)
    target = rng.integers(0, 3, len(query)).astype(float)
    models = {m: rng.normal(size=len(query)) for m in ("old", "new")}
    for loss in ("ndcg", "mse", "rmse"):
        bound = parse(loss)
        roles, evaluations = of_models(bound, "mean", list(models))
        inputs = from_arrays(roles, [*models.values(), target], {}, group=query)
        seen: list[Samples] = []
        results = Together(evaluations, inputs, take_samples=seen.append).evaluate()
        for model, result in zip(models, results, strict=True):
            own = losscli.compute(loss, models[model], target, group=query)
            assert result.value == own.value
            assert result.distribution == own.distribution
        assert sum(len(s[0]) for s in seen if s[0] is not None) == 5_000


def test_a_fault_of_one_evaluation_names_its_file(tmp_path: Path) -> None:
    good, bad = [0.5, 0.5], [0.5, 1.5]
    paths = [write(tmp_path, "a.parquet", "prediction", good)]
    paths.append(write(tmp_path, "b.parquet", "prediction", bad))
    paths.append(write(tmp_path, "target.parquet", "target", [0.0, 1.0]))
    roles, evaluations = of_models(parse("bce"), "mean", ["a", "b"])
    with pytest.raises(losscli.DataError) as caught:
        Together(evaluations, open_files(roles, paths, columns={})).evaluate()
    assert caught.value.path == paths[1]
    assert caught.value.row == 2


def test_models_of_different_lengths_are_refused(tmp_path: Path) -> None:
    paths = [write(tmp_path, "a.parquet", "prediction", [1.0, 2.0])]
    paths.append(write(tmp_path, "b.parquet", "prediction", [1.0]))
    paths.append(write(tmp_path, "target.parquet", "target", [0.0, 1.0]))
    roles, evaluations = of_models(parse("mse"), "mean", ["a", "b"])
    with pytest.raises(losscli.DataError, match="no partner"):
        Together(evaluations, open_files(roles, paths, columns={})).evaluate()


def test_a_small_data_set_is_kept_row_by_row() -> None:
    roles, evaluations = of_models(parse("mae"), "mean", ["a", "b"])
    inputs = from_arrays(roles, [[1.0, 2.0], [2.0, 2.0], [1.0, 1.0]], {})
    results = Together(evaluations, inputs).evaluate()
    assert [r.per_sample.tolist() for r in results if r.per_sample is not None] == [[0, 1], [1, 1]]


def test_samples_say_what_rows_give_to_a_set_loss_and_their_codes(files: dict[str, Path]) -> None:
    bound = parse("rmse")
    roles, evaluations = of_models(bound, "overall", ["a", "b"])
    for path in files.values():
        labels = {"cluster": Labels("label")}
        inputs = open_files(
            roles,
            [str(path)] * 3,
            columns={"prediction@b": "trust", "sample_weight": "trust"},
            labels=labels,
        )
        seen: list[Samples] = []
        results = Together(
            evaluations, inputs, 2, take_samples=seen.append, keep_entries=True
        ).evaluate()
        for number, result in enumerate(results):
            samples = [one for samples in seen if (one := samples[number]) is not None]
            assert sum(map(len, samples)) == ROWS
            divisor = np.concatenate([np.asarray(one.divisor) for one in samples])
            assert np.array_equal(divisor, TABLE["trust"])
            names = [
                labels["cluster"].name(int(c)) for one in samples for c in one.codes["cluster"]
            ]
            assert names == [str(label) for label in TABLE["label"].to_pylist()]
            parts = zip(*(one.entries for one in samples), strict=True)
            entries = [np.concatenate(part) for part in parts]
            assert bound.finish(bound.gather_entries(entries, divisor)) == pytest.approx(
                result.value, rel=1e-13
            )
