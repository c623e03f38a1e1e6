"""What is measured: a loss, a file format, a number of rows. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

TIMES = "\N{MULTIPLICATION SIGN}"

CLASSES = 10
WIDTH = 128

FILES = {
    "mse": ("preds", "targets"),
    "cross-entropy": ("logits", "labels"),
    "triplet-margin": ("anchor", "positive", "negative"),
}


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    loss: str
    suffix: str
    rows: int
    shape: str
    tolerance: float
    """The relative difference from losscli's value that a competitor may show."""

    def folder(self, data: Path) -> Path:
        """Named by the number of rows too, so that a smoke run never passes for a full one."""
        return data / f"{self.loss}-{self.rows}"

    def paths(self, data: Path) -> list[Path]:
        return [self.folder(data) / f"{stem}.{self.suffix}" for stem in FILES[self.loss]]

    @property
    def title(self) -> str:
        file_format = {"csv": "CSV", "parquet": "Parquet"}[self.suffix]
        return f"{self.loss}, {amount(self.rows)} {self.shape}, {file_format}"


def amount(rows: int) -> str:
    """``10000000`` as ``10 million``, anything uneven with separators."""
    return f"{rows // 10**6} million" if rows and rows % 10**6 == 0 else f"{rows:,}"


def scaled(case: Case, scale: float) -> Case:
    return replace(case, rows=max(1, round(case.rows * scale)))


PAIRS = "pairs"
LOGITS = f"{TIMES} {CLASSES} logits"
TRIPLETS = f"{TIMES} {WIDTH} triplets"

# Embeddings are float32, and so is the arithmetic of those who read them; Polars and DuckDB also
# leave out the 1e-6 that PyTorch adds to every difference. That leaves them six digits or more.
CASES = (
    Case("mse-parquet", "mse", "parquet", 10**7, PAIRS, 1e-9),
    Case("mse-csv", "mse", "csv", 10**7, PAIRS, 1e-9),
    Case("cross-entropy-parquet", "cross-entropy", "parquet", 10**6, LOGITS, 1e-9),
    Case("cross-entropy-csv", "cross-entropy", "csv", 10**6, LOGITS, 1e-9),
    Case("triplet-parquet", "triplet-margin", "parquet", 10**6, TRIPLETS, 1e-6),
    # A tenth of the rows: a million would be four gigabytes of text.
    Case("triplet-csv", "triplet-margin", "csv", 10**5, TRIPLETS, 1e-6),
)
BIG = Case("big", "mse", "parquet", 10**8, PAIRS, 1e-9)
