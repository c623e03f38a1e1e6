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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import HuberRegressor, LogisticRegression
from sklearn.model_selection import KFold, train_test_split
from sklearn.multiclass import OneVsRestClassifier
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
QUANTILES = {"lower": 0.1, "median": 0.5, "upper": 0.9}
QUERIES = 50
BATCHES, BATCH = 6, 20
MASKS = 60
LOOPED = (0, 6, 8, 9)  # digits with a closed loop; many a handwritten 4 is open
TRAINING_STRIPS, STRIPS = 400, 20
# Made up, as a recogniser might hear it: speaker, what was said, what was understood.
SPOKEN = (
    ("ada", "turn the kitchen light off", "turn the kitchen lights off"),
    ("ada", "what is on my list for today", "what is on my list for today"),
    ("ben", "remind me to call the plumber at nine", "remind me to call a plumber at nine"),
    ("ben", "no, at ten", "no at ten"),
    ("ben", "thanks", ""),
    ("cleo", "which train gets to Zürich first", "which train gets to Zurich first"),
    ("cleo", "and is there a café on board", "is there a cafe on board"),
    ("ada", "set a timer for fifteen minutes", "set a timer for fifty minutes"),
    ("cleo", "play the second song again", "play the second song again please"),
    ("ben", "how far is it to the moon", "how far is it to the moon"),
)
STEP = 3  # columns from one frame to the next: just one frame is within a column of a digit


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
        write_quantiles(folder, diabetes)
        write_gaussians(folder, diabetes)
        write_cancer(folder)

        pixels, digit = load_digits(return_X_y=True)
        digits = hold_out(pixels / 16, digit, stratify=True)  # a pixel is 0 to 16
        write_digit_logits(folder, digits)
        network = train_network(digits)
        write_distillation(folder, digits, network)
        embedding = embed(digits, network)
        write_triplets(folder, digits, embedding)
        write_pairs(folder, digits, embedding)
        write_batches(folder, digits, embedding)
        write_retrieval(folder, digits, embedding)
        write_multilabel(folder, digits)
        write_masks(folder, digits)
        write_strips(folder, digits)
    write_spoken(folder)


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


def boosting(**settings: Any) -> GradientBoostingRegressor:
    """150 trees of depth 2."""
    return GradientBoostingRegressor(
        n_estimators=150,
        learning_rate=0.05,
        max_depth=2,
        subsample=0.7,
        random_state=SEED,
        **settings,
    )


def predict_progression(diabetes: Split) -> Floats:
    model = boosting()
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


def train_reader(digits: Split) -> MLPClassifier:
    """What a frame of a strip shows: 0 if no digit is in the middle, else 1 + the digit."""
    rng = np.random.default_rng(SEED)
    chosen = [rng.choice(len(digits.train_target), 4) for _ in range(TRAINING_STRIPS)]
    strips = [strip(digits.train_features[rows], digits.train_target[rows], rng) for rows in chosen]
    frames, labels = (np.concatenate(parts) for parts in zip(*strips, strict=True))
    model = MLPClassifier((32,), activation="tanh", alpha=0.1, max_iter=2000, random_state=SEED)
    model.fit(frames, labels)
    return model


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


def write_quantiles(folder: Path, diabetes: Split) -> None:
    """Three quantiles, each from boosting with its own pinball loss."""
    columns: dict[str, Any] = {"id": patient_ids(diabetes.rows)}
    for name, quantile in QUANTILES.items():
        model = boosting(loss="quantile", alpha=quantile)
        model.fit(diabetes.train_features, diabetes.train_target)
        columns[name] = model.predict(diabetes.features)
    write_csv(folder / "quantiles.csv", columns | {"target": diabetes.target})


def write_gaussians(folder: Path, diabetes: Split) -> None:
    """A mean and a variance for each patient, from a Gaussian process."""
    # About what maximising the likelihood finds, whose last digits would differ between machines.
    kernel = RBF(5.0) + WhiteKernel(0.4)
    process = GaussianProcessRegressor(kernel, optimizer=None, normalize_y=True)
    model = make_pipeline(StandardScaler(), process)
    model.fit(diabetes.train_features, diabetes.train_target)
    mean, std = model.predict(diabetes.features, return_std=True)

    identity = {"id": patient_ids(diabetes.rows)}
    gaussian = {"prediction": mean, "var": std**2, "std": std}
    write_csv(folder / "gaussians.csv", identity | gaussian | {"target": diabetes.target})


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


