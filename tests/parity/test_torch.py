"""Fresh random data through PyTorch and through losscli. Runs where torch is installed."""

from __future__ import annotations

import inspect
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Example, examples

import losscli
import losscli.losses
from losscli.spec import Loss, registered

torch = pytest.importorskip("torch")
pytest.importorskip("mpmath")
from oracles.make_oracles import FAMILIES, FAMILY  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")

each_loss = pytest.mark.parametrize("loss", registered().values(), ids=list(registered()))
named_in_torch = pytest.mark.parametrize(
    "loss",
    [loss for loss in registered().values() if loss.torch],
    ids=lambda loss: loss.name,
)


def in_torch(example: Example, reduction: str) -> Any:
    loss = example.bound.loss
    tensors = {name: torch.from_numpy(array.copy()) for name, array in example.given.items()}
    return FAMILIES[FAMILY[loss.name]][loss.name](tensors, reduction, **example.bound.params)


def comparable(example: Example) -> bool:
    """Leave out an ``ignore_index`` for probabilities, which PyTorch refuses."""
    target = example.domains.get("target")
    soft = target is not None and target.name == "class probabilities"
    return not (soft and example.bound.params.get("ignore_index", -1) >= 0)


@each_loss
@settings(max_examples=60)
@given(data=st.data())
def test_elements_and_reductions(loss: Loss, data: st.DataObject) -> None:
    example = data.draw(examples(loss).filter(comparable))
    expected = in_torch(example, "none").numpy()
    # PyTorch's own rounding, of intermediate values up to a few hundred.
    np.testing.assert_allclose(example.elements(), expected, rtol=1e-12, atol=2e-13)
    result = losscli.compute(example.bound, **example.given)
    np.testing.assert_allclose(result.elements, expected, rtol=1e-12, atol=2e-13)
    for reduction in set(loss.reductions) - {"none"}:
        np.testing.assert_allclose(
            result.reductions[reduction],
            in_torch(example, reduction).item(),
            rtol=1e-12,
            atol=2e-13 * expected.size,
        )


@named_in_torch
def test_parameters_and_defaults_are_pytorchs(loss: Loss) -> None:
    assert loss.torch is not None
    module = reduce(getattr, loss.torch.split(".")[1:], torch)
    theirs = inspect.signature(module).parameters
    for name, param in loss.params.items():
        default = theirs[name].default
        assert param.default == (None if default is inspect.Parameter.empty else default)
