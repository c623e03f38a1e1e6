"""What the data rules out of the guide's advice, and what would change it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from commands import run

RNG = np.random.default_rng(2)
TARGET = RNG.normal(size=60)


def write(folder: Path, prediction: object, target: object) -> str:
    path = folder / "data.csv"
    rows = zip(np.asarray(prediction), np.asarray(target), strict=True)
    path.write_text("prediction,target\n" + "".join(f"{p},{t}\n" for p, t in rows))
    return str(path)


def advice(*words: str) -> dict[str, object]:
    record: dict[str, object] = json.loads(run("recommend", *words, "-f", "json").out)
    return record


@pytest.mark.parametrize(
    ("need", "target", "refused"),
    [
        ("counts", TARGET, ["poisson-nll", "negative-binomial-nll"]),
        ("skewed", np.abs(TARGET) * (np.arange(60) > 3), ["gamma-deviance"]),
        ("counts", np.abs(TARGET) + 0.5, ["negative-binomial-nll"]),
        ("counts", np.rint(np.abs(TARGET)), []),
        ("skewed", np.abs(TARGET) + 0.1, []),
    ],
)
def test_losses_that_are_not_defined_for_the_target(
    tmp_path: Path, need: str, target: object, refused: list[str]
) -> None:
    path = write(tmp_path, TARGET, target)
    found = advice(path, "--need", need)
    assert [refusal["loss"] for refusal in found["refused"]] == refused  # type: ignore[attr-defined]
    leaf = found["recommendation"]
    if {"poisson-nll", "negative-binomial-nll"} <= set(refused):
        # Nothing of the branch is left, and numbers beside numbers may be for anything.
        assert leaf is None
        assert found["open"] is not None
    else:
        assert isinstance(leaf, dict)
        assert leaf["loss"] not in refused
        assert leaf["loss"] in leaf["command"]
        assert path in leaf["command"]
        assert not set(refused) & set(leaf["instead"])
    codes = [finding["code"] for finding in found["diagnostics"]]  # type: ignore[attr-defined]
    asked = {"counts": "poisson-nll", "skewed": "gamma-deviance"}[need]
    assert codes.count("LC302") == (asked in refused)


def test_bce_for_other_targets_than_chances(tmp_path: Path) -> None:
    found = advice(
        write(tmp_path, TARGET, 5 * TARGET), "--task", "classification", "--classes", "2"
    )
    names = [refusal["loss"] for refusal in found["refused"]]  # type: ignore[attr-defined]
    assert names == ["bce-with-logits", "bce"]


def test_what_would_change_it(tmp_path: Path) -> None:
    clean = run("recommend", write(tmp_path, TARGET + RNG.normal(size=60), TARGET)).out
    assert "what would change it" in clean
    assert "with outliers from 1 % of the residuals on" in clean
    assert "it would be huber" in clean
    spiked = TARGET + RNG.normal(size=60) + 90 * (np.arange(60) == 3)
    assert "it would be mse" in run("recommend", write(tmp_path, spiked, TARGET)).out


def test_flags_alone_change_for_no_data() -> None:
    found = advice("--task", "regression", "--clean")
    assert (found["refused"], found["turning_points"]) == ([], [])
