"""A command a loss, made from its declaration: what ``compute mse`` and ``check mse`` share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.combination import AnyLoss
    from losscli.spec import Param

_WORDS = {
    "float": "FLOAT",
    "int": "INTEGER",
    "vector": "X,X,...|@FILE",
    "str": "TEXT",
    "any": "VALUE|X,X,...|@FILE",
}

_PARAMETERS = "Parameters of a loss are part of its spec: 'huber(delta=2)'."


class LossGroup(TyperGroup):
    """The losses as subcommands, each built when it is asked for.

    ``body`` is what all of them do: a function of ``bound``, ``files`` and the options that every
    loss has. The command of a loss has the loss's own parameters as options besides. ``about`` says
    for the help what the files are. ``several`` is what the group does with ``mse,mae``; its first
    argument is the losses.
    """

    body: ClassVar[Callable[..., None]]
    about: ClassVar[Callable[[AnyLoss], Sequence[str]]]
    several: ClassVar[Callable[..., None] | None]

    def list_commands(self, ctx: Any) -> list[str]:
        """The canonical names, family by family."""
        return list(_registered())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a loss, an alias, a spec string such as ``huber(delta=2)``, or a sum."""
        _registered()
        from losscli.combination import parse, parse_several, split_commas

        group = type(self)
        if len(split_commas(cmd_name)) == 1:
            bound = parse(cmd_name)
            return _command(group.body, bound, cmd_name, group.about(bound))
        several = group.several
        if several is None:
            raise UsageError(f"{cmd_name}: one loss at a time", hint="run it once for each")
        return _command_of_several(several, parse_several(cmd_name), cmd_name)


def a_file_a_role(bound: AnyLoss) -> list[str]:
    """Files are the roles of the loss, in its order."""
    names = " ".join(role.name.upper() for role in bound.loss.roles if not role.optional)
    lines = [f"FILE... is {names}, one file each, or one file with all."]
    optional = [role.name for role in bound.loss.roles if role.optional]
    if optional:
        lines.append(f"Optional data: {', '.join(f'{name}=FILE' for name in optional)}.")
    return lines


def loss_group(
    body: Callable[..., None],
    about: Callable[[AnyLoss], Sequence[str]] = a_file_a_role,
    several: Callable[..., None] | None = None,
) -> type[LossGroup]:
    """The group whose commands, one a loss, all do this."""
    methods = {
        "body": staticmethod(body),
        "about": staticmethod(about),
        "several": several and staticmethod(several),
    }
    return type("LossGroup", (LossGroup,), methods)


def bind(text: str, folder: str) -> AnyLoss:
    """The loss of a spec string, whose files, if it is a user's own, are looked for in a folder."""
    _registered()
    from losscli.combination import parse
    from losscli.custom.loading import relative_to

    with relative_to(folder):
        return parse(text)


def _registered() -> Mapping[str, object]:
    import losscli.custom
    import losscli.losses  # noqa: F401 - both register losses
    from losscli.spec import registered

    return registered()


def _command(body: Callable[..., None], bound: AnyLoss, name: str, about: Sequence[str]) -> Any:
    from losscli.spec import BoundLoss

    own = inspect.signature(body).parameters
    # What a user calls as the command calls an option of its own is left to the spec string.
    aside = [name for name in bound.loss.params if name in own]
    params = [param for name, param in bound.loss.params.items() if name not in own]

    def run(**values: Any) -> None:
        options = {param.name: values.pop(param.name) for param in params}
        body(bound=_with_options(bound, options), **values)

    loss_options = [_option(param, bound) for param in params]
    files, *rest = list(own.values())[1:]
    parameters = [files, *loss_options, *rest]
    panel = f"{bound.loss.family} losses".capitalize()
    command = _command_for([bound] if not isinstance(bound, BoundLoss) else [])
    return _typer_command(
        run, parameters, name, command, _help(bound, about, aside), bound.loss.summary, panel
    )


