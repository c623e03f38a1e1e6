"""Which arguments of a user's function are data, and which are settings.

An argument is data if its annotation is one of losscli's domains. Otherwise the leading positional
arguments are, up to the first that has a default, an annotation of a setting (``float``,
``Literal[...]``, ``list[float]``), or the name of one (``weights``, ``gamma``). All that remain are
settings; type and help come from annotation, default and docstring.
"""

from __future__ import annotations

import collections.abc
import inspect
import numbers
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias, get_args, get_origin

import numpy as np

from losscli.custom.docstrings import About
from losscli.data.columns import USUAL_NAMES
from losscli.domain import ANY, UNDECLARED, Along, Domain, Interval, Role
from losscli.errors import UserCodeError
from losscli.spec import REQUIRED, Param, Required, Value

# How a vector is handed over: as the author wrote it in annotation or default.
Form: TypeAlias = Literal["array", "list", "tuple", "tensor", ""]
Kind: TypeAlias = Literal["float", "int", "bool", "str", "vector", "any"]

_SETTING = re.compile(
    r"(?:\w+_)?weights?|alpha|beta|gamma|delta|eps|epsilon|margin|tau|temp|temperature|threshold|"
    r"lam|lambd|lambda_|lmbda|power|p|k|q|quantiles?|smoothing|label_smoothing|slope|cost|\w+_cost"
)
# losscli reduces and weighs rows itself.
_REDUCTION = ("reduction", "reduce", "size_average")
_OWN_WEIGHT = "sample_weight"
_DATA = {"ndarray", "NDArray", "Tensor", "Array", "ArrayLike", "FloatTensor", "LongTensor"}
_TENSORS = {"Tensor", "FloatTensor", "LongTensor"}
_LISTS = {"list": "list", "List": "list", "Sequence": "list", "Iterable": "list", "tuple": "tuple",
          "Tuple": "tuple"}  # fmt: skip
_SCALARS: Mapping[str, Kind] = {
    "float": "float", "float64": "float", "Real": "float", "Number": "float", "floating": "float",
    "int": "int", "integer": "int", "Integral": "int", "bool": "bool", "str": "str",
    "string": "str", "boolean": "bool", "number": "float",
}  # fmt: skip
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Type:
    """What an annotation says, in losscli's terms."""

    kind: Kind | Literal["data"] | None
    form: Form = ""
    optional: bool = False
    choices: tuple[str, ...] = ()
    domain: Domain | None = None
    interval: Interval = ANY
    help: str = ""
    size: str = ""
    tensor: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """The arguments of a function, or of a class and its method, told apart.

    ``keyword_only`` are the roles that are passed by name, ``forms`` says how each vector is handed
    over, ``reduces`` that it has a ``reduction``, and ``tensors`` that it wants tensors.
    """

    roles: tuple[Role, ...] = ()
    params: tuple[Param, ...] = ()
    keyword_only: frozenset[str] = frozenset()
    forms: tuple[tuple[str, Form], ...] = ()
    reduces: bool = False
    tensors: bool = False


