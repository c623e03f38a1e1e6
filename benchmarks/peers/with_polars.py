"""Polars: lazy scans side by side, one expression, the streaming engine.

``python with_polars.py LOSS FILE...`` prints the loss.

The distance leaves out the 1e-6 that PyTorch adds to every difference: it costs time and changes
the eighth digit.
"""

from __future__ import annotations

import sys

import polars as pl

CLASSES = 10
WIDTH = 128


def scan(path: str) -> pl.LazyFrame:
    return pl.scan_csv(path) if path.endswith(".csv") else pl.scan_parquet(path)


def value(frames: list[pl.LazyFrame], losses: pl.Expr) -> float:
    frame = pl.concat(frames, how="horizontal").select(losses.mean())
    return frame.collect(engine="streaming").item()


def mse(preds: str, targets: str) -> float:
    error = pl.col("prediction") - pl.col("target")
    return value([scan(preds), scan(targets)], error * error)


def cross_entropy(logits: str, labels: str) -> float:
    names = [f"logits_{k}" for k in range(CLASSES)]
    # The maximum is a column of its own: it is needed eleven times and computed once.
    logit_frame = scan(logits).with_columns(top=pl.max_horizontal(names))
    total = pl.sum_horizontal((pl.col(name) - pl.col("top")).exp() for name in names)
    own = pl.when(pl.col("target") == 0).then(pl.col(names[0]))
    for k, name in enumerate(names[1:], start=1):
        own = own.when(pl.col("target") == k).then(pl.col(name))
    return value([logit_frame, scan(labels)], total.log() + pl.col("top") - own)


def triplet_margin(anchor: str, positive: str, negative: str) -> float:
    files = {"anchor": anchor, "positive": positive, "negative": negative}
    if anchor.endswith(".csv"):
        frames = [
            scan(path).rename(lambda name, role=role: name.replace("embedding", role))
            for role, path in files.items()
        ]
        distance = column_distance
    else:
        frames = [scan(path).rename({"embedding": role}) for role, path in files.items()]
        distance = array_distance
    gap = distance("anchor", "positive") - distance("anchor", "negative")
    return value(frames, (gap + 1.0).clip(lower_bound=0.0))


def array_distance(a: str, b: str) -> pl.Expr:
    difference = pl.col(a) - pl.col(b)
    return (difference * difference).arr.sum().sqrt()


def column_distance(a: str, b: str) -> pl.Expr:
    differences = [pl.col(f"{a}_{k}") - pl.col(f"{b}_{k}") for k in range(WIDTH)]
    return pl.sum_horizontal(difference * difference for difference in differences).sqrt()


LOSSES = {"mse": mse, "cross-entropy": cross_entropy, "triplet-margin": triplet_margin}

if __name__ == "__main__":
    print(LOSSES[sys.argv[1]](*sys.argv[2:]))
