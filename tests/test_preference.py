"""Preferences: one loss is another in disguise, and what infinite certainty costs."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losscli import losses
from losscli.domain import Array

log_probs = arrays(np.float64, (4, 5), elements=st.floats(-30, 0))
betas = st.floats(0.01, 4)


def close(actual: object, expected: object, *, rtol: float = 1e-12, atol: float = 1e-13) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


@given(log_probs, betas, st.floats(0, 0.5))
def test_dpo_is_a_logit_of_log_ratios(x: Array, beta: float, smoothing: float) -> None:
    logit = beta * ((x[0] - x[2]) - (x[1] - x[3]))
    target = np.full(logit.shape, 1.0 - smoothing)
    close(
        losses.dpo(*x, beta=beta, label_smoothing=smoothing),
        losses.bce_with_logits(logit, target),
    )


@given(log_probs, betas)
def test_a_policy_equal_to_its_reference_has_learnt_nothing(x: Array, beta: float) -> None:
    close(losses.dpo(*x[:2], *x[:2], beta=beta), math.log(2.0))
    close(losses.ipo(*x[:2], *x[:2], beta=beta), 0.25 / beta**2)
    close(losses.rso(*x[:2], *x[:2], beta=beta), 1.0)


@given(log_probs, betas, st.floats(0, 0.5))
def test_without_a_reference(x: Array, beta: float, smoothing: float) -> None:
    none, settings = np.zeros((2, 5)), {"beta": beta, "label_smoothing": smoothing}
    close(losses.dpo(*x[:2], *none, **settings), losses.simpo(*x[:2], gamma=0, **settings))
    close(losses.rso(*x[:2], *none, beta=beta), losses.slic(*x[:2], beta=beta))


@given(log_probs, st.floats(0, 3))
def test_simpo_is_a_reward_model_of_log_probabilities(x: Array, gamma: float) -> None:
    close(
        losses.simpo(*x[:2], beta=1.0, gamma=gamma),
        losses.reward_ranking(*x[:2], margin=gamma),
    )


@given(log_probs)
def test_orpo_of_rare_answers_is_a_reward_model(x: Array) -> None:
    # The odds of an answer that is all but impossible are its probability.
    close(losses.orpo(x[0] - 40.0, x[1] - 40.0), losses.reward_ranking(x[0], x[1]), rtol=1e-11)


@given(log_probs, betas)
def test_swapping_the_answers_turns_the_preference(x: Array, beta: float) -> None:
    c, r, c0, r0 = x
    gain = beta * ((c - c0) - (r - r0))
    swapped = losses.dpo(r, c, r0, c0, beta=beta)
    close(swapped - losses.dpo(c, r, c0, r0, beta=beta), gain, atol=1e-11)
