"""DuckDB: one SQL query over the files, paired by position.

``python with_duckdb.py LOSS FILE...`` prints the loss.

Parquet is queried where it lies. CSV is loaded into tables first, with the types given: under a
positional join DuckDB parses with hardly more than one thread, while loading uses all of them.

The distance leaves out the 1e-6 that PyTorch adds to every difference: it costs time and changes
the eighth digit.
"""

from __future__ import annotations

import sys

import duckdb

CLASSES = 10
WIDTH = 128


def value(files: dict[str, str], types: dict[str, str], expression: str) -> float:
    """The mean of an expression over files joined by position, each under its alias."""
    connection = duckdb.connect()
    sources = [source(connection, alias, path, types) for alias, path in files.items()]
    query = f"SELECT avg({expression}) FROM {' POSITIONAL JOIN '.join(sources)}"
    return connection.sql(query).fetchall()[0][0]


def source(
    connection: duckdb.DuckDBPyConnection, alias: str, path: str, types: dict[str, str]
) -> str:
    """What stands behind FROM."""
    if path.endswith(".parquet"):
        return f"read_parquet('{path}') AS {alias}"
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in columns_of(path, types).items())
    connection.sql(
        f"CREATE TABLE {alias} AS FROM "
        f"read_csv('{path}', header=true, auto_detect=false, columns={{{columns}}})"
    )
    return alias


def columns_of(path: str, types: dict[str, str]) -> dict[str, str]:
    with open(path) as file:
        header = file.readline().strip().split(",")
    return {name: types.get(name, "DOUBLE") for name in header}


def mse(preds: str, targets: str) -> float:
    error = "(prediction - target)"
    return value({"p": preds, "t": targets}, {}, f"{error} * {error}")


def cross_entropy(logits: str, labels: str) -> float:
    names = [f"logits_{k}" for k in range(CLASSES)]
    top = f"greatest({', '.join(names)})"
    total = " + ".join(f"exp({name} - {top})" for name in names)
    picks = " ".join(f"WHEN {k} THEN {name}" for k, name in enumerate(names))
    loss = f"ln({total}) + {top} - CASE target {picks} END"
    return value({"l": logits, "t": labels}, {"target": "BIGINT"}, loss)


def triplet_margin(anchor: str, positive: str, negative: str) -> float:
    distance = column_distance if anchor.endswith(".csv") else array_distance
    types = {f"embedding_{k}": "FLOAT" for k in range(WIDTH)}
    loss = f"greatest({distance('a', 'p')} - {distance('a', 'n')} + 1.0, 0.0)"
    return value({"a": anchor, "p": positive, "n": negative}, types, loss)


def array_distance(a: str, b: str) -> str:
    left, right = (f"{table}.embedding::FLOAT[{WIDTH}]" for table in (a, b))
    return f"array_distance({left}, {right})"


def column_distance(a: str, b: str) -> str:
    differences = [f"({a}.embedding_{k} - {b}.embedding_{k})" for k in range(WIDTH)]
    return f"sqrt({' + '.join(f'{d} * {d}' for d in differences)})"


LOSSES = {"mse": mse, "cross-entropy": cross_entropy, "triplet-margin": triplet_margin}

if __name__ == "__main__":
    print(LOSSES[sys.argv[1]](*sys.argv[2:]))
