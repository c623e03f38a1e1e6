"""docs/ci.md, the action and the hook do what they say, as far as that goes without a network."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from checking import annotations, junit
from pages import DATA, ROOT, blocks, needs, outputs, shell

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load(
    (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
)
WORKFLOWS = [yaml.safe_load(text) for text in blocks(PAGE, "yaml")]


@pytest.fixture(autouse=True)
def _outside_of_a_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project: the sample data with its checks, and nothing above it."""
    copy = Path(shutil.copytree(DATA, tmp_path / "project"))
    (copy / ".git").mkdir()
    return copy


def test_the_consoles_of_the_page_one_after_the_other(project: Path) -> None:
    found = outputs(PAGE)
    assert len(found) > 5
    for command, printed in found:
        needs(command)
        assert shell(command, project).stdout == printed, command


def test_the_python_of_the_page_runs() -> None:
    (code,) = blocks(PAGE, "python")
    exec(compile(code, "ci.md", "exec"), {})


def test_the_file_of_checks_is_one(project: Path) -> None:
    (text,) = blocks(PAGE, "toml")
    tomllib.loads(text)
    (project / "losscli.toml").write_text(text, encoding="utf-8")
    (project / "baselines").mkdir()
    done = shell("losscli check --update-baseline && losscli check", project)
    assert done.returncode == 0, done.stderr


# GitHub.


def workflows() -> list[dict[str, Any]]:
    return [page for page in WORKFLOWS if isinstance(page, dict) and "jobs" in page]


def test_workflows_have_steps_that_use_or_run() -> None:
    assert len(workflows()) == 2
    for page in workflows():
        # YAML 1.1 reads the key `on` as true.
        assert page.get("on", page.get(True)) == ["pull_request"]
        for job in page["jobs"].values():
            assert job["runs-on"] == "ubuntu-latest"
            for step in job["steps"]:
                assert ("uses" in step) != ("run" in step)


def test_the_commands_of_the_plain_workflow_run(project: Path) -> None:
    steps = [step for job in workflows()[1]["jobs"].values() for step in job["steps"]]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands[0] == "pip install losscli"
    (command,) = commands[1:]
    done = shell(command, project)
    assert done.returncode == 0, done.stderr
    junit((project / "losscli.xml").read_text("utf-8"))


def with_inputs(text: str, inputs: dict[str, str]) -> str:
    """An expression of the action, evaluated."""
    for name, declared in ACTION["inputs"].items():
        text = text.replace(f"${{{{ inputs.{name} }}}}", inputs.get(name, declared["default"]))
    text = text.replace("${{ github.action_path }}", str(ROOT))
    assert "${{" not in text
    return text


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A runner's folder of programs, whose python3 makes environments that install nothing."""
    programs = tmp_path / "programs"
    programs.mkdir()
    python = shlex.quote(sys.executable)
    log = shlex.quote(str(tmp_path / "pip.log"))
    inner = f'#!/bin/bash\n[ "$2" = pip ] && echo "$@" >> {log} || exec {python} "$@"\n'
    losscli = f'#!/bin/bash\nexec {python} -m losscli "$@"\n'
    outer = (
        "#!/bin/bash\nset -e\n"
        '[ "$1 $2" = "-m venv" ]\nmkdir -p "$3/bin"\n'
        f'printf %s {shlex.quote(inner)} > "$3/bin/python"\n'
        f'printf %s {shlex.quote(losscli)} > "$3/bin/losscli"\n'
        'chmod +x "$3/bin/python" "$3/bin/losscli"\n'
    )
    (programs / "python3").write_text(outer, encoding="utf-8")
    (programs / "python3").chmod(0o755)
    return programs


def act(
    inputs: dict[str, str], project: Path, runner: Path
) -> tuple[subprocess.CompletedProcess[str], str, str]:
    """Run the steps of the action as a runner does; the last one, the pip log, the summary."""
    temporary = runner.parent / "runner temp"
    temporary.mkdir(exist_ok=True)
    summary = runner.parent / "summary.md"
    done = None
    for step in ACTION["runs"]["steps"]:
        assert step["shell"] == "bash"
        folder = project / with_inputs(step.get("working-directory", "."), inputs)
        environment = {
            **os.environ,
            **{name: with_inputs(text, inputs) for name, text in step["env"].items()},
            "PATH": f"{runner}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "RUNNER_TEMP": str(temporary),
            "GITHUB_STEP_SUMMARY": str(summary),
        }
        assert "${{" not in step["run"], "inputs reach a script through its environment"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            break
    assert done is not None
    log = (runner.parent / "pip.log").read_text("utf-8")
    return done, log, summary.read_text("utf-8") if summary.exists() else ""


