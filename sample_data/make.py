"""Make the sample data: predictions of real models on real data, on held-out rows only.

    python sample_data/make.py             # writes beside this script
    python sample_data/make.py FOLDER      # writes there, to compare with what is committed

Needs scikit-learn (with its own dependency threadpoolctl), numpy, pandas and pyarrow; no download,
since scikit-learn carries the data sets. Every random step takes its seed from ``SEED`` and linear
algebra runs on one thread, so a second run gives the same bytes whatever the number of cores. Other
versions or another processor need not: README.md says what can differ, and what each file holds.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingRegressor
from sklearn.linear_model import HuberRegressor, LogisticRegression
from sklearn.model_selection import KFold, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SEED = 0
FOLDS = 5
TRIPLETS = 300
EMBEDDING_PAIRS = 300
RANKED_PAIRS = 200
DIGIT_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# A power of two: a class gets k/512 from a forest of pure leaves, and such a row sums to 1 exactly.
TREES = 512


class Split(NamedTuple):
    """A data set cut in two. ``rows`` are the held-out rows, as numbered in the source from 0."""

    rows: Ints
    train_features: Floats
    train_target: npt.NDArray[Any]
    features: Floats
    target: npt.NDArray[Any]


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # Sums are split by thread count otherwise, and training would amplify the last bit.
    with threadpool_limits(limits=1):
        diabetes = hold_out(*load_diabetes(return_X_y=True, scaled=False))
        progression = predict_progression(diabetes)
        write_regression(folder, diabetes, progression)
        write_ranking(folder, diabetes, progression)
        write_out_of_fold(folder)
        write_cancer(folder)

        pixels, digit = load_digits(return_X_y=True)
        digits = hold_out(pixels / 16, digit, stratify=True)  # a pixel is 0 to 16
        write_digit_logits(folder, digits)
        network = train_network(digits)
        write_distillation(folder, digits, network)
        embedding = embed(digits, network)
        write_triplets(folder, digits, embedding)
        write_pairs(folder, digits, embedding)


# Models ---------------------------------------------------------------------------------------


def hold_out(features: Floats, target: npt.NDArray[Any], *, stratify: bool = False) -> Split:
    """Train on three quarters of the rows, hold out one quarter, both in the source's order."""
    train, held_out = train_test_split(
        np.arange(len(target), dtype=np.int64),
        test_size=0.25,
        random_state=SEED,
        stratify=target if stratify else None,
    )
    train, held_out = np.sort(train), np.sort(held_out)
    return Split(held_out, features[train], target[train], features[held_out], target[held_out])


def predict_progression(diabetes: Split) -> Floats:
    model = GradientBoostingRegressor(
        n_estimators=150, learning_rate=0.05, max_depth=2, subsample=0.7, random_state=SEED
    )
    model.fit(diabetes.train_features, diabetes.train_target)
    return np.asarray(model.predict(diabetes.features))


def train_network(digits: Split) -> MLPClassifier:
    """One hidden layer of 16 units. The penalty is strong: a softer model is better calibrated."""
    model = MLPClassifier((16,), activation="tanh", alpha=1.0, max_iter=2000, random_state=SEED)
    model.fit(digits.train_features, digits.train_target)
    return model


def embed(digits: Split, network: MLPClassifier) -> npt.NDArray[np.float32]:
    """The hidden layer at each held-out digit, scaled to length one."""
    hidden = np.tanh(digits.features @ network.coefs_[0] + network.intercepts_[0])
    unit = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
    return np.asarray(unit, dtype=np.float32)


# Files ----------------------------------------------------------------------------------------


def write_regression(folder: Path, diabetes: Split, progression: Floats) -> None:
    prediction = {"prediction": progression}
    target = {"target": diabetes.target}
    age, sex = diabetes.features[:, 0], diabetes.features[:, 1]
    features = {"age": age.astype(np.int64), "sex": np.where(sex == 1, "female", "male")}

    write_csv(folder / "preds.csv", prediction)
    write_csv(folder / "targets.csv", target)
    write_parquet(folder / "preds.parquet", prediction)
    write_parquet(folder / "targets.parquet", target)
    identity = {"id": patient_ids(diabetes.rows)}
    write_csv(folder / "predictions.csv", identity | features | prediction | target)


def write_ranking(folder: Path, diabetes: Split, progression: Floats) -> None:
    """Which of two patients got worse? Patients with equal outcomes are no pair."""
    outcome = diabetes.target
    first, second = np.triu_indices(len(outcome), k=1)
    distinct = np.flatnonzero(outcome[first] != outcome[second])
    rng = np.random.default_rng(SEED)
    chosen = rng.choice(distinct, RANKED_PAIRS, replace=False)
    swapped = rng.random(RANKED_PAIRS) < 0.5  # the earlier row must not always come first
    a = np.where(swapped, second[chosen], first[chosen])
    b = np.where(swapped, first[chosen], second[chosen])

    ids = np.asarray(patient_ids(diabetes.rows))
    columns = {
        "item_a": ids[a],
        "item_b": ids[b],
        "input1": progression[a],
        "input2": progression[b],
        "target": np.where(outcome[a] > outcome[b], 1, -1),
    }
    write_csv(folder / "ranking.csv", columns)


