"""PyTorch, where the user has it: losscli itself never imports it, and needs none of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from losscli.domain import Array


def torch() -> Any:
    """The module, if the user's code has loaded it, else None."""
    return sys.modules.get("torch")


def is_module(value: object) -> bool:
    """Is it a ``torch.nn.Module``?"""
    nn = sys.modules.get("torch.nn")
    return nn is not None and isinstance(value, nn.Module)


def is_module_class(value: object) -> bool:
    """Is it a class of them?"""
    nn = sys.modules.get("torch.nn")
    return nn is not None and isinstance(value, type) and issubclass(value, nn.Module)


def is_tensor(value: object) -> bool:
    """Is it a tensor?"""
    return torch() is not None and isinstance(value, torch().Tensor)


def as_tensors(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays as tensors that share their memory: float64, and int64 for indices."""
    return {name: torch().from_numpy(array) for name, array in arrays.items()}


def as_tensor(values: Any) -> Any:
    """A setting as a tensor."""
    return torch().as_tensor(values, dtype=torch().float64)


def to_numpy(value: Any) -> Array:
    """A tensor's numbers."""
    array: Array = value.detach().cpu().to(torch().float64).numpy()
    return np.array(array, np.float64)


def without_gradients() -> AbstractContextManager[Any]:
    """No gradient is recorded in here."""
    if torch() is None:
        return nullcontext()
    context: AbstractContextManager[Any] = torch().no_grad()
    return context
