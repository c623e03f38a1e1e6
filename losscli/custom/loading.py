"""From ``my_losses.py:weighted_mse`` or ``package.module:name`` to the object of that name.

Loading a file runs it. A file is loaded only when it is named, and again only when it has changed;
its own folder is importable meanwhile, and the modules that it takes from there are its own.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from losscli.custom.faults import shown, user_code
from losscli.errors import UsageError, UserCodeError, did_you_mean
from losscli.spec import Origin, set_aside

_IN_FILE = re.compile(r"(.+\.py):([\w.]+)", re.DOTALL)
_FILE_ALONE = re.compile(r"(.+\.py):?", re.DOTALL)
_IN_MODULE = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*):([\w.]+)")
_SHOWN = 12
_FOLDER: ContextVar[str] = ContextVar("losscli_folder", default="")


@dataclass(frozen=True, slots=True)
class Found:
    """An object, the name it was asked for by, and where it is."""

    name: str
    value: Any
    origin: Origin
    path: str | None


@contextmanager
def relative_to(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Files are looked for from ``folder`` in here, not from the current one."""
    token = _FOLDER.set(os.fspath(folder))
    try:
        yield
    finally:
        _FOLDER.reset(token)


def load(name: str) -> Found | None:
    """The object that ``FILE.py:NAME`` or ``MODULE:NAME`` means; None for any other text.

    Raises:
        UsageError: there is no such file, module or name in it.
        UserCodeError: it does not load.
    """
    if match := _IN_FILE.fullmatch(name):
        return _from_file(name, match[1], match[2])
    if match := _IN_MODULE.fullmatch(name):
        with _importable_from(os.path.abspath(_FOLDER.get() or os.curdir)):
            return from_module(name, match[1], match[2])
    if match := _FILE_ALONE.fullmatch(name):
        raise _nothing_named(match[1])
    return None


def describe_object(value: Any) -> Found:
    """What there is to say of an object that was passed as it is."""
    plain = value if hasattr(value, "__qualname__") else type(value)
    plain = getattr(value, "func", plain)
    name = getattr(plain, "__qualname__", type(value).__name__).rpartition("<locals>.")[2]
    try:
        path = inspect.getsourcefile(inspect.unwrap(plain))
    except TypeError:
        path = None
    place = shown(path) if path is not None else str(getattr(plain, "__module__", ""))
    return Found(name.replace("<lambda>", "lambda"), value, Origin(place, _line(plain, path)), path)


def _nothing_named(file: str) -> UsageError:
    """A file without a name: what is in it is read off its text, for it is not run."""
    path = os.path.join(_FOLDER.get(), os.path.expanduser(file))
    try:
        tree = ast.parse(Path(path).read_bytes())
    except OSError as error:
        return _no_file(file, path, error)
    except (SyntaxError, ValueError):
        return UsageError(f"{file} is no Python file", hint=f"a loss is named as {file}:NAME")
    kinds = (ast.FunctionDef, ast.ClassDef)
    names = [one.name for one in tree.body if isinstance(one, kinds) and one.name[0] != "_"]
    has = f"; it has {', '.join(names[:_SHOWN])}" if names else ""
    return UsageError(
        f"{file} is a file: which loss in it is meant?",
        hint=f"name it as {file}:{names[0] if names else 'NAME'}{has}",
    )


_LOADED: dict[str, tuple[str, ModuleType]] = {}


def _from_file(name: str, file: str, attribute: str) -> Found:
    path = os.path.join(_FOLDER.get(), os.path.expanduser(file))
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise _no_file(file, path, error) from None
    real, digest = os.path.realpath(path), hashlib.sha256(content).hexdigest()
    if real not in _LOADED or _LOADED[real][0] != digest:
        _LOADED[real] = digest, _execute(path, real, content)
    value = _attribute(_LOADED[real][1], attribute, file)
    return Found(name, value, Origin(file, _line(value, real), digest), path)