def write_out_of_fold(folder: Path) -> None:
    """Every patient, each predicted by the model that did not see its fold."""
    features, progression = load_diabetes(return_X_y=True, scaled=False)
    # The root evens out the spread: residuals grow with the outcome.
    target = np.sqrt(progression)
    prediction = np.empty_like(target)
    fold_of = np.empty(len(target), dtype=np.int64)
    folds = KFold(FOLDS, shuffle=True, random_state=SEED)
    for fold, (train, held_out) in enumerate(folds.split(features)):
        model = make_pipeline(StandardScaler(), HuberRegressor(max_iter=1000))
        model.fit(features[train], target[train])
        prediction[held_out] = model.predict(features[held_out])
        fold_of[held_out] = fold

    ids = patient_ids(np.arange(len(target)))
    columns = {"patient_id": ids, "y_hat": prediction, "y": target, "fold": fold_of}
    write_parquet(folder / "eval.parquet", columns)


def write_cancer(folder: Path) -> None:
    cancer = hold_out(*load_breast_cancer(return_X_y=True), stratify=True)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(cancer.train_features, cancer.train_target)
    logit = model.decision_function(cancer.features)

    target = {"target": cancer.target}
    write_csv(folder / "cancer.csv", {"id": cancer.rows, "logit": logit} | target)
    write_csv(folder / "cancer_probs.csv", {"probability": 1 / (1 + np.exp(-logit))} | target)


def write_digit_logits(folder: Path, digits: Split) -> None:
    """One matrix in the three shapes that exports use: flat columns, a list, named columns."""
    model = LogisticRegression(max_iter=1000)
    model.fit(digits.train_features, digits.train_target)
    logits = model.decision_function(digits.features)

    identity = {"id": digits.rows}
    target = {"target": digits.target}
    write_parquet(folder / "logits.parquet", numbered("logits", logits))
    write_csv(folder / "labels.csv", target)
    as_list = {"logits": list_column(logits, pa.float64())}
    write_parquet(folder / "digits.parquet", identity | as_list | target)
    named = dict(zip(DIGIT_NAMES, logits.T, strict=True))
    write_csv(folder / "logits_named.csv", identity | named)


def write_distillation(folder: Path, digits: Split, network: MLPClassifier) -> None:
    """A large model's probabilities as soft labels for the small network."""
    teacher = ExtraTreesClassifier(TREES, random_state=SEED)
    teacher.fit(digits.train_features, digits.train_target)
    log_probs = network.predict_log_proba(digits.features)
    probabilities = teacher.predict_proba(digits.features)
    write_parquet(folder / "log_probs.parquet", numbered("log_probs", log_probs))
    write_parquet(folder / "teacher.parquet", numbered("target", probabilities))


def write_triplets(folder: Path, digits: Split, embedding: npt.NDArray[np.float32]) -> None:
    rng = np.random.default_rng(SEED)
    anchor = rng.choice(len(embedding), TRIPLETS, replace=False)
    positive = [partner(digits.target, row, same=True, rng=rng) for row in anchor]
    negative = [partner(digits.target, row, same=False, rng=rng) for row in anchor]
    for name, rows in (("anchor", anchor), ("positive", positive), ("negative", negative)):
        vectors = embedding[rows]
        column = list_column(vectors, pa.float32(), fixed_size=vectors.shape[1])
        write_parquet(folder / f"{name}.parquet", {"embedding": column})


def write_pairs(folder: Path, digits: Split, embedding: npt.NDArray[np.float32]) -> None:
    """Pairs of one digit (+1) or of two (-1), as embeddings and as the distance between them."""
    rng = np.random.default_rng(SEED)
    same = rng.random(EMBEDDING_PAIRS) < 0.5
    left = rng.choice(len(embedding), EMBEDDING_PAIRS, replace=False)
    right = [
        partner(digits.target, row, same=s, rng=rng) for row, s in zip(left, same, strict=True)
    ]
    input1, input2 = embedding[left], embedding[right]
    target = {"target": np.where(same, 1, -1)}

    vectors = {
        "input1": list_column(input1, pa.float32()),
        "input2": list_column(input2, pa.float32()),
    }
    write_parquet(folder / "pairs.parquet", vectors | target)
    difference = input1.astype(np.float64) - input2
    write_csv(folder / "distances.csv", {"distance": np.linalg.norm(difference, axis=1)} | target)


# Columns --------------------------------------------------------------------------------------


def patient_ids(rows: Ints) -> list[str]:
    return [f"P{row:03d}" for row in rows]


def partner(digit: Ints, row: int, *, same: bool, rng: np.random.Generator) -> int:
    """Another row that shows the same digit as ``row``, or a different one."""
    suits = (digit == digit[row]) == same
    suits[row] = False
    return int(rng.choice(np.flatnonzero(suits)))


def numbered(name: str, matrix: Floats) -> dict[str, Floats]:
    return {f"{name}_{index}": column for index, column in enumerate(matrix.T)}


def list_column(
    matrix: npt.NDArray[np.floating[Any]], kind: pa.DataType, *, fixed_size: int = -1
) -> pa.Array:
    """One list in each row; of any length, or of a fixed size that the file's type then states."""
    return pa.array(list(matrix), type=pa.list_(kind, fixed_size))


def write_csv(path: Path, columns: Mapping[str, Any]) -> None:
    # pandas writes the shortest digits that read back as the same double.
    pd.DataFrame(dict(columns)).to_csv(path, index=False, lineterminator="\n")


def write_parquet(path: Path, columns: Mapping[str, Any]) -> None:
    pq.write_table(pa.table(dict(columns)), path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
