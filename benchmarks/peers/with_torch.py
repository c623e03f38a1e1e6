"""PyTorch: files read by pyarrow, losses of ``torch.nn.functional``.

``python with_torch.py LOSS FILE...`` prints the loss.
"""

from __future__ import annotations

import sys

import pyarrow as pa
import torch
from torch.nn import functional

WIDTH = 128


def read(path: str, types: dict[str, pa.DataType] | None = None) -> pa.Table:
    """Only the reader that the file needs is imported."""
    if path.endswith(".csv"):
        from pyarrow import csv

        return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types))
    from pyarrow import parquet

    return parquet.read_table(path)


def columns(path: str, types: dict[str, pa.DataType] | None = None) -> list[torch.Tensor]:
    return [torch.from_numpy(column.to_numpy()) for column in read(path, types).columns]


def mse(preds: str, targets: str) -> torch.Tensor:
    (prediction,), (target,) = columns(preds), columns(targets)
    return functional.mse_loss(prediction, target)


def cross_entropy(logits: str, labels: str) -> torch.Tensor:
    (target,) = columns(labels)
    return functional.cross_entropy(torch.stack(columns(logits), dim=1), target)


def triplet_margin(anchor: str, positive: str, negative: str) -> torch.Tensor:
    embeddings = [embedding(path) for path in (anchor, positive, negative)]
    return functional.triplet_margin_loss(*embeddings)


def embedding(path: str) -> torch.Tensor:
    if path.endswith(".csv"):
        types = {f"embedding_{k}": pa.float32() for k in range(WIDTH)}
        return torch.stack(columns(path, types), dim=1)
    values = read(path)["embedding"].combine_chunks().values
    return torch.from_numpy(values.to_numpy()).view(-1, WIDTH)


LOSSES = {"mse": mse, "cross-entropy": cross_entropy, "triplet-margin": triplet_margin}

if __name__ == "__main__":
    print(LOSSES[sys.argv[1]](*sys.argv[2:]).item())
