"""The house: which room may know which, checked by reading the imports and nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "losscli"
SOURCES = sorted(PACKAGE.rglob("*.py"))
LOSSES = PACKAGE / "losses"
# A family is a module, or a folder of them.
KERNELS = [path for path in SOURCES if path.is_relative_to(LOSSES) and path.name != "__init__.py"]

# DESIGN: a room, and the rooms it may import. A room may always import itself.
GROUND = {"errors", "version", "codes", "strict_json"}
VALUES = GROUND | {"domain", "numerics", "convention"}
# Shapes are about domains, declarations and data alike.
ROWS = VALUES | {"shapes", "ragged"}
RECORDS = {"findings", "denominator", "results", "advice", "verdict", "comparison", "verification"}
DECLARATIONS = ROWS | RECORDS | {"spec", "state", "sliced", "statistics"}
OFFERED = {"together", "api", "versus", "rival", "checks", "laws"}
BELOW_CLI = (
    DECLARATIONS
    | {"sizes", "combination", "losses", "data", "custom", "engine", "analysis", "report"}
    | OFFERED
)
ALLOWED = {
    "errors": set(),
    "version": set(),
    "codes": set(),
    "strict_json": set(),
    "findings": {"codes", "errors"},
    "denominator": set(),
    "domain": {"errors"},
    "numerics": {"errors"},
    "convention": set(),
    "sizes": {"errors"},
    "shapes": VALUES,
    "ragged": VALUES,
    "spec": VALUES | {"shapes"},
    "state": VALUES,
    "sliced": VALUES,
    "statistics": VALUES | {"state"},
    "results": VALUES | {"findings", "denominator"},
    "advice": VALUES | {"findings"},
    "verdict": VALUES | {"findings", "results"},
    "comparison": VALUES | {"results", "denominator"},
    "verification": GROUND,
    "losses": {"spec", "domain", "numerics", "convention", "statistics", "state"},
    "data": ROWS | {"results", "sizes"},
    "custom": ROWS | {"spec", "statistics", "data"},
    "combination": VALUES | {"spec"},
    "engine": DECLARATIONS | {"combination", "losses", "data"},
    "analysis": DECLARATIONS | {"combination", "losses", "data", "engine"},
    "report": VALUES | RECORDS | {"spec"},
    "together": BELOW_CLI - {"report"} - OFFERED,
    "api": BELOW_CLI - {"report", "checks", "laws", "rival", "versus"},
    "versus": BELOW_CLI - {"report", "checks", "laws", "rival"},
    "rival": BELOW_CLI - {"report", "checks", "laws"},
    "checks": BELOW_CLI - {"report", "laws"},
    "laws": BELOW_CLI - {"report", "checks"},
    "cli": BELOW_CLI,
    "__main__": {"cli"},
    "__init__": BELOW_CLI,
}

# Who may import what is not ours.
OUTSIDERS = {
    "fsspec": {"data"},
    "typer": {"cli"},
    "rich": {"report", "cli"},
    "pyarrow": {"data"},
    "pandas": {"data", "results", "comparison"},
    "click": set(),
    "torch": set(),
    "sklearn": set(),
    "scipy": {"analysis"},
}


def room(path: Path) -> str:
    """The top-level module or package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, at the top, in functions, and for type checking."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            assert node.module is not None
            if node.module == "losscli":
                yield from (f"losscli.{alias.name}" for alias in node.names)
            else:
                yield node.module


def imports_at_the_top(path: Path) -> set[str]:
    """What importing the file imports for certain: not in functions, not for type checking."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module)
    return {name.partition(".")[0] for name in found}


names = [str(path.relative_to(PACKAGE)) for path in SOURCES]


@pytest.mark.parametrize("path", SOURCES, ids=names)
def test_arrows_point_down(path: Path) -> None:
    known = {name.split(".")[1] for name in imports(path) if name.startswith("losscli.")}
    assert known - {room(path)} - ALLOWED[room(path)] == set()


@pytest.mark.parametrize("path", SOURCES, ids=names)
def test_outside_libraries_stay_in_their_rooms(path: Path) -> None:
    used = {name.partition(".")[0] for name in imports(path)}
    wrong = {name for name in used & set(OUTSIDERS) if room(path) not in OUTSIDERS[name]}
    assert wrong == set()
    assert used <= {"losscli", "numpy", *OUTSIDERS, *sys.stdlib_module_names}


@pytest.mark.parametrize("path", KERNELS, ids=[str(path.relative_to(LOSSES)) for path in KERNELS])
def test_losses_are_kernels_and_nothing_else(path: Path) -> None:
    used = {name for name in imports(path) if not name.startswith("losscli.losses.")}
    used -= {"__future__"}
    declared = {"losscli.spec", "losscli.domain", "losscli.numerics", "losscli.convention"}
    ours = declared | {"losscli.statistics", "losscli.state"}
    library = {"typing", "collections.abc", "functools", "itertools", "math"}
    allowed = {*ours, "numpy", "numpy.typing", *library}
    assert used <= allowed


def test_families_do_not_know_each_other() -> None:
    for path in KERNELS:
        family = path.relative_to(LOSSES).parts[0].removesuffix(".py")
        losses = {name for name in imports(path) if name.startswith("losscli.losses")}
        assert not {name for name in losses if not name.startswith(f"losscli.losses.{family}.")}


def test_there_is_no_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
    assert not {path for path in SOURCES if {path.stem, path.parent.name} & drawers}


@pytest.mark.parametrize("path", SOURCES, ids=names)
def test_heavy_imports_wait_until_they_are_used(path: Path) -> None:
    """`losscli --help` and a bare value load what they need and no more."""
    heavy = {"pandas", "rich"} if path.name != "screen.py" else {"pandas"}
    if room(path) in ("cli", "__init__", "errors", "version"):
        heavy |= {"numpy", "pyarrow"}
    assert imports_at_the_top(path) & heavy == set()


def test_report_alone_knows_how_to_draw() -> None:
    drawing = {path.name for path in SOURCES if "rich" in {n.split(".")[0] for n in imports(path)}}
    assert drawing <= {"screen.py"}


def test_no_asserts_for_users() -> None:
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)], path


def test_the_contracts_of_import_linter_hold() -> None:
    pytest.importorskip("importlinter")
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
