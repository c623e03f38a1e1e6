"""The checks of a project: ``[tool.losscli]`` of pyproject.toml, or losscli.toml."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from losscli.cli.schema import Key
from losscli.cli.toml_lines import KeyPath, key_lines, line_of
from losscli.errors import LosscliError, UsageError, did_you_mean

OWN = "losscli.toml"
SHARED = "pyproject.toml"
_TABLE = ("tool", "losscli")
# Not options: what the command line says by position.
_NAME, _LOSS, _FILES = "name", "loss", "files"


@dataclass(frozen=True, slots=True)
class Declared:
    """A check as the file declares it.

    Attributes:
        name: what it is called.
        loss: its spec string.
        files: its files, from the current folder.
        values: the options that are set, by argument.
        path: where in the file it stands.
    """

    name: str
    loss: str
    files: tuple[str, ...]
    values: Mapping[str, Any]
    path: KeyPath


@dataclass(slots=True)
class Config:
    """A configuration file: its checks, its settings for a run, and what is wrong with it."""

    file: str
    lines: Mapping[KeyPath, int]
    root: KeyPath
    checks: list[Declared] = field(default_factory=list)
    run: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)

    @property
    def folder(self) -> str:
        """Where its paths begin."""
        return os.path.dirname(self.file)

    def line(self, path: KeyPath) -> int:
        """The line of a key, or of what is around it."""
        return line_of(self.lines, path)

    def blame(self, path: KeyPath, message: str) -> None:
        """Note what is wrong, and where."""
        self.problems.append((self.line(path), message))

    @contextmanager
    def blaming(self, check: Declared) -> Iterator[None]:
        """Turn an error about a check into a problem at the key that it names."""
        try:
            yield
        except LosscliError as error:
            hint = f" ({error.hint})" if error.hint else ""
            self.blame(_guilty(error.message, check), f"{error.message}{hint}")

    def check(self) -> None:
        """Is there nothing wrong?

        Raises:
            UsageError: there is; names file and line of everything that is.
        """
        if not self.problems:
            return
        found = [f"{self.file}:{line}: {message}" for line, message in sorted(self.problems)]
        if len(found) == 1:
            raise UsageError(found[0])
        raise UsageError(f"{self.file} has {len(found)} problems\n" + "\n".join(found))


def _guilty(message: str, check: Declared) -> KeyPath:
    named = re.search(r"--([a-z-]+)", message)
    return (*check.path, named[1]) if named else (*check.path, _LOSS)


def find_config(named: str | None) -> Path:
    """The file that was named, or the nearest one from the current folder upwards.

    The search ends at the root of a repository.

    Raises:
        UsageError: there is none.
    """
    if named is not None:
        return Path(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        for path in (folder / OWN, folder / SHARED):
            if path.is_file() and (path.name == OWN or _mentions_losscli(path)):
                return Path(os.path.relpath(path))
        if (folder / ".git").exists():
            break
    raise UsageError(
        f"there is nothing to check: no {OWN}, and no {SHARED} with [tool.losscli]",
        hint="name a loss and files, such as: losscli check mse preds.csv targets.csv --max 0.1",
    )


def _mentions_losscli(path: Path) -> bool:
    """Does it have our table? A file that is no TOML is not ours to complain about, unless so."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    try:
        return "losscli" in tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError:
        return "tool.losscli" in text