def write_batches(folder: Path, digits: Split, embedding: npt.NDArray[np.float32]) -> None:
    """Batches of labelled embeddings, as in training, one row for each image."""
    rng = np.random.default_rng(SEED)
    rows = rng.choice(len(embedding), BATCHES * BATCH, replace=False)
    columns = numbered("embeddings", embedding[rows])
    batch = np.repeat(np.arange(BATCHES, dtype=np.int64), BATCH)
    labels = {"labels": digits.target[rows], "batch": batch}
    write_parquet(folder / "batches.parquet", columns | labels)


def write_retrieval(folder: Path, digits: Split, embedding: npt.NDArray[np.float32]) -> None:
    """Images ranked by likeness to another: a row for each item, and lists for each query."""
    rng = np.random.default_rng(SEED)
    queries = np.sort(rng.choice(len(embedding), QUERIES, replace=False))
    items = [candidates(digits.target, query, rng) for query in queries]
    vectors = embedding.astype(np.float64)
    found = pd.DataFrame(
        {
            "query_id": digits.rows[queries],
            "item_id": [digits.rows[rows] for rows in items],
            "prediction": [
                np.round(vectors[rows] @ vectors[query], 6)
                for query, rows in zip(queries, items, strict=True)
            ],
            "target": [
                relevance(digits.target[rows], digits.target[query])
                for query, rows in zip(queries, items, strict=True)
            ],
        }
    )
    write_parquet(folder / "retrieval.parquet", found)
    write_csv(folder / "retrieval.csv", found.explode(["item_id", "prediction", "target"]))


def write_multilabel(folder: Path, digits: Split) -> None:
    """Three questions about a digit, of which any number can be answered yes."""
    model = OneVsRestClassifier(LogisticRegression(max_iter=1000))
    model.fit(digits.train_features, traits(digits.train_target))
    logits = numbered("logits", model.decision_function(digits.features))
    target = numbered("target", traits(digits.target))
    write_parquet(folder / "multilabel.parquet", logits | target)


def write_masks(folder: Path, digits: Split) -> None:
    """Where the ink is in 8x8 pixels, told from an image of 4x4."""
    model = MLPClassifier(
        (64,), activation="tanh", alpha=0.1, max_iter=2000, tol=0.01, random_state=SEED
    )
    model.fit(shrink(digits.train_features), ink(digits.train_features))
    images = digits.features[:MASKS]
    probability = model.predict_proba(shrink(images)).reshape(-1, 8, 8)
    masks = {
        "id": digits.rows[:MASKS],
        "prediction": nested_column(probability, pa.float32()),
        "target": nested_column(ink(images).reshape(-1, 8, 8), pa.uint8()),
    }
    write_parquet(folder / "masks.parquet", masks)


def write_strips(folder: Path, digits: Split) -> None:
    """Strips of digits read frame by frame: lists for each strip, and a row for each frame."""
    rng = np.random.default_rng(SEED)
    shown = np.split(rng.permutation(len(digits.target)), np.cumsum(rng.integers(2, 6, STRIPS)))[
        :STRIPS
    ]
    reader = train_reader(digits)
    log_probs = []
    for rows in shown:
        frames, _ = strip(digits.features[rows], digits.target[rows], rng)
        log_probs.append(np.round(reader.predict_log_proba(frames), 5))
    targets = [digits.target[rows] + 1 for rows in shown]

    strips = {
        "log_probs": nested_column(log_probs, pa.float64()),
        "targets": pa.array(targets, type=pa.list_(pa.int64())),
        "prediction": pa.array([best_path(scores) for scores in log_probs]),
    }
    write_parquet(folder / "ctc.parquet", strips)
    frames = {"utterance": utterances(log_probs)} | numbered("log_probs", np.vstack(log_probs))
    write_csv(folder / "frames.csv", frames)
    transcript = {"utterance": utterances(targets), "targets": np.concatenate(targets)}
    write_csv(folder / "transcripts.csv", transcript)


