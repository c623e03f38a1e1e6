"""The command line: parse, call, print. Nothing is computed here."""

from __future__ import annotations

import errno
import os
import sys

from losscli.cli.signals import ending_by_signal

__all__ = ["main"]

_INTERRUPTED = 130
_BUG = 3
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code: the one place where errors become text."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    traceback = "--traceback" in words
    words = [word for word in words if word != "--traceback"]
    if sys.stdout is None:
        # It is closed. What is printed is dropped, as by print, and no file gets its number.
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    with ending_by_signal():
        code = _run(words, traceback)
    sys.exit(code)


def _run(words: list[str], traceback: bool) -> int:
    try:
        # To load it takes a while, and a signal may come in it.
        from losscli.cli.app import app
        from losscli.cli.memory import bound_memory

        bound_memory()
        return int(app(words, prog_name="losscli", standalone_mode=False, obj=tuple(words)) or 0)
    except BrokenPipeError:
        return _close_quietly()
    except SystemExit as left:
        # Typer leaves with 1 when a pipe is closed; what it caught is the context.
        if isinstance(left.__context__, BrokenPipeError):
            return _close_quietly()
        raise
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:
        if traceback:
            raise
        return _explain(error)


def _explain(error: Exception) -> int:
    from typer import Abort

    from losscli.cli.memory import out_of_memory
    from losscli.errors import LosscliError, OutputError
    from losscli.report import Terminal, show_error

    if isinstance(error, Abort):
        return _INTERRUPTED
    terminal = Terminal.of(sys.stderr)
    # Typer's usage errors know how to say what is wrong; their class is not part of its interface.
    if hasattr(error, "format_message"):
        context = getattr(error, "ctx", None)
        hint = f"see `{context.command_path} --help`" if context is not None else None
        # Without a message the help was all there is to say.
        if message := error.format_message():
            show_error(LosscliError(message, hint=hint), terminal)
        return int(getattr(error, "exit_code", 2))
    if isinstance(error, MemoryError):
        error = out_of_memory(error)
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        # Typer prints help by itself.
        error = OutputError(f"cannot write to stdout: {error.strerror}")
    if isinstance(error, LosscliError):
        show_error(error, terminal)
        return error.exit_code
    problem = LosscliError(
        f"a bug in losscli: {type(error).__name__}: {error}",
        hint="run again with --traceback and report what it prints",
    )
    show_error(problem, terminal)
    return _BUG


def _close_quietly() -> int:
    """The reader of a pipe had enough, which is no error; keep Python from saying so at exit."""
    from losscli.cli.output import discard_stdout

    discard_stdout()
    return 0
