"""What the stores of these tests hold, and an environment without anybody's credentials."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stores import MODELS, ROWS


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Single files, shards, and a folder as Spark writes it."""
    root = tmp_path_factory.mktemp("bucket")
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "id": [f"{i:04d}" for i in range(ROWS)],
            "prediction": rng.normal(size=ROWS),
            "target": rng.normal(size=ROWS),
            "model": rng.choice(MODELS, ROWS),
        }
    )
    frame.to_csv(root / "all.csv", index=False)
    frame.to_csv(root / "all.csv.gz", index=False)
    frame.to_parquet(root / "all.parquet", index=False)
    frame.to_json(root / "all.jsonl", orient="records", lines=True, double_precision=15)
    (root / "a b").mkdir()
    frame.to_csv(root / "a b" / "100% new.csv", index=False)
    (root / "parts").mkdir()
    for i in range(12):
        part = frame.iloc[i * 20 : (i + 1) * 20]
        part.to_parquet(root / "parts" / f"part-{i}.parquet", index=False)
    for model in MODELS:
        folder = root / "runs" / f"model={model}" / "to=us%2Feast"
        folder.mkdir(parents=True)
        of_model = frame[frame.model == model].drop(columns="model")
        of_model.to_parquet(folder / "part-0.parquet", index=False)
        (folder / ".part-0.parquet.crc").write_bytes(b"crc")
    (root / "runs" / "_SUCCESS").write_bytes(b"")
    return root


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody is logged in anywhere, and no machine has a role."""
    for name in os.environ:
        if name.startswith(("AWS_", "GOOGLE_", "HF_", "STORAGE_EMULATOR", "CLOUD_STORAGE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
