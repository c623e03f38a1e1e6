"""How a user's function, class or module is called: with arrays or tensors, and what comes back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from losscli.custom import tensors
from losscli.custom.faults import user_code
from losscli.custom.loading import Found
from losscli.custom.signature import Form, Signature
from losscli.domain import Array
from losscli.errors import UserCodeError
from losscli.spec import BoundLoss, Value

Arrays: TypeAlias = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Target:
    """What will be called: a function, an instance, or the instances of a class.

    ``made`` has the settings of the class, ``called`` the data and the settings of the call.
    """

    found: Found
    called: Signature
    made: Signature | None = None

    @property
    def name(self) -> str:
        return self.found.name

    @property
    def is_module(self) -> bool:
        """Is it of PyTorch, as it is written for training?"""
        return tensors.is_module(self.found.value) or tensors.is_module_class(self.found.value)

    @property
    def line(self) -> int | None:
        return self.found.origin.line

    def fault(self, message: str, hint: str | None = None) -> UserCodeError:
        """An error about what it did, at the line where it is defined."""
        return UserCodeError(
            f"{self.name} {message}", path=self.found.path, line=self.line, hint=hint
        )


@dataclass(frozen=True, slots=True)
class Manner:
    """How the data is handed over: as ``tensors``, and which roles as integers.

    ``lists`` hands over vectors of which the author did not say what they are as lists, which
    ``torch.tensor(weights)`` wants, and not as tensors.
    """

    tensors: bool = False
    integers: frozenset[str] = frozenset()
    lists: bool = False
    reduced: bool = False


@dataclass(slots=True)
class Caller:
    """A target with its settings, called in one manner; an instance of a class is made once.

    ``reduced`` leaves the target's own ``reduction`` as it is, instead of ``none``.

    Raises:
        UserCodeError: the class cannot be instantiated.
    """

    target: Target
    bound: BoundLoss
    manner: Manner
    _call: Callable[..., Any] = field(init=False)
    _settings: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self._settings = self._given(self.target.called)
        value = self.target.found.value
        if self.target.made is not None:
            settings = self._given(self.target.made)
            with self._in_user_code(f"called as {self.target.name}({_listed(settings)})"):
                value = value(**settings)
        elif tensors.is_module(value):
            value = copy.deepcopy(value)
        self._call = self._prepared(value)

    def _prepared(self, value: Any) -> Any:
        """The instance in double precision, and without a reduction of its own."""
        is_ours = self.target.made is not None or tensors.is_module(value)
        reduces = isinstance(getattr(value, "reduction", None), str)
        if is_ours and reduces and not self.manner.reduced:
            value.reduction = "none"
        if tensors.is_module(value):
            value = value.double()
        return value.forward if self._has_only_forward(value) else value

    @staticmethod
    def _has_only_forward(value: Any) -> bool:
        return not callable(value) and callable(getattr(value, "forward", None))

    def _given(self, signature: Signature) -> dict[str, Any]:
        """The settings that differ from their defaults, as the author wants them."""
        forms = dict(signature.forms)
        own = {param.name: param.default for param in signature.params}
        given = {
            name: self._form(value, own[name], forms.get(name, ""))
            for name, value in self.bound.items
            if name in own and value != own[name]
        }
        if signature.reduces and not self.manner.reduced:
            given["reduction"] = "none"
        return given

    def _form(self, value: Value, default: Value, form: Form) -> Any:
        if not isinstance(value, tuple):
            # A default of 2 says that whole numbers are meant, such as a power or a count.
            if isinstance(default, int) and isinstance(value, float) and value.is_integer():
                return int(value)
            return value
        if form == "list" or (form == "" and self.manner.lists):
            return list(value)
        if form == "tuple":
            return value
        if form == "tensor" or (form == "" and self.manner.tensors):
            return tensors.as_tensor(value)
        return np.array(value)

    def __call__(self, arrays: Arrays) -> Array:
        """What it returns for these rows, as float64, of whatever shape.

        The arrays are copies of its own, so that what it does to them is seen by nobody.

        Raises:
            UserCodeError: it raised, or returned something that is no array of numbers.
        """
        return self._called(self._copies(arrays))

    def changes(self, arrays: Arrays) -> tuple[str, ...]:
        """The roles whose values it changes in place."""
        given = self._copies(arrays)
        self._called(given)
        return tuple(
            n for n, x in arrays.items() if not np.array_equal(x, given[n], equal_nan=True)
        )

    def each(self, arrays: Arrays) -> Array:
        """What it returns for each row by itself, (N,): one number a row.

        Raises:
            UserCodeError: as of a call; it says which row.
        """
        given = self._copies(arrays)
        if self.manner.tensors:
            given = tensors.as_tensors(given)
        count = len(next(iter(given.values())))
        losses = np.empty(count)
        row = 0
        try:
            with self._in_user_code("called with a single row"):
                for row in range(count):
                    positional, named = self._arguments(
                        {name: x[row : row + 1] for name, x in given.items()}
                    )
                    returned = self._call(*positional, **named, **self._settings)
                    losses[row] = returned if type(returned) is float else self._number(returned)
        except UserCodeError as error:
            raise error.in_row(row) from error.__cause__
        return losses

    def _number(self, returned: Any) -> float:
        array = self._as_array(returned)
        if array.size != 1:
            raise self.target.fault(f"returned shape {array.shape} for a row, not one number")
        return float(array.item())

    def _arguments(self, given: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The data as it is passed: by position, or by name where the signature wants it."""
        keyword = self.target.called.keyword_only
        names = [role.name for role in self.target.called.roles]
        positional = [given.get(name) for name in names if name not in keyword]
        while positional and positional[-1] is None:
            positional.pop()
        return positional, {
            name: given[name] for name in names if name in keyword and name in given
        }

    def _copies(self, arrays: Arrays) -> dict[str, Any]:
        return {
            name: np.array(x, np.int64 if name in self.manner.integers else np.float64, order="C")
            for name, x in arrays.items()
        }

    def _called(self, given: dict[str, Any]) -> Array:
        described = ", ".join(f"{name} {x.shape} {x.dtype}" for name, x in given.items())
        if self.manner.tensors:
            given = tensors.as_tensors(given)
        positional, named = self._arguments(given)
        with self._in_user_code(f"called with {described}"):
            returned = self._call(*positional, **named, **self._settings)
            return self._as_array(returned)

    def _as_array(self, returned: Any) -> Array:
        if tensors.is_tensor(returned):
            return tensors.to_numpy(returned)
        if returned is None or isinstance(returned, tuple | dict | str | bytes):
            what = "nothing" if returned is None else f"a {type(returned).__name__}"
            hint = "does it end in `return`?" if returned is None else "return the loss alone"
            raise self.target.fault(f"returned {what} instead of a loss", hint)
        array = np.asarray(returned)
        if array.dtype.kind not in "fiub":
            raise self.target.fault(
                f"returned {type(returned).__name__} of {array.dtype}, not real numbers"
            )
        return array.astype(np.float64)

    def _in_user_code(self, doing: str) -> ExitStack:
        stack = ExitStack()
        stack.enter_context(user_code(self.target.name, self.target.found.path, doing))
        stack.enter_context(tensors.without_gradients())
        return stack


def _listed(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in settings.items())
