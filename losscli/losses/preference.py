"""Preferences: does a policy favour the chosen answer over the rejected one?"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import (
    NON_NEGATIVE,
    POSITIVE,
    Array,
    Interval,
    LogProbability,
    Real,
    UncertainLogProbability,
)
from losscli.numerics import log1m_exp, softplus, softplus_both
from losscli.spec import loss

_UP_TO_HALF = Interval(0.0, 0.5)


def _gain(chosen: Array, rejected: Array, chosen_before: Array, rejected_before: Array) -> Array:
    """By how much the policy favours the chosen answer more than the reference does."""
    gain = chosen - chosen_before
    gain -= rejected - rejected_before
    return gain


def _smoothed(margin: Array, label_smoothing: float) -> Array:
    """Negative log of the chance that the preference is right, some of them being mislabelled."""
    right, wrong = softplus_both(margin)
    right *= 1.0 - label_smoothing
    wrong *= label_smoothing
    # Of an infinite margin, what has no part in the loss would be 0 times infinity.
    return np.add(right, wrong, out=right) if label_smoothing else softplus(-margin)


@loss(
    aliases=("dpo_loss", "direct_preference_optimization", "cdpo", "conservative_dpo"),
    use_when="a language model learns from pairs of answers, and a reference model is at hand",
    avoid_when="there is no reference (simpo, orpo), or preferences are nearly certain (ipo)",
    reference="Rafailov et al. 2023, arXiv:2305.18290; trl DPOTrainer",
)
def dpo(
    policy_chosen: LogProbability,
    policy_rejected: LogProbability,
    reference_chosen: LogProbability,
    reference_rejected: LogProbability,
    *,
    beta: Annotated[float, POSITIVE, "how closely the policy is held to the reference"] = 0.1,
    label_smoothing: Annotated[float, _UP_TO_HALF, "share of preferences that are wrong"] = 0.0,
) -> Array:
    r"""Negative log of how likely the chosen answer is to win, rewards being log-ratios of models.

    policy_chosen, policy_rejected, reference_chosen, reference_rejected: (N, ...), the
    log-probabilities of whole answers, summed over their tokens -> (N, ...), in nats. The mean
    divides by the number of elements.

    .. math:: \ell = (1 - \epsilon) \operatorname{sp}(-\beta h)
              + \epsilon \operatorname{sp}(\beta h), \qquad
              h = (\pi_c - \rho_c) - (\pi_r - \rho_r), \quad \operatorname{sp}(z) = \log(1 + e^z)

    with :math:`\pi` of the policy, :math:`\rho` of the reference and :math:`\epsilon` the
    ``label_smoothing``, which makes it conservative DPO. A policy equal to its reference costs
    log 2. With both references 0 it is CPO's term. trl calls it ``sigmoid``; its ``robust`` divides
    the difference of the two terms by :math:`1 - 2 \epsilon` instead, and its ``sigmoid_norm``
    wants log-probabilities averaged over tokens.

    >>> losses.dpo([-12.0, -30.0], [-15.0, -28.0], [-13.0, -30.0], [-14.0, -29.0]).round(4).tolist()
    [0.5981, 0.7444]
    """
    margin = _gain(policy_chosen, policy_rejected, reference_chosen, reference_rejected)
    margin *= beta
    return _smoothed(margin, label_smoothing)


@loss(
    aliases=("ipo_loss", "identity_preference_optimization"),
    use_when="preferences are nearly certain, so that dpo would push the policy ever farther",
    avoid_when="there is no reference (simpo, orpo), or preferences are noisy (dpo)",
    reference="Azar et al. 2023, arXiv:2310.12036; trl DPOTrainer",
)
def ipo(
    policy_chosen: LogProbability,
    policy_rejected: LogProbability,
    reference_chosen: LogProbability,
    reference_rejected: LogProbability,
    *,
    beta: Annotated[float, POSITIVE, "how closely the policy is held to the reference"] = 0.1,
) -> Array:
    r"""Squared error of the policy's gain over the reference against a finite goal.

    policy_chosen, policy_rejected, reference_chosen, reference_rejected: (N, ...), the
    log-probabilities of answers -> (N, ...), in nats squared. The mean divides by the number of
    elements.

    .. math:: \ell = \Bigl(h - \frac{1}{2 \beta}\Bigr)^2, \qquad
              h = (\pi_c - \rho_c) - (\pi_r - \rho_r)

    with :math:`\pi` of the policy and :math:`\rho` of the reference. The paper calls ``beta`` tau.
    trl averages log-probabilities over the tokens of an answer, the paper's text sums them: give
    the ones that are meant.

    >>> losses.ipo([-1.2, -3.0], [-1.5, -2.8], [-1.3, -3.0], [-1.4, -2.9]).round(4).tolist()
    [23.04, 26.01]
    """
    gain = _gain(policy_chosen, policy_rejected, reference_chosen, reference_rejected)
    gain -= 0.5 / beta
    return np.square(gain, out=gain)


@loss(
    aliases=("simpo_loss", "simple_preference_optimization", "cpo", "cpo_loss"),
    use_when="a language model learns from pairs of answers without a reference model",
    avoid_when="the policy must stay near a reference (dpo), or pairs are nearly certain (ipo)",
    reference="Meng et al. 2024, arXiv:2405.14734; trl CPOTrainer",
)
def simpo(
    policy_chosen: LogProbability,
    policy_rejected: LogProbability,
    *,
    beta: Annotated[float, POSITIVE, "weight of a log-probability"] = 2.0,
    gamma: Annotated[float, NON_NEGATIVE, "by how much the chosen answer should lead"] = 0.5,
    label_smoothing: Annotated[float, _UP_TO_HALF, "share of preferences that are wrong"] = 0.0,
) -> Array:
    r"""Negative log of how likely the chosen answer is to win by a margin, without a reference.

    policy_chosen, policy_rejected: (N, ...), log-probabilities of answers, averaged over their
    tokens -> (N, ...), in nats. The mean divides by the number of elements.

    .. math:: \ell = (1 - \epsilon) \operatorname{sp}(-m) + \epsilon \operatorname{sp}(m), \qquad
              m = \beta\,(\pi_c - \pi_r) - \gamma, \quad \operatorname{sp}(z) = \log(1 + e^z)

    with :math:`\pi` of the policy and :math:`\epsilon` the ``label_smoothing``. ``gamma`` is in
    units of the reward, as in the paper and in trl (``simpo_gamma``); the authors' code takes
    ``gamma / beta``. trl starts from ``beta`` 0.1. With ``gamma`` 0 and summed log-probabilities it
    is CPO's term.

    >>> losses.simpo([-1.2, -3.0], [-1.5, -2.8]).round(4).tolist()
    [0.6444, 1.2412]
    """
    margin = policy_chosen - policy_rejected
    margin *= beta
    margin -= gamma
    return _smoothed(margin, label_smoothing)


@loss(
    aliases=("orpo_loss", "odds_ratio", "odds_ratio_loss"),
    use_when="fine-tuning and preferences are learnt in one step, without a reference model",
    avoid_when="the policy must stay near a reference (dpo), or answers are wanted a margin apart "
    "(simpo)",
    reference="Hong et al. 2024, arXiv:2403.07691; trl ORPOTrainer",
)
def orpo(policy_chosen: UncertainLogProbability, policy_rejected: UncertainLogProbability) -> Array:
    r"""Negative log of the sigmoid of how much better the odds of the chosen answer are.

    policy_chosen, policy_rejected: (N, ...), log-probabilities of answers below 0, averaged over
    their tokens -> (N, ...), in nats. The mean divides by the number of elements.

    .. math:: \ell = \operatorname{sp}(o_r - o_c), \qquad o = \pi - \log(1 - e^{\pi}), \quad
              \operatorname{sp}(z) = \log(1 + e^z)

    This is the odds-ratio term alone. All of ORPO is :math:`-\pi_c + \lambda \ell`, with
    :math:`\lambda` 0.1 in trl, which calls it ``beta``. A probability of exactly 1 has infinite
    odds and is refused by ``compute``.

    >>> losses.orpo([-1.2, -3.0], [-1.5, -2.8]).round(4).tolist()
    [0.5107, 0.8046]
    """
    worse = policy_rejected - policy_chosen
    worse -= log1m_exp(-policy_rejected) - log1m_exp(-policy_chosen)
    return softplus(worse)


@loss(
    aliases=("slic_loss", "slic_hf", "sequence_likelihood_calibration", "cpo_hinge"),
    use_when="pairs need only be apart by a margin, and there is no reference model",
    avoid_when="a reference is at hand (rso), or a likelihood of preferences is wanted (simpo)",
    reference="Zhao et al. 2023, arXiv:2305.10425; trl CPOTrainer",
)
def slic(
    policy_chosen: LogProbability,
    policy_rejected: LogProbability,
    *,
    delta: Annotated[float, NON_NEGATIVE, "by how much the chosen answer should lead"] = 1.0,
    beta: Annotated[float, POSITIVE, "weight of a log-probability"] = 1.0,
) -> Array:
    r"""How far the chosen answer is from leading the rejected one by ``delta``.

    policy_chosen, policy_rejected: (N, ...), log-probabilities of answers -> (N, ...), in nats. The
    mean divides by the number of elements.

    .. math:: \ell = \max(0,\, \delta - \beta\,(\pi_c - \pi_r))

    This is the calibration term alone; SLiC-HF adds the likelihood of a reference answer. trl's
    ``hinge`` for CPO is this with ``beta`` 0.1 and ``delta`` 1, and its ``hinge`` for DPO is rso.

    >>> losses.slic([-1.2, -3.0], [-1.5, -2.8]).round(4).tolist()
    [0.7, 1.2]
    """
    return _hinge(policy_chosen - policy_rejected, beta, delta)


@loss(
    aliases=("rso_hinge", "hinge_norm", "dpo_hinge", "statistical_rejection_sampling"),
    use_when="pairs need only be apart by a margin, beyond what the reference model says",
    avoid_when="there is no reference (slic), or a likelihood of preferences is wanted (dpo)",
    reference="Liu et al. 2023, arXiv:2309.06657; trl DPOTrainer",
)
def rso(
    policy_chosen: LogProbability,
    policy_rejected: LogProbability,
    reference_chosen: LogProbability,
    reference_rejected: LogProbability,
    *,
    beta: Annotated[float, POSITIVE, "how closely the policy is held to the reference"] = 0.1,
) -> Array:
    r"""How far the policy's gain over the reference is from a margin.

    policy_chosen, policy_rejected, reference_chosen, reference_rejected: (N, ...), the
    log-probabilities of whole answers, summed over their tokens -> (N, ...), without unit. The mean
    divides by the number of elements.

    .. math:: \ell = \max(0,\, 1 - \beta h), \qquad h = (\pi_c - \rho_c) - (\pi_r - \rho_r)

    with :math:`\pi` of the policy and :math:`\rho` of the reference: dpo with a hinge in place of
    the logistic loss. The paper calls it hinge-norm, trl ``hinge``.

    >>> losses.rso([-12.0, -30.0], [-15.0, -28.0], [-13.0, -30.0], [-14.0, -29.0]).round(4).tolist()
    [0.8, 1.1]
    """
    gain = _gain(policy_chosen, policy_rejected, reference_chosen, reference_rejected)
    return _hinge(gain, beta, 1.0)


def _hinge(lead: Array, beta: float, margin: float) -> Array:
    """How far beta times the lead is from the margin; overwrites ``lead``."""
    lead *= beta
    np.subtract(margin, lead, out=lead)
    return np.maximum(lead, 0.0, out=lead)


@loss(
    aliases=("bradley_terry", "reward_modeling", "reward_model_loss", "pairwise_reward"),
    use_when="a reward model scores two answers, and which one people preferred is known",
    avoid_when="scores are log-probabilities of a policy (dpo, simpo), or answers have grades",
    reference="Bradley and Terry 1952, doi:10.2307/2334029; trl RewardTrainer",
)
def reward_ranking(
    chosen: Real,
    rejected: Real,
    *,
    margin: Annotated[float, "by how much the chosen answer should lead"] = 0.0,
    center_rewards_coefficient: Annotated[
        float, NON_NEGATIVE, "what rewards far from 0 cost"
    ] = 0.0,
) -> Array:
    r"""Negative log of the chance that the chosen answer beats the rejected one.

    chosen, rejected: (N, ...), rewards -> (N, ...), in nats. The mean divides by the number of
    elements.

    .. math:: \ell = \operatorname{sp}(r + m - c) + \kappa\,(c + r)^2, \qquad
              \operatorname{sp}(z) = \log(1 + e^z)

    with :math:`m` the ``margin`` and :math:`\kappa` the ``center_rewards_coefficient``, which holds
    rewards near 0, where only their differences would matter. Equal rewards cost log 2. trl can
    take a margin for each pair: subtract it from the chosen reward. Two infinite rewards of one
    sign give NaN.

    >>> losses.reward_ranking([2.0, 0.5], [1.0, 1.5]).round(4).tolist()
    [0.3133, 1.3133]
    """
    behind = rejected - chosen
    behind += margin
    elements = softplus(behind)
    if center_rewards_coefficient:
        elements += center_rewards_coefficient * np.square(chosen + rejected)
    return elements