def _no_file(file: str, path: str, error: OSError) -> UsageError:
    folder = Path(path).parent
    beside = [p.name for p in folder.glob("*.py")] if folder.is_dir() else []
    near = did_you_mean(Path(path).name, beside)
    looked = f"looked for {path}" if path != file else f"looked in {folder.resolve()}"
    reason = error.strerror or str(error)
    return UsageError(f"{file}: {reason.lower()}", hint="; ".join(filter(None, [near, looked])))


def _execute(path: str, real: str, content: bytes) -> ModuleType:
    """Run the file as a module of its own, so that its name shadows no other module.

    What runs is what the digest is of: Python's cache of bytecode takes a file that changed within
    a second, and kept its length, for the same.
    """
    name = f"losscli_user_{re.sub(r'[^0-9A-Za-z_]', '_', Path(real).stem)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise UsageError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and annotations look their module up; two files may share a name.
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        with user_code(path, path), set_aside(), _importable(str(Path(real).parent)):
            exec(compile(content, path, "exec", dont_inherit=True), vars(module))
    except BaseException:
        sys.modules.pop(name, None)
        if before is not None:
            sys.modules[name] = before
        raise
    return module


@contextmanager
def _importable(folder: str) -> Iterator[None]:
    """Modules may be imported from this folder; they are forgotten afterwards.

    Another file, with a module of the same name beside it, then gets its own.
    """
    before = set(sys.modules)
    importlib.invalidate_caches()
    try:
        with _importable_from(folder):
            yield
    finally:
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and os.path.realpath(file).startswith(folder + os.sep) and _is_own(file):
                del sys.modules[name]


def _is_own(file: str) -> bool:
    """Is it a module of the user's, and not of an environment that lies in their folder?"""
    return "site-packages" not in Path(file).parts


def from_module(name: str, module_name: str, attribute: str, package: str = "") -> Found:
    """The object of a module, which is imported; ``package`` says who publishes it.

    Raises:
        UsageError: there is no such module, or nothing of that name in it.
        UserCodeError: the module cannot be imported.
    """
    try:
        with user_code(package or module_name, None), set_aside():
            module = importlib.import_module(module_name)
    except UserCodeError as error:
        cause = error.__cause__
        if isinstance(cause, ModuleNotFoundError) and _is_part(cause.name, module_name):
            raise _no_module(module_name, attribute, package) from None
        raise
    path = getattr(module, "__file__", None)
    value = _attribute(module, attribute, module_name)
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ""
    place = f"{package}, {module_name}" if package else module_name
    return Found(name, value, Origin(place, _line(value, path), digest), path)


@contextmanager
def _importable_from(folder: str) -> Iterator[None]:
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _is_part(missing: str | None, module: str) -> bool:
    return missing is not None and (module == missing or module.startswith(f"{missing}."))


def _no_module(module: str, attribute: str, package: str) -> UsageError:
    if package:
        return UsageError(f"{package} publishes {module}:{attribute}, but has no such module")
    folder = os.path.abspath(_FOLDER.get() or os.curdir)
    beside = Path(folder, *module.split(".")).with_suffix(".py")
    hint = f"a file is named with its ending: {module.replace('.', '/')}.py:{attribute}"
    if not beside.exists():
        hint = f"it is neither installed nor in {folder}; {hint}"
    return UsageError(f"there is no module {module!r}", hint=hint)


def _attribute(module: ModuleType, dotted: str, place: str) -> Any:
    value: Any = module
    for part in dotted.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise _no_name(module, dotted, place) from None
    return value


def _no_name(module: ModuleType, name: str, place: str) -> UsageError:
    own = [
        key
        for key, value in vars(module).items()
        if callable(value)
        and not key.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
    ]
    close = did_you_mean(name, own)
    has = f"it has {', '.join(own[:_SHOWN])}" if own else "it has no function and no class"
    return UsageError(f"{place} has no {name!r}", hint="; ".join(filter(None, [close, has])))


def _line(value: Any, path: str | None) -> int | None:
    """Where the object is defined, if that is in the file."""
    try:
        plain = inspect.unwrap(value)
        source = inspect.getsourcefile(plain)
        if path is None or source is None or os.path.realpath(source) != os.path.realpath(path):
            return None
        return inspect.getsourcelines(plain)[1]
    except (OSError, TypeError):
        return None