def _command_of_several(body: Callable[..., None], losses: Sequence[AnyLoss], name: str) -> Any:
    def run(**values: Any) -> None:
        body(losses=losses, **values)

    parameters = list(inspect.signature(body).parameters.values())[1:]
    lines = [f"{name}: several losses, and the data is read once.", _PARAMETERS]
    command = _command_for(losses)
    return _typer_command(
        run, parameters, name, command, "\n\n".join(lines), lines[0], "Several losses"
    )


def _command_for(losses: Sequence[AnyLoss]) -> type[TyperCommand]:
    """The class of a command that says where the parameters of these losses belong."""
    from losscli.combination import singles

    owners = {
        f"--{param.replace('_', '-')}": str(bound)
        for bound in singles(losses)
        for param in bound.loss.params
    }

    class Command(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            try:
                return super().parse_args(ctx, args)
            except Exception as error:
                # The class of Typer's usage errors is not part of its interface.
                option = getattr(error, "option_name", None)
                if option not in owners or not hasattr(error, "possibilities"):
                    raise
                name = option.removeprefix("--").replace("-", "_")
                loss = owners[option].partition("(")[0]
                raise UsageError(
                    f"{option} is a parameter of {loss}, one of several losses",
                    hint=f"write it into its spec: '{loss}({name}=...)'",
                ) from None

    return Command


def _typer_command(
    run: Callable[..., None],
    parameters: Sequence[inspect.Parameter],
    name: str,
    cls: type[TyperCommand],
    help: str,
    summary: str,
    panel: str,
) -> Any:
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # dynamic by intent
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    app = typer.Typer(add_completion=False)
    app.command(name, cls=cls, help=help, short_help=_plain(summary), rich_help_panel=panel)(run)
    return typer.main.get_command(app)


def _help(bound: AnyLoss, about: Sequence[str], aside: Sequence[str]) -> str:
    from losscli.combination import Combination

    lines = [_plain(bound.loss.summary), *about]
    if isinstance(bound, Combination):
        lines.append(_PARAMETERS)
    if aside:
        lines.append(
            f"In the spec string only: {bound.name}({', '.join(f'{n}=...' for n in aside)})"
        )
    if bound.loss.torch:
        lines.append(f"PyTorch: {bound.loss.torch}")
    return "\n\n".join(lines)


def _plain(text: str) -> str:
    return text.replace("``", "")


def _option(param: Param, bound: AnyLoss) -> inspect.Parameter:
    from losscli.spec import REQUIRED, format_value

    flag = f"--{param.name.replace('_', '-')}"
    default = bound.params[param.name]
    shown = f"Default {'none' if default is None else format_value(default).lower()}."
    shown = "Required." if default is REQUIRED else shown
    about = f"{param.help[0].upper()}{param.help[1:]}: {param.describe()}. {shown}"
    kind: Any = bool | None if param.kind == "bool" else str | None
    option = typer.Option(
        *([f"{flag}/--no{flag[1:]}"] if param.kind == "bool" else [flag]),
        help=about,
        metavar=None if param.kind == "bool" else _WORDS[param.kind],
        show_default=False,
        rich_help_panel=f"Parameters of {bound.name}",
    )
    return inspect.Parameter(
        param.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option]
    )


def _with_options(bound: AnyLoss, options: Mapping[str, str | bool | None]) -> AnyLoss:
    given = {name: value for name, value in options.items() if value is not None}
    return bound.replace(
        **{n: _value(bound.name, bound.loss.params[n], v) for n, v in given.items()}
    )


def _value(loss: str, param: Param, given: str | bool) -> object:
    if param.kind in ("vector", "any") and isinstance(given, str) and given.startswith("@"):
        from losscli.data.files import read_vector

        return read_vector(given[1:])
    return param.parse(loss, given) if isinstance(given, str) else given
