"""Time losscli against what one would write otherwise: ``python benchmarks/run.py``.

Every competitor is a whole process that reads the same files and prints one number. Nothing is
timed before all numbers agree. Only the standard library is imported here, and data is made in
another process: Linux counts the memory of a process that starts another towards the peak of the
one it starts, so this one has to be smaller than anything it measures.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from statistics import median

from cases import BIG, CASES, TIMES, Case, scaled
from measure import MeasurementError, Run, measure

HERE = Path(__file__).parent
SUBJECT = "losscli"
PEERS = {
    "polars": ("with_polars.py", "polars"),
    "DuckDB": ("with_duckdb.py", "duckdb"),
    "scikit-learn": ("with_sklearn.py", "scikit-learn"),
    "PyTorch": ("with_torch.py", "torch"),
}
LACKING = {("scikit-learn", "triplet-margin")}
MEMORY_LIMIT = 400  # megabytes, what losscli promises whatever the number of rows

Runs = dict[str, list[Run]]


def commands(case: Case, data: Path, losscli: str) -> dict[str, list[str]]:
    """The command line of every competitor in a case, losscli's first."""
    files = [str(path) for path in case.paths(data)]
    lines = {SUBJECT: [losscli, "compute", case.loss, *files, "--format", "value"]}
    for peer, (script, _) in PEERS.items():
        if (peer, case.loss) not in LACKING:
            lines[peer] = [sys.executable, str(HERE / "peers" / script), case.loss, *files]
    return lines


def interleaved(lines: dict[str, list[str]], rounds: int) -> Runs:
    """Everyone once a round, so that a slow minute of the machine hits all alike.

    Each round starts one further on, so that nobody always follows the same neighbour.
    """
    runs: Runs = {name: [] for name in lines}
    names = list(lines)
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            runs[name].append(measure(lines[name]))
    return runs


def check(case: Case, values: dict[str, float]) -> None:
    """Raise unless every value agrees with losscli's."""
    expected = values[SUBJECT]
    for name, value in values.items():
        # An infinity or a nan agrees with nothing, not even with itself.
        if not abs(value - expected) <= case.tolerance * abs(expected) < math.inf:
            raise MeasurementError(
                f"{case.name}: {name} says {value!r}, {SUBJECT} {expected!r}, "
                f"which differ by more than {case.tolerance:g} of the value"
            )


def run_case(case: Case, data: Path, losscli: str, rounds: int) -> Runs:
    """A warm-up round that is checked, then the rounds that count."""
    lines = commands(case, data, losscli)
    say(f"{case.name}: checking that the numbers agree")
    check(case, {name: measure(line).value for name, line in lines.items()})
    say(f"{case.name}: {rounds} rounds of {len(lines)} processes")
    return interleaved(lines, rounds)


def time_cell(runs: Runs, name: str) -> str:
    """``1.3x (0.27 s)``: how many times losscli's time, and the time."""
    if name not in runs:
        return "-"
    seconds = f"{median(run.seconds for run in runs[name]):.2f} s"
    if name == SUBJECT:
        return seconds
    rounds = zip(runs[name], runs[SUBJECT], strict=True)
    ratios = [peer.seconds / own.seconds for peer, own in rounds]
    return f"{median(ratios):.1f}{TIMES} ({seconds})"


def fastest_cell(runs: Runs, name: str) -> str:
    return f"{min(run.seconds for run in runs[name]):.2f}" if name in runs else "-"


def cpu_cell(runs: Runs, name: str) -> str:
    """``1.3x (0.27 s)``: the least that it took, which other work on the machine hardly changes."""
    if name not in runs:
        return "-"
    least, own = (min(run.cpu_seconds for run in runs[one]) for one in (name, SUBJECT))
    return f"{least:.2f} s" if name == SUBJECT else f"{least / own:.1f}{TIMES} ({least:.2f} s)"


def memory_cell(runs: Runs, name: str) -> str:
    return f"{peak(runs[name]):,.0f}" if name in runs else "-"


def peak(runs: list[Run]) -> float:
    return max(run.megabytes for run in runs)


def table(results: dict[Case, Runs], cell: Callable[[Runs, str], str], unit: str) -> str:
    """A markdown table: a row a case, a column a competitor."""
    header = [unit, SUBJECT, *PEERS]
    rule = ["---"] + ["---:"] * (len(header) - 1)
    rows = [
        [case.title, *(cell(runs, name) for name in header[1:])] for case, runs in results.items()
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, rule, *rows))