def write_spoken(folder: Path) -> None:
    """What was said and what was understood, as text."""
    speaker, said, understood = zip(*SPOKEN, strict=True)
    identity = {"id": [f"u{i:02d}" for i in range(len(SPOKEN))]}
    write_csv(folder / "hypotheses.csv", identity | {"hypothesis": understood})
    write_csv(folder / "references.csv", identity | {"speaker": speaker, "reference": said})


# Columns --------------------------------------------------------------------------------------


def patient_ids(rows: Ints) -> list[str]:
    return [f"P{row:03d}" for row in rows]


def partner(digit: Ints, row: int, *, same: bool, rng: np.random.Generator) -> int:
    """Another row that shows the same digit as ``row``, or a different one."""
    suits = (digit == digit[row]) == same
    suits[row] = False
    return int(rng.choice(np.flatnonzero(suits)))


def candidates(digit: Ints, query: int, rng: np.random.Generator) -> Ints:
    """1 to 4 other rows that show the same digit as ``query`` and 4 to 12 that do not, in order."""
    like = np.flatnonzero((digit == digit[query]) & (np.arange(len(digit)) != query))
    unlike = np.flatnonzero(digit != digit[query])
    chosen = rng.choice(like, rng.integers(1, 5), replace=False)
    others = rng.choice(unlike, rng.integers(4, 13), replace=False)
    return np.sort(np.concatenate([chosen, others]))


def relevance(digit: Ints, query: int) -> Ints:
    """2 for the digit of the query, 1 for another with a loop if it has one, without if not."""
    alike = np.isin(digit, LOOPED) == (query in LOOPED)
    return np.where(digit == query, 2, alike.astype(np.int64))


def traits(digit: Ints) -> Ints:
    """Has it a loop? Is it even? Is it greater than 4?"""
    return np.stack([np.isin(digit, LOOPED), digit % 2 == 0, digit > 4], axis=1).astype(np.int64)


def ink(pixels: Floats) -> Ints:
    return (pixels > 0.5).astype(np.int64)


def shrink(pixels: Floats) -> Floats:
    """Images of 4x4 pixels, each the mean of four."""
    return pixels.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)


def strip(images: Floats, digit: Ints, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Digits side by side, 0 to 3 blank columns apart: its frames, and what each of them shows.

    A frame is a window of 8x8 pixels. It shows a digit if it is at most one column beside it.
    """
    starts = np.cumsum(8 + rng.integers(0, 4, len(digit)))
    canvas = np.zeros((8, starts[-1] + 16))
    for start, image in zip(starts, images, strict=True):
        canvas[:, start : start + 8] = image.reshape(8, 8)
    begins = np.arange(0, canvas.shape[1] - 7, STEP)
    frames = np.stack([canvas[:, begin : begin + 8].ravel() for begin in begins])
    near = np.abs(begins[:, np.newaxis] - starts) <= 1
    return frames, near @ (digit + 1)


def best_path(log_probs: Floats) -> Ints:
    """The likeliest label of each frame, repeats merged and blanks dropped."""
    path = log_probs.argmax(axis=1)
    changes = np.diff(path, prepend=0) != 0
    return path[changes & (path != 0)]


def utterances(rows: Sequence[npt.NDArray[Any]]) -> list[str]:
    """The name of the strip that each row belongs to."""
    return [f"u{number:02d}" for number, part in enumerate(rows) for _ in part]


def numbered(name: str, matrix: npt.NDArray[Any]) -> dict[str, Any]:
    return {f"{name}_{index}": column for index, column in enumerate(matrix.T)}


def list_column(
    matrix: npt.NDArray[np.floating[Any]], kind: pa.DataType, *, fixed_size: int = -1
) -> pa.Array:
    """One list in each row; of any length, or of a fixed size that the file's type then states."""
    return pa.array(list(matrix), type=pa.list_(kind, fixed_size))


def nested_column(matrices: Sequence[npt.NDArray[Any]], kind: pa.DataType) -> pa.Array:
    """One matrix in each row, as a list of lists."""
    return pa.array([matrix.tolist() for matrix in matrices], type=pa.list_(pa.list_(kind)))


def write_csv(path: Path, columns: Mapping[str, Any]) -> None:
    # pandas writes the shortest digits that read back as the same double.
    pd.DataFrame(dict(columns)).to_csv(path, index=False, lineterminator="\n")


def write_parquet(path: Path, columns: Mapping[str, Any]) -> None:
    pq.write_table(pa.table(dict(columns)), path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
