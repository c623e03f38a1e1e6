"""Every step of docs/custom-losses.md, as a user would take it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pages import DATA, ROOT, blocks, outputs, shell

PAGE = (ROOT / "docs" / "custom-losses.md").read_text(encoding="utf-8")
SCRIPTS = [block for block in blocks(PAGE, "python") if block.startswith("import losscli")]
LOSSES = [block for block in blocks(PAGE, "python") if block not in SCRIPTS]


@pytest.mark.parametrize(("command", "printed"), outputs(PAGE))
def test_commands_print_what_the_page_shows(command: str, printed: str, folder: Path) -> None:
    assert shell(command, folder).stdout == printed


def test_the_losses_are_those_of_the_file() -> None:
    file = (DATA / "my_losses.py").read_text(encoding="utf-8")
    assert len(LOSSES) == 7
    for block in LOSSES:
        assert block in file


def test_python_runs(folder: Path) -> None:
    assert len(SCRIPTS) == 1
    for block in SCRIPTS:
        subprocess.run([sys.executable, "-c", block], cwd=folder, check=True)


def test_the_package_publishes(folder: Path) -> None:
    (text,) = blocks(PAGE, "toml")
    project = tomllib.loads(text)["project"]
    points = project["entry-points"]["losscli.losses"]
    # As pip installs it.
    (folder / "my_losses.py").rename(folder / "acme_losses.py")
    info = folder / f"acme_losses-{project['version']}.dist-info"
    info.mkdir()
    names = f"Name: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\n{names}")
    lines = "\n".join(f"{name} = {target}" for name, target in points.items())
    (info / "entry_points.txt").write_text(f"[losscli.losses]\n{lines}\n")
    run = f"{sys.executable} -m losscli"
    listed = shell(f"{run} list", folder).stdout
    for name, target in points.items():
        assert re.search(rf"^  {name} +acme-losses 1\.2 +{target}$", listed, re.MULTILINE)
    done = shell(f"{run} compute lopsided preds.csv targets.csv --above 2 -f value", folder)
    assert done.stdout == "72.32796075315599\n"
    done = shell(f"{run} compute acme_losses:lopsided preds.csv targets.csv -f value", folder)
    assert done.returncode == 0