def report(results: dict[Case, Runs], rounds: int) -> str:
    parts = [
        f"Median wall time of {rounds} runs. For the others first the median of {rounds} ratios, "
        "each to losscli's run of the same round:",
        table(results, time_cell, "wall time"),
        "Peak memory of the largest process, over all runs:",
        table(results, memory_cell, "MB"),
        f"CPU time, user and system, the least of {rounds} runs. For the others first how many "
        "times losscli's:",
        table(results, cpu_cell, "CPU time"),
        f"Fastest of {rounds} runs:",
        table(results, fastest_cell, "seconds"),
    ]
    return "\n\n".join(parts)


def environment(losscli: str) -> str:
    """What was measured and on what, in one line."""
    version = subprocess.run([losscli, "--version"], check=True, capture_output=True, text=True)
    parts = [version.stdout.strip()]
    parts += [f"{name} {metadata.version(name)}" for _, name in PEERS.values()]
    parts += [f"Python {platform.python_version()}", platform.system(), platform.machine()]
    return ", ".join([*parts, f"{cores()} cores"])


def cores() -> int:
    """Those that this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_big(case: Case, data: Path, losscli: str, rounds: int) -> bool:
    """Only losscli on ten times the rows; DuckDB just vouches for the number."""
    lines = commands(case, data, losscli)
    own = {SUBJECT: lines[SUBJECT]}
    check(case, {name: measure(lines[name]).value for name in (SUBJECT, "DuckDB")})
    runs = interleaved(own, rounds)[SUBJECT]
    seconds = [run.seconds for run in runs]
    print(
        f"{case.title}: median {median(seconds):.2f} s, fastest {min(seconds):.2f} s of {rounds}"
        f" runs; peak memory {peak(runs):,.0f} MB (promised: under {MEMORY_LIMIT} MB)"
    )
    return peak(runs) < MEMORY_LIMIT


def make_data(names: list[str], data: Path, scale: float) -> None:
    say(f"making what is missing in {data}")
    options = ["--data", str(data), "--rows-scale", str(scale)]
    subprocess.run([sys.executable, str(HERE / "make_data.py"), *options, *names], check=True)


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def find_losscli() -> str | None:
    """The one of this environment, else the one on the path."""
    beside = Path(sys.executable).with_name("losscli")
    return str(beside) if beside.exists() else shutil.which("losscli")


def parse() -> argparse.Namespace:
    names = [case.name for case in CASES]
    parser = argparse.ArgumentParser(description="Time losscli against other libraries.")
    parser.add_argument("--data", type=Path, default=HERE / "data", help="where the files are kept")
    parser.add_argument("--runs", type=int, default=5, help="rounds that count (default: 5)")
    parser.add_argument("--only", metavar="CASE,...", help=f"of {', '.join(names)}")
    parser.add_argument("--losscli", metavar="PATH", help="the command to measure")
    parser.add_argument("--rows-scale", type=float, default=1.0, help="0.01 for a smoke run")
    parser.add_argument("--big", action="store_true", help="only losscli, on 100 million pairs")
    options = parser.parse_args()
    options.losscli = options.losscli or find_losscli()
    if options.losscli is None:
        parser.error("losscli is not installed here; name it with --losscli PATH")
    options.only = options.only.split(",") if options.only else names
    if unknown := sorted(set(options.only) - set(names)):
        parser.error(f"no case {', '.join(unknown)}; there are {', '.join(names)}")
    if options.runs < 1 or options.rows_scale <= 0:
        parser.error("--runs and --rows-scale take numbers above zero")
    return options


def main() -> int:
    options = parse()
    wanted = [BIG.name] if options.big else options.only
    cases = [scaled(case, options.rows_scale) for case in (*CASES, BIG) if case.name in wanted]
    context = options.data, options.losscli, options.runs
    try:
        make_data(wanted, options.data, options.rows_scale)
        print(environment(options.losscli), end="\n\n", flush=True)
        if options.big:
            return 0 if run_big(cases[0], *context) else 1
        print(report({case: run_case(case, *context) for case in cases}, options.runs))
    except (MeasurementError, subprocess.CalledProcessError) as error:
        say(f"stopped: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
