"""Random data through PyTorch and through losscli. Runs where torch is installed."""

from __future__ import annotations

import inspect
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Example, examples, large_example

import losscli
import losscli.losses
from losscli.spec import Loss, registered

torch = pytest.importorskip("torch")
pytest.importorskip("mpmath")
from oracles.make_torch import FAMILIES, FAMILY  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")

DECLARED = [loss for loss in registered().values() if loss.torch]
each_loss = pytest.mark.parametrize("loss", [registered()[name] for name in FAMILY], ids=FAMILY)
named_in_torch = pytest.mark.parametrize("loss", DECLARED, ids=[loss.name for loss in DECLARED])

# PyTorch's own rounding, of intermediate values up to a few hundred.
ATOL = 2e-13
# Of larger ones: logits up to 8100, squared distances up to 32400.
WIDE = {"linear-cross-entropy": 1e-10, "triplet-margin-with-distance": 5e-11}
# What clips as other libraries do, and the value of eps without it: PyTorch has no such parameter.
CLIPPED = {"bce": None, "focal": 0.0}


def in_torch(example: Example, reduction: str) -> Any:
    loss = example.bound.loss
    tensors = {name: torch.from_numpy(array.copy()) for name, array in example.given.items()}
    params = dict(example.bound.params)
    if loss.name in CLIPPED:
        del params["eps"]
    return FAMILIES[FAMILY[loss.name]][loss.name](tensors, reduction, **params)


def fitted(example: Example) -> Example:
    """The example with no more frames and labels counted than a row has."""
    whole = {"input_lengths": "log_probs", "target_lengths": "targets"}
    lengths = {name: example.given[name] for name in whole if name in example.given}
    return example.replace(
        **{name: np.minimum(n, example.given[whole[name]].shape[1]) for name, n in lengths.items()}
    )


def comparable(example: Example) -> bool:
    """Leave out what PyTorch refuses, and the one place where losscli differs on purpose."""
    data, params, target = example.given, example.bound.params, example.domains.get("target")
    if target is not None and target.name == "class probabilities":
        # An ignore_index is refused.
        return params.get("ignore_index", -100) == -100
    if example.bound.name in CLIPPED:
        return params["eps"] == CLIPPED[example.bound.name]
    if example.bound.name == "multilabel-margin":
        # A row cannot list more labels than there are classes.
        return data["target"].shape[1] <= data["logits"].shape[1]
    if example.bound.name == "cosine-similarity" and params["eps"] == 0.0:
        # A vector of zeros is at right angles to all, not NaN, and no square underflows to one.
        return all((np.abs(x).max(axis=1) > 1e-140).all() for x in data.values())
    return True


def assert_agreement(example: Example) -> None:
    """The kernel's elements, those of a run, and every reduction are PyTorch's."""
    loss = example.bound.loss
    atol = WIDE.get(loss.name, ATOL)
    expected = in_torch(example, "none").numpy()
    np.testing.assert_allclose(example.elements(), expected, rtol=1e-12, atol=atol)
    result = losscli.compute(example.bound, **example.given)
    np.testing.assert_allclose(result.elements, expected, rtol=1e-12, atol=atol)
    for reduction in [name for name in loss.reductions if name != "none"]:
        np.testing.assert_allclose(
            result.reductions[reduction],
            in_torch(example, reduction).item(),
            rtol=1e-12,
            atol=atol * expected.size,
            err_msg=reduction,
        )


@each_loss
@settings(max_examples=200, derandomize=True)
@given(data=st.data())
def test_elements_and_reductions(loss: Loss, data: st.DataObject) -> None:
    assert_agreement(data.draw(examples(loss).map(fitted).filter(comparable)))


@each_loss
@pytest.mark.parametrize("like_logits", [False, True])
def test_a_large_block(loss: Loss, like_logits: bool) -> None:
    assert_agreement(fitted(large_example(loss, seed=4, like_logits=like_logits)))


def test_a_variance_for_each_row_is_pytorchs() -> None:
    rng = np.random.default_rng(5)
    prediction, target = rng.normal(size=(2, 6, 4))
    var = rng.uniform(0.1, 4.0, size=6)
    tensors = {"prediction": prediction, "target": target, "var": var}
    for full in (False, True):
        found = losscli.compute("gaussian-nll", prediction, target, var, full=full)
        expected = FAMILIES["likelihood"]["gaussian-nll"](
            {name: torch.from_numpy(array) for name, array in tensors.items()}, "none", full=full
        )
        np.testing.assert_allclose(found.elements, expected.numpy(), rtol=1e-12, atol=1e-15)


def test_every_declared_loss_is_compared() -> None:
    # focal is torchvision's.
    assert FAMILY.keys() == {loss.name for loss in DECLARED} | {"focal"}


def test_every_loss_of_pytorch_is_declared() -> None:
    names = {name for name in dir(torch.nn) if name.endswith("Loss")}
    # One has the weights of a network of its own, one is an old name of NLLLoss.
    names -= {"AdaptiveLogSoftmaxWithLoss", "NLLLoss2d"}
    names |= {"CosineSimilarity", "PairwiseDistance"}
    assert {loss.torch for loss in DECLARED} == {f"torch.nn.{name}" for name in names}


# What PyTorch has and losscli says otherwise: how to reduce, which axis, the shapes of a layer.
ELSEWHERE = {"reduction", "reduce", "size_average", "dim", "keepdim"}
LAYER = {"in_features", "num_classes", "out_features", "bias", "device", "dtype", "options"}
# What PyTorch does not have.
OWN = {"poisson-nll": ["constant"], "ctc": ["from_logits"], "bce": ["eps"]}
# None is how this one class writes -100.
DEFAULTS = {("linear-cross-entropy", "ignore_index"): None}


@named_in_torch
def test_parameters_and_defaults_are_pytorchs(loss: Loss) -> None:
    assert loss.torch is not None
    module = reduce(getattr, loss.torch.split(".")[1:], torch)
    theirs = {
        name: parameter.default
        for name, parameter in inspect.signature(module).parameters.items()
        if name not in ELSEWHERE | (LAYER if loss.name == "linear-cross-entropy" else set())
    }
    ours = {
        name: DEFAULTS.get((loss.name, name), param.default)
        for name, param in loss.params.items()
        if name not in OWN.get(loss.name, [])
    }
    roles = {role.name: None for role in loss.roles if role.name in theirs}
    # In PyTorch's order too; a weight of elements is data here.
    assert list((roles | ours).items()) == list(theirs.items())
