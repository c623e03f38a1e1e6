"""Write the files that the benchmark reads: ``python benchmarks/make_data.py [CASE...]``.

A file is written once, to a temporary name that is renamed when whole, and kept: what exists is
not made again. The same seed always gives the same values, and the CSV files of a case hold the
first rows of its Parquet files.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from cases import BIG, CASES, CLASSES, WIDTH, Case, scaled

SEED = 20240607
# The rows of a row group that pyarrow writes by default: a file written in blocks of as many rows
# comes out as pq.write_table would have written it in one go.
BLOCK = 1 << 20
# Values are drawn in smaller pieces, each from its own seed, so that memory stays low for text and
# a shorter file is a prefix of a longer one.
PIECE = 1 << 16

Tables = dict[str, pa.Table]


def pairs(rng: np.random.Generator, rows: int, wide: bool) -> Tables:
    """Targets, and predictions that miss them by a normal residual."""
    target = rng.normal(20.0, 5.0, rows)
    prediction = target + rng.normal(0.0, 1.5, rows)
    return {
        "preds": pa.table({"prediction": prediction}),
        "targets": pa.table({"target": target}),
    }


def classes(rng: np.random.Generator, rows: int, wide: bool) -> Tables:
    """Logits of a fair classifier: the true class is raised by two."""
    label = rng.integers(0, CLASSES, rows)
    logits = rng.normal(0.0, 1.0, (CLASSES, rows))
    logits[label, np.arange(rows)] += 2.0
    return {
        "logits": pa.table({f"logits_{k}": column for k, column in enumerate(logits)}),
        "labels": pa.table({"target": label}),
    }


def triplets(rng: np.random.Generator, rows: int, wide: bool) -> Tables:
    """Embeddings whose negatives lie about one margin further than their positives."""

    def normal(scale: float) -> np.ndarray:
        return rng.standard_normal((rows, WIDTH), dtype=np.float32) * np.float32(scale)

    anchor = normal(1.0)
    embeddings = {"anchor": anchor, "positive": anchor + normal(1.0)}
    embeddings["negative"] = anchor + normal(1.1)
    return {name: embedding_table(matrix, wide) for name, matrix in embeddings.items()}


def embedding_table(matrix: np.ndarray, wide: bool) -> pa.Table:
    """One list column, or, for text, one column an element."""
    if wide:
        columns = np.ascontiguousarray(matrix.T)
        return pa.table({f"embedding_{k}": column for k, column in enumerate(columns)})
    values = pa.array(matrix.reshape(-1))
    return pa.table({"embedding": pa.FixedSizeListArray.from_arrays(values, WIDTH)})


MAKERS: dict[str, Callable[[np.random.Generator, int, bool], Tables]] = {
    "mse": pairs,
    "cross-entropy": classes,
    "triplet-margin": triplets,
}


def pieces(case: Case) -> Iterator[Tables]:
    """The rows of a case, a piece at a time; the piece's number is part of its seed."""
    make = MAKERS[case.loss]
    for number, start in enumerate(range(0, case.rows, PIECE)):
        # Always a whole piece, then cut: draws of a shorter one would not be a prefix.
        tables = make(np.random.default_rng([SEED, number]), PIECE, case.suffix == "csv")
        yield {name: table.slice(0, case.rows - start) for name, table in tables.items()}


class CsvSink:
    """Text under a bare header; floats with the fewest digits that read back as the same bits."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.file = path.open("wb")
        self.file.write((",".join(schema.names) + "\n").encode())
        options = pa.csv.WriteOptions(include_header=False)
        self.writer = pa.csv.CSVWriter(self.file, schema, write_options=options)

    def write(self, table: pa.Table) -> None:
        self.writer.write_table(table)

    def close(self) -> None:
        self.writer.close()
        self.file.close()


class ParquetSink:
    """Parquet with pyarrow's default settings, row groups included."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.writer = pq.ParquetWriter(path, schema)
        self.waiting: list[pa.Table] = []

    def write(self, table: pa.Table) -> None:
        self.waiting.append(table)
        if sum(len(part) for part in self.waiting) >= BLOCK:
            self.flush()

    def flush(self) -> None:
        if self.waiting:
            self.writer.write_table(pa.concat_tables(self.waiting))
            self.waiting = []

    def close(self) -> None:
        self.flush()
        self.writer.close()


def make(case: Case, data: Path) -> None:
    """Write the files of one case unless they are all there."""
    paths = {path.stem: path for path in case.paths(data)}
    if all(path.exists() for path in paths.values()):
        return
    case.folder(data).mkdir(parents=True, exist_ok=True)
    sink_type = CsvSink if case.suffix == "csv" else ParquetSink
    sinks: dict[str, CsvSink | ParquetSink] = {}
    for tables in pieces(case):
        for name, table in tables.items():
            if name not in sinks:
                sinks[name] = sink_type(partial(paths[name]), table.schema)
            sinks[name].write(table)
    for name, sink in sinks.items():
        sink.close()
        partial(paths[name]).rename(paths[name])


def partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def main() -> None:
    known = {case.name: case for case in (*CASES, BIG)}
    parser = argparse.ArgumentParser(description="Write the benchmark's files.")
    parser.add_argument("--data", type=Path, default=Path(__file__).parent / "data")
    parser.add_argument("--rows-scale", type=float, default=1.0, help="a share of the rows")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(known)}")
    options = parser.parse_args()
    for name in options.cases or [case.name for case in CASES]:
        if name not in known:
            parser.error(f"no case {name!r}; there are {', '.join(known)}")
        make(scaled(known[name], options.rows_scale), options.data)


if __name__ == "__main__":
    main()
