"""A loss of the user's own on the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from own_losses import LOSSES, publish

PRINTING = '''
print("loaded")


def mine(pred, target, threads=1, above: float = 2.0):
    """Costs more above.

    Args:
        above: what one unit above costs
    """
    print("called")
    return above * (pred - target)


def broken(pred, target):
    return pred / nothing
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my_losses.py").write_text(LOSSES)
    (tmp_path / "mine.py").write_text(PRINTING)
    (tmp_path / "preds.csv").write_text("pred\n2.0\n3.0\n")
    (tmp_path / "targets.csv").write_text("target\n1.0\n1.0\n")
    wide = "\n1,2,3\n2,3,4\n"
    (tmp_path / "wide.csv").write_text(f"prediction_0,prediction_1,prediction_2{wide}")
    (tmp_path / "truth.csv").write_text("target_0,target_1,target_2\n0,0,0\n0,0,0\n")
    return tmp_path


def losscli(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "losscli", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_settings_are_options(folder: Path) -> None:
    files = ("my_losses.py:weighted_mse", "wide.csv", "truth.csv", "-f", "value")
    assert losscli(folder, "compute", *files, "--weights", "1,2,3").stdout == "17.666666666666668\n"
    (folder / "w.csv").write_text("w\n1\n2\n3\n")
    assert (
        losscli(folder, "compute", *files, "--weights", "@w.csv").stdout == "17.666666666666668\n"
    )
    done = losscli(folder, "compute", *files)
    assert (done.returncode, done.stdout) == (2, "")
    assert "needs weights\n  give --weights" in done.stderr


def test_help_shows_them(folder: Path) -> None:
    done = losscli(folder, "compute", "mine.py:mine", "--help")
    text = " ".join(done.stdout.replace("│", "").split())
    assert "Costs more above." in text
    assert "--above FLOAT What one unit above costs: a number. Default 2.0." in text
    assert "In the spec string only: mine.py:mine(threads=...)" in text


def test_what_it_prints_is_no_result(folder: Path) -> None:
    done = losscli(folder, "compute", "mine.py:mine", "preds.csv", "targets.csv", "-f", "value")
    assert (done.returncode, done.stdout) == (0, "3.0\n")
    assert done.stderr.startswith("loaded\ncalled\n")


def test_a_fault_is_one_message(folder: Path) -> None:
    files = ("mine.py:broken", "preds.csv", "targets.csv")
    done = losscli(folder, "compute", *files, "--per-sample", "rows.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(
        "error: mine.py, line 16: mine.py:broken raised NameError: "
        "name 'nothing' is not defined (LC406)\n"
        "    return pred / nothing\n"
        "  called with pred (7,) float64, target (7,) float64; "
        "--traceback shows the whole traceback\n"
    )
    assert not (folder / "rows.csv").exists()
    shown = losscli(folder, "--traceback", "compute", *files).stderr
    assert "Traceback" in shown
    assert 'mine.py", line 16, in broken' in shown


def test_the_page_says_where_it_is_from(folder: Path) -> None:
    done = losscli(folder, "compute", "my_losses.py:rmse", "preds.csv", "targets.csv")
    assert done.returncode == 0
    line = LOSSES.splitlines().index("def rmse(pred, target):") + 1
    assert f"my_losses.py:rmse  from my_losses.py, line {line}" in done.stdout
    assert "info LC404" in done.stdout
    assert "my_losses.py:rmse = 1.5811388300841898  (over 2 rows at once)" in done.stdout
    page = losscli(folder, "show", "my_losses.py:weighted_mse").stdout
    assert "from          my_losses.py, line 7" in page
    assert page.endswith("compute my_losses.py:weighted_mse PRED TARGET --weights X,X,...\n")


def test_check_judges_it(folder: Path) -> None:
    words = ("check", "my_losses.py:rmse", "preds.csv", "targets.csv", "--max")
    assert losscli(folder, *words, "1.6").returncode == 0
    assert losscli(folder, *words, "1.5").returncode == 1


def test_a_baseline_is_of_one_version_of_the_code(folder: Path) -> None:
    words = ("check", "mine.py:mine", "preds.csv", "targets.csv", "--baseline", "b.json")
    assert losscli(folder, *words, "--update-baseline").returncode == 0
    assert losscli(folder, *words).returncode == 0
    (folder / "mine.py").write_text(PRINTING.replace("above *", "0.5 * above *"))
    done = losscli(folder, *words)
    assert done.returncode == 2
    assert "mine.py:mine|code:" in done.stderr


def test_models_are_compared_by_it(folder: Path) -> None:
    (folder / "new.csv").write_text("pred\n1.5\n1.0\n")
    models = ("old=preds.csv", "new=new.csv", "--target", "targets.csv")
    done = losscli(folder, "compare", "my_losses.py:rmse", *models, "-f", "json")
    assert done.returncode == 0, done.stderr
    assert '"value": 0.3535533905932738' in done.stdout


def test_list_says_where_each_came_from(folder: Path) -> None:
    plain = losscli(folder, "list").stdout
    assert "from packages" not in plain
    publish(folder, "acme-losses", tilted="acme_losses:tilted")
    # `-m` has the current folder on the path, as an environment has its packages.
    listed = losscli(folder, "list").stdout
    assert "tilted  acme-losses 1.2  acme_losses:tilted" in listed
    publish(folder, "other-losses", tilted="other:tilted")
    done = losscli(folder, "list")
    assert done.returncode == 2
    assert "acme-losses 1.2" in done.stderr
    assert "other-losses 1.2" in done.stderr
