"""scikit-learn: files read by pandas, ``sklearn.metrics``.

``python with_sklearn.py LOSS FILE...`` prints the loss. scikit-learn has no triplet margin loss.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.metrics import log_loss, mean_squared_error

CLASSES = 10


def read(path: str) -> np.ndarray:
    if path.endswith(".csv"):
        return pd.read_csv(path, engine="pyarrow").to_numpy()
    return pd.read_parquet(path).to_numpy()


def mse(preds: str, targets: str) -> float:
    return mean_squared_error(read(targets), read(preds))


def cross_entropy(logits: str, labels: str) -> float:
    probabilities = softmax(read(logits), axis=1)
    return log_loss(read(labels).ravel(), probabilities, labels=np.arange(CLASSES))


LOSSES = {"mse": mse, "cross-entropy": cross_entropy}

if __name__ == "__main__":
    print(float(LOSSES[sys.argv[1]](*sys.argv[2:])))
