"""The documentation does what it says: commands run, outputs match, generated pages are current."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import DATA, ROOT, blocks, commands, needs, outputs, shell

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [c for c in commands(README) if "venv" not in c])
def test_readme_commands_run(command: str, folder: Path) -> None:
    needs(command)
    done = shell(command, folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("command", "printed"), outputs(README))
def test_readme_outputs(command: str, printed: str, folder: Path) -> None:
    needs(command)
    assert shell(command, folder).stdout == printed


# Pages whose console blocks are run among the sample data, and whose Python blocks too.
PAGES = {
    name: (ROOT / "docs" / name).read_text(encoding="utf-8")
    for name in ("comparing.md", "data.md", "rows.md", "slices.md")
}


@pytest.mark.parametrize(
    ("command", "printed"), [pair for text in PAGES.values() for pair in outputs(text)]
)
def test_pages_outputs(command: str, printed: str, folder: Path) -> None:
    needs(command)
    assert shell(command, folder).stdout == printed


@pytest.mark.parametrize("name", PAGES)
def test_pages_python_runs(name: str) -> None:
    assert outputs(PAGES[name])
    for block in blocks(PAGES[name], "python"):
        exec(compile(block, name, "exec"), {})


def test_readme_shows_outputs() -> None:
    assert outputs(README)
    assert len(commands(README)) > 15


def test_readme_python_runs() -> None:
    for block in blocks(README, "python"):
        exec(compile(block, "README.md", "exec"), {})


def test_set_up_is_two_commands() -> None:
    marked = re.findall(r"^<!-- (quickstart|tests) -->\n```bash\n(.*?)```", README, re.M | re.S)
    assert [name for name, _ in marked] == ["quickstart", "tests"]
    assert all(command.count("\n") == 1 for _, command in marked)


SAMPLES = (DATA / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "value"), re.findall(r"^\| `(losscli .*?)` \| ([-\d.]+) \|", SAMPLES, re.M)
)
def test_sample_data_commands_give_their_values(command: str, value: str, folder: Path) -> None:
    done = shell(f"{command} --format value", folder.parent)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(float(value), rel=1e-5)


def test_generated_pages_are_current() -> None:
    # Typer's help differs between versions; the gate pins one and checks docs/cli.md with it.
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    environment = dict(os.environ)
    try:
        spec.loader.exec_module(generate)
        stale = {path.name for path, _, _ in generate.out_of_date()}
    finally:
        os.environ.clear()
        os.environ.update(environment)
    assert stale <= {"cli.md"}


def test_the_page_on_adding_a_loss_adds_one() -> None:
    page = (ROOT / "docs" / "adding-a-loss.md").read_text(encoding="utf-8")
    row_loss, set_loss, list_loss = blocks(page, "python")
    script = f"""
import doctest
from typing import Annotated

import numpy as np
import losscli
from losscli import losses
from losscli.domain import Array, Real, Relevances, Scores
from losscli.numerics import minus_log1p
from losscli.spec import find, loss
from losscli.statistics import Sum
{row_loss}
{set_loss}
{list_loss}
assert find("LinexLoss").name == "linex"
result = losscli.compute("linear_exponential(a=2)", [1.5, 0.0], [1.0, 0.0])
assert abs(result.value - (np.e - 2.0) / 2.0) < 1e-15
assert abs(linex([1e-9], [0.0])[0] / 5.000000001666667e-19 - 1.0) < 1e-15
assert linex([np.inf, -np.inf], [0.0, 0.0]).tolist() == [np.inf, np.inf]
losses.linex, losses.bias, losses.pair_error = linex, bias, pair_error
assert doctest.testmod() == (0, 3)

assert losscli.compute("mean_bias_error", [1.0, 2.0, 6.0], [0.0, 3.0, 3.0]).value == 1.0
assert losscli.compute("bias", [1.0, 4.0], [0.0, 6.0], reduction="mean").value == 1.5

lists = losscli.compute("pair-error", [[0.3, 0.9, 0.1], [0.5]], [[1, 0, 2], [1]])
assert (lists.value, lists.divisor_meaning) == (1.0, "pairs")
assert lists.per_sample.tolist() == [1.0, 0.0]
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