def read_config(path: Path, of_check: Mapping[str, Key], of_run: Mapping[str, Key]) -> Config:
    """Read and check a file; what is wrong with a value is noted, not raised.

    Args:
        path: the file.
        of_check: the options of a check, by name.
        of_run: the options of a run that a file may set.

    Raises:
        UsageError: it cannot be read, or is no TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
        record = tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} cannot be read: it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is no TOML: {error}") from None
    root: KeyPath = _TABLE if path.name == SHARED else ()
    config = Config(str(path), key_lines(text), root)
    table: Any = record
    for part in root:
        table = table.get(part, {})
    if not isinstance(table, dict):
        config.blame(root, "tool.losscli must be a table")
        return config
    for name, value in table.items():
        if name == "checks":
            continue
        if name not in of_run:
            config.blame((*root, name), _unknown(name, ["checks", *of_run]))
        else:
            _read_key(config, (*root, name), of_run[name], value, config.run)
    for path_of, name, check in _tables(config, table.get("checks", [])):
        _read_check(config, path_of, name, check, of_check)
    _refuse_twins(config)
    return config


def _tables(config: Config, checks: Any) -> Iterator[tuple[KeyPath, str | None, dict[str, Any]]]:
    """The tables of ``checks``: an array of them, or one for each name."""
    root = (*config.root, "checks")
    if isinstance(checks, list):
        pairs: Sequence[tuple[str | int, Any]] = list(enumerate(checks))
    elif isinstance(checks, dict):
        pairs = list(checks.items())
    else:
        config.blame(root, "checks must be tables: [[checks]] or [checks.NAME]")
        return
    for key, check in pairs:
        if isinstance(check, dict):
            yield (*root, key), key if isinstance(key, str) else None, check
        else:
            config.blame((*root, key), "a check must be a table")


def _read_check(
    config: Config,
    path: KeyPath,
    name: str | None,
    table: Mapping[str, Any],
    keys: Mapping[str, Key],
) -> None:
    before = len(config.problems)
    values: dict[str, Any] = {}
    own = [_LOSS, _FILES] + ([_NAME] if name is None else [])
    for key, value in table.items():
        if key not in keys and key not in own:
            config.blame((*path, key), _unknown(key, [*own, *keys]))
        elif key in keys:
            _read_key(config, (*path, key), keys[key], value, values)
    title = table.get(_NAME, table.get(_LOSS)) if name is None else name
    loss, files = table.get(_LOSS), table.get(_FILES)
    for key, value in ((_NAME, title), (_LOSS, loss)):
        if key in table and not (isinstance(value, str) and value.strip()):
            config.blame((*path, key), f"{key} must be a text")
    if _LOSS not in table:
        config.blame(path, "a check needs a loss, such as loss = 'mse'")
    files = [files] if isinstance(files, str) else files
    if not (isinstance(files, list) and files and all(isinstance(one, str) for one in files)):
        where = (*path, _FILES) if _FILES in table else path
        config.blame(where, "a check needs files, such as files = ['preds.csv', 'targets.csv']")
    elif len(config.problems) == before:
        here = tuple(from_folder(config.folder, file, named=True) for file in files)
        config.checks.append(Declared(str(title), str(loss), here, values, path))


def _read_key(config: Config, path: KeyPath, key: Key, value: Any, values: dict[str, Any]) -> None:
    try:
        read = key.read(value)
    except ValueError as error:
        config.blame(path, f"{key.name} {error}")
        return
    if key.is_path:
        read = from_folder(config.folder, read) if isinstance(read, str) else read
    values[key.argument] = read


def from_folder(folder: str, path: str, *, named: bool = False) -> str:
    """A path of the file, from the current folder; ``named`` if it may be ROLE=PATH."""
    role, equals, rest = path.partition("=")
    if named and equals and re.fullmatch(r"\w+", role):
        return f"{role}={from_folder(folder, rest)}"
    if path == "-" or "://" in path or os.path.isabs(path):
        return path
    return os.path.join(folder, path)


def _refuse_twins(config: Config) -> None:
    seen: set[str] = set()
    for check in config.checks:
        if check.name in seen:
            config.blame(
                (*check.path, _NAME),
                f"a second check is called {check.name!r}; give each a name of its own",
            )
        seen.add(check.name)


def _unknown(name: str, known: Sequence[str]) -> str:
    swapped = name.replace("_", "-")
    close = f"did you mean {swapped!r}?" if swapped in known else did_you_mean(name, known)
    return f"unknown key {name!r}: {close or 'known are ' + ', '.join(known)}"


def select(checks: Sequence[Declared], only: Sequence[str]) -> list[Declared]:
    """The checks of these names, in the order of the file; all if there are no names.

    Raises:
        UsageError: no check has one of the names.
    """
    names = [check.name for check in checks]
    for name in only:
        if name not in names:
            hint = did_you_mean(name, names) or f"checks: {', '.join(names)}"
            raise UsageError(f"--only {name}: there is no such check", hint=hint)
    return [check for check in checks if not only or check.name in only]