def read(
    function: Callable[..., Any], about: Mapping[str, About], *, what: str, data: bool = True
) -> Signature:
    """Tell the arguments of ``function`` apart; without ``data`` all of them are settings.

    Args:
        function: what will be called; ``self`` must be bound.
        about: what its docstring says, by parameter.
        what: its name, for messages.
        data: may its arguments be data?

    Raises:
        UserCodeError: it has no signature, or an argument that cannot be given.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise UserCodeError(
            f"{what} does not say which arguments it has",
            hint="wrap it in a function: def my_loss(prediction, target): ...",
        ) from None
    hints = _hints(function)
    roles: list[Role] = []
    settings: list[tuple[inspect.Parameter, Type]] = []
    tensors = False
    for parameter in parameters:
        if parameter.kind in _VARIABLE:
            continue
        kind = type_of(hints.get(parameter.name, parameter.annotation))
        if kind.kind is None and parameter.name in about:
            kind = _in_words(about[parameter.name])
        if not roles and parameter.name == "self":
            raise UserCodeError(
                f"{what} is a method of a class",
                hint="name the class: its forward or __call__ takes the data",
            )
        if data and _is_data(parameter, kind, len(roles), bool(settings)):
            tensors |= kind.tensor
            roles.append(_role(parameter, kind, len(roles)))
        elif parameter.name not in _REDUCTION:
            settings.append((parameter, kind))
    reads = [(p, k) for p, k in settings if p.name != _OWN_WEIGHT or p.default is p.empty]
    made = [(p, k, _param(p, k, about.get(p.name, About()), what)) for p, k in reads]
    kept = [(p, k, param) for p, k, param in made if param is not None]
    names = {parameter.name for parameter in parameters}
    return Signature(
        tuple(roles),
        tuple(param for _, _, param in kept),
        frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        & {role.name for role in roles},
        tuple((p.name, _form(p, k)) for p, k, param in kept if param.kind in ("vector", "any")),
        "reduction" in names,
        tensors,
    )


def _hints(function: Callable[..., Any]) -> Mapping[str, Any]:
    """Annotations resolved; where that fails, as they stand in the source."""
    target = function.func if isinstance(function, partial) else function
    for plain in (target, type(target).__call__):
        try:
            found = typing.get_type_hints(plain, include_extras=True)
        except Exception:  # any expression may stand in an annotation
            continue
        if found:
            return found
    return {}


def _is_data(parameter: inspect.Parameter, kind: Type, roles: int, has_settings: bool) -> bool:
    if kind.domain is not None:
        return True
    if has_settings or parameter.default is not parameter.empty or parameter.name == _OWN_WEIGHT:
        return False
    if kind.kind not in (None, "data", "any") or (kind.kind == "any" and roles >= 2):
        return False
    named_setting = _SETTING.fullmatch(parameter.name) is not None
    if parameter.kind not in _POSITIONAL:
        return _canonical(parameter.name) != () and not named_setting
    return not named_setting or (roles == 0 and parameter.name != "weights")


def _canonical(name: str) -> tuple[str, ...]:
    """The roles of our losses that a name is usual for."""
    key = name.casefold()
    return tuple(role for role, usual in USUAL_NAMES.items() if key == role or key in usual)


def _role(parameter: inspect.Parameter, kind: Type, position: int) -> Role:
    optional = kind.optional or parameter.default is not parameter.empty
    domain = kind.domain if kind.domain is not None else UNDECLARED
    return Role(parameter.name, domain, optional, stands_for(parameter.name, position))


def stands_for(name: str, position: int) -> tuple[str, ...]:
    """The roles whose columns an argument takes as well: ``pred`` those of ``prediction``."""
    known = _canonical(name) or (("prediction",), ("target",), ())[min(position, 2)]
    if {"prediction", "logits", "log_probs"} & set(known):
        return ("prediction", "logits", "log_probs")
    return ("target",) if "target" in known else known


def _param(parameter: inspect.Parameter, kind: Type, about: About, what: str) -> Param | None:
    """The setting, None if it has a default that cannot be written on a command line."""
    required = parameter.default is parameter.empty
    if parameter.kind is parameter.POSITIONAL_ONLY or parameter.name == _OWN_WEIGHT:
        if not required:
            return None
        reason = "losscli weighs rows itself" if parameter.name == _OWN_WEIGHT else "positional"
        raise UserCodeError(
            f"the argument {parameter.name!r} of {what} cannot be given as an option: {reason}",
            hint="rename it, or give it a default",
        )
    settled = _settle(parameter, kind)
    default = REQUIRED if required else _plain(parameter.default)
    if default is _NOT_PLAIN:
        return None
    return Param(
        name=parameter.name,
        kind=settled,
        default=typing.cast("Value", default),
        optional=kind.optional or default is None,
        interval=kind.interval,
        help=kind.help or about.help or parameter.name.replace("_", " "),
        choices=kind.choices,
        size=kind.size,
    )


_NOT_PLAIN = object()


def _plain(default: Any) -> object:
    """A default as a spec string can hold it."""
    if default is None or isinstance(default, bool | int | float | str):
        return default
    if isinstance(default, np.bool_ | np.integer | np.floating):
        return default.item()
    try:
        vector = np.asarray(default, dtype=np.float64)
    except Exception:  # whatever __array__ raises
        return _NOT_PLAIN
    return tuple(vector.tolist()) if vector.ndim == 1 else _NOT_PLAIN


def _in_words(about: About) -> Type:
    """What the docstring says it is; an array is left open, for data is one too."""
    said = type_of_text(about.type)
    is_array = said.kind == "data" or (said.kind == "vector" and "array" in about.type)
    return Type(None, optional=said.optional) if is_array else said


def _settle(parameter: inspect.Parameter, kind: Type) -> Kind:
    """What the setting takes: as it is said, else by its default."""
    if kind.kind == "data":
        return "vector"
    if kind.kind is not None:
        return kind.kind
    default = None if parameter.default is parameter.empty else parameter.default
    if isinstance(default, bool | np.bool_):
        return "bool"
    if isinstance(default, int | float | np.number):
        return "float"
    if isinstance(default, str):
        return "str"
    if default is None:
        return "vector" if parameter.name.endswith("weights") else "any"
    return "vector"


def _form(parameter: inspect.Parameter, kind: Type) -> Form:
    if kind.form:
        return kind.form
    if isinstance(parameter.default, list):
        return "list"
    if isinstance(parameter.default, tuple):
        return "tuple"
    return "array" if isinstance(parameter.default, np.ndarray) else ""


def type_of(annotation: Any) -> Type:
    """What an annotation says; a kind of None where it says nothing that we know."""
    if annotation is inspect.Parameter.empty or annotation is Any:
        return Type(None)
    if isinstance(annotation, str):
        return type_of_text(annotation)
    if hasattr(annotation, "__metadata__"):
        return _annotated(*get_args(annotation))
    origin = get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return _union(get_args(annotation))
    if origin is Literal:
        choices = get_args(annotation)
        if all(isinstance(choice, str) for choice in choices):
            return Type("str", choices=choices)
        return Type("any")
    return _named(_name_of(origin or annotation), origin or annotation)


def _annotated(inner: Any, *notes: Any) -> Type:
    plain = type_of(inner)
    along = next((note for note in notes if isinstance(note, Along)), None)
    return Type(
        "vector" if along is not None else plain.kind,
        plain.form,
        plain.optional,
        plain.choices,
        next((note for note in notes if isinstance(note, Domain)), None),
        next((note for note in notes if isinstance(note, Interval)), ANY),
        next((note for note in notes if isinstance(note, str)), ""),
        along.axis if along is not None else "",
        plain.tensor,
    )


def _union(members: Sequence[Any]) -> Type:
    optional = types.NoneType in members
    inner = [type_of(member) for member in members if member is not types.NoneType]
    kinds = {one.kind for one in inner}
    if len(inner) == 1 or len(kinds) == 1:
        first = inner[0]
    elif kinds == {"int", "float"}:
        first = Type("float")
    else:
        first = Type("any")
    return Type(
        first.kind, first.form, optional or first.optional, first.choices, first.domain,
        first.interval, first.help, first.size, any(one.tensor for one in inner),
    )  # fmt: skip


def _name_of(annotation: Any) -> str:
    return str(getattr(annotation, "__name__", annotation)).rpartition(".")[2]


def _named(name: str, annotation: Any = None) -> Type:
    if name in _DATA:
        form: Form = "tensor" if name in _TENSORS else "array" if name != "ArrayLike" else ""
        return Type("data", form, tensor=name in _TENSORS)
    if name in _LISTS:
        return Type("vector", typing.cast(Form, _LISTS[name]))
    if name in _SCALARS:
        return Type(_SCALARS[name])
    if isinstance(annotation, type):
        for base, kind in ((bool, "bool"), (numbers.Integral, "int"), (numbers.Real, "float")):
            if issubclass(annotation, base):
                return Type(typing.cast(Kind, kind))
        if issubclass(annotation, collections.abc.Sequence) and annotation is not str:
            return Type("vector", "list")
    return Type(None)


_OPTIONAL = re.compile(r"\bNone\b|\boptional\b|\bOptional\b")
_WORDS_OF_LISTS = re.compile(r"\b(array|array-like|array_like|list|tuple|sequence|vector)\b", re.I)


def type_of_text(text: str) -> Type:
    """The same of text: an annotation that cannot be resolved, or the type in a docstring."""
    optional = _OPTIONAL.search(text) is not None
    if found := _WORDS_OF_LISTS.search(text):
        form: Form = "list" if found[1].casefold() in ("list", "sequence") else ""
        return Type("vector", "tuple" if found[1].casefold() == "tuple" else form, optional)
    for word in re.findall(r"\w+", text):
        known = _named(word)
        if known.kind is not None:
            return Type(known.kind, known.form, optional, tensor=known.tensor)
    return Type(None, optional=optional)


def required(params: Mapping[str, Param], values: Mapping[str, Value]) -> Iterator[str]:
    """The settings that have no default and were not given."""
    return (name for name in params if isinstance(values[name], Required))