def test_the_action_is_composite_and_its_inputs_are_described() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert {"name", "description", "inputs", "runs"} <= set(ACTION)
    for declared in ACTION["inputs"].values():
        assert declared["description"]
        assert isinstance(declared["default"], str)
    for page in workflows()[:1]:
        steps = [step for job in page["jobs"].values() for step in job["steps"]]
        (ours,) = [step for step in steps if step.get("uses", "").startswith("OWNER/losscli@")]
        assert set(ours["with"]) <= set(ACTION["inputs"])


def test_the_action_as_the_page_uses_it(project: Path, runner: Path) -> None:
    steps = [step for job in workflows()[0]["jobs"].values() for step in job["steps"]]
    (inputs,) = [step["with"] for step in steps if step["uses"].startswith("OWNER/")]
    done, log, summary = act(inputs, project, runner)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("passed: 2 of 2 checks passed\n")
    assert log == f"-m pip install --quiet --disable-pip-version-check {ROOT}\n"
    assert summary.startswith("**passed**: 2 of 2 checks passed")
    junit((project / "losscli.xml").read_text("utf-8"))


def test_the_action_fails_with_annotations(project: Path, runner: Path) -> None:
    args = (
        "mse preds.csv targets.csv --max 1 --junit-xml 'a \"b\" $(touch pwned) `touch pwned`.xml'"
    )
    done, log, summary = act({"args": args, "version": "1.2.3"}, project, runner)
    assert done.returncode == 1
    assert [level for level, _, _ in annotations(done.stdout)] == ["error"]
    assert "losscli==1.2.3" in log
    assert summary.startswith("**failed**")
    assert (project / 'a "b" $(touch pwned) `touch pwned`.xml').exists()
    assert not (project / "pwned").exists()


def test_the_action_takes_a_configuration_and_a_folder(project: Path, runner: Path) -> None:
    (project / "sub").mkdir()
    shutil.move(project / "losscli.toml", project / "other.toml")
    inputs = {"config": "../other.toml", "working-directory": "sub", "args": "--only digits"}
    done, _, summary = act(inputs, project, runner)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "digits" in summary


# GitLab, pre-commit, Make, a shell.


def test_gitlab(project: Path) -> None:
    (job,) = [page["losses"] for page in WORKFLOWS if isinstance(page, dict) and "losses" in page]
    install, *commands = job["script"]
    assert install == "pip install losscli"
    for command in commands:
        done = shell(command, project)
        assert done.returncode == 0, done.stderr
    assert job["artifacts"]["when"] == "always"
    junit((project / job["artifacts"]["reports"]["junit"]).read_text("utf-8"))


def test_pre_commit(project: Path) -> None:
    (hook,) = HOOKS
    assert {"id", "name", "entry", "language"} <= set(hook)
    assert hook["language"] == "python"
    assert hook["pass_filenames"] is False
    done = shell(hook["entry"], project)
    assert done.returncode == 0, done.stderr
    (page,) = [page for page in WORKFLOWS if isinstance(page, dict) and "repos" in page]
    assert [used["id"] for used in page["repos"][0]["hooks"]] == [hook["id"]]


def test_make(project: Path) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    (text,) = blocks(PAGE, "make")
    (project / "Makefile").write_text(text, encoding="utf-8")
    done = shell("make losses", project)
    assert done.returncode == 0, done.stderr
    assert json.loads((project / "losses.json").read_text("utf-8"))["outcome"] == "passed"
    assert "Nothing to be done" in shell("make losses", project).stdout
    (project / "losscli.toml").write_text(
        "[[checks]]\nloss = 'mse'\nfiles = 'predictions.csv'\nmax = 1\n", encoding="utf-8"
    )
    assert shell("touch -d '+1 hour' losscli.toml; make losses", project).returncode == 2


def test_shell(project: Path) -> None:
    (script,) = blocks(PAGE, "bash")
    needs(script)
    done = shell(script, project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("passed  disease progression: mse = 3518.4")
    (project / "losscli.toml").write_text(
        "[[checks]]\nloss = 'mse'\nfiles = 'predictions.csv'\nmax = 1\n", encoding="utf-8"
    )
    done = shell(script, project)
    assert done.returncode == 1
    assert done.stdout == "failed  mse: mse = 3518.454323276438 is more than 1.0\n"
