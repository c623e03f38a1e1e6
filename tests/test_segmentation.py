"""Segmentation: identities between the losses, and their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import losscli
from losscli import losses
from losscli.domain import Array

MASK_LOSSES = [losses.dice, losses.jaccard, losses.tversky]
CLASS_LOSSES = [losses.multiclass_dice, losses.multiclass_jaccard, losses.multiclass_tversky]


def close(actual: Array, expected: Array | float, rtol: float = 1e-12) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-14)


def same(actual: Array, expected: Array) -> None:
    """The same bits."""
    np.testing.assert_array_equal(actual, expected)


@st.composite
def masks(draw: st.DrawFn) -> tuple[Array, Array]:
    """Probabilities, and hard masks that are not empty."""
    shape = draw(st.sampled_from([(5,), (3, 4), (2, 3, 2)]))
    chance = st.integers(0, 32).map(lambda n: n / 32)
    prediction = draw(arrays(np.float64, shape, elements=chance))
    target = draw(arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0])))
    target.flat[0] = 1.0
    return prediction, target


@st.composite
def classes(draw: st.DrawFn) -> tuple[Array, Array]:
    """Logits of three classes, and class indices in which each occurs."""
    rows, pixels = draw(st.integers(1, 3)), draw(st.integers(3, 5))
    logits = draw(arrays(np.float64, (rows, 3, pixels), elements=st.integers(-9, 9).map(float)))
    labels = st.integers(0, 2).map(float)
    target = draw(arrays(np.float64, (rows, pixels), elements=labels))
    target[0, :3] = [0.0, 1.0, 2.0]
    return logits, target


def softmax(x: Array) -> Array:
    terms = np.exp(x - x.max(axis=1, keepdims=True))
    return terms / terms.sum(axis=1, keepdims=True)


def one_hot(target: Array) -> Array:
    return np.moveaxis(np.eye(3)[target.astype(int)], -1, 1)


@given(masks())
def test_dice_jaccard_and_tversky_are_one_family(pt: tuple[Array, Array]) -> None:
    dice, jaccard = losses.dice(*pt), losses.jaccard(*pt)
    close(jaccard, 2.0 * dice / (1.0 + dice))
    same(losses.tversky(*pt), dice)
    same(losses.tversky(*pt, alpha=1, beta=1), jaccard)
    close(losses.tversky(*pt, gamma=0.75), dice**0.75)
    close(losses.dice(*pt, form="log"), -np.log(np.maximum(1.0 - dice, 1e-7)))
    close(losses.dice(*pt, form="log_cosh"), np.log(np.cosh(dice)), rtol=1e-9)


@given(masks())
def test_hard_masks_are_counted(pt: tuple[Array, Array]) -> None:
    hard, target = np.rint(pt[0]), pt[1]
    tp, fp, fn = (hard * target).sum(), (hard * (1 - target)).sum(), ((1 - hard) * target).sum()
    close(losses.dice(hard, target), 1.0 - 2.0 * tp / (2.0 * tp + fp + fn))
    close(losses.jaccard(hard, target), 1.0 - tp / (tp + fp + fn))
    close(losses.tversky(hard, target, alpha=1, beta=0), fp / (tp + fp) if tp + fp else 0.0)
    close(losses.tversky(hard, target, alpha=0, beta=1), fn / (tp + fn))
    for overlap in ("minimum", "squares"):
        close(losses.dice(hard, target, overlap=overlap), losses.dice(hard, target))
    spread = np.std(hard) * np.std(target)
    if spread > 0.0:
        correlation = np.corrcoef(hard.ravel(), target.ravel())[0, 1]
        close(losses.mcc(hard, target, eps=0), 1.0 - correlation, rtol=1e-9)


@given(masks())
def test_a_soft_target_is_matched_by_itself_if_the_minimum_is_shared(pt) -> None:
    soft = pt[0]
    assert losses.dice(soft, soft, overlap="minimum") == 0.0
    assert losses.dice(soft, soft, overlap="squares") == 0.0
    assert losses.dice(soft, soft) >= 0.0


@pytest.mark.parametrize("loss", MASK_LOSSES)
@given(pt=masks())
def test_the_arrangement_of_pixels_does_not_matter(loss, pt: tuple[Array, Array]) -> None:
    flat = [x.ravel() for x in pt]
    close(loss(*flat), loss(*pt))
    close(loss(*(x[::-1] for x in flat)), loss(*pt))
    one_image = [x.reshape(1, 1, -1) for x in pt]
    close(loss(*one_image, average="macro"), loss(*pt))


@pytest.mark.parametrize("loss", [*MASK_LOSSES, losses.mcc])
@given(pt=masks(), data=st.data())
def test_ignored_pixels_are_no_pixels(loss, pt: tuple[Array, Array], data: st.DataObject) -> None:
    p, t = (x.ravel() for x in pt)
    kept = data.draw(arrays(np.bool_, p.shape))
    if not (t[kept] == 1.0).any():
        return
    left = loss(p[kept], t[kept])
    close(loss(p, np.where(kept, t, 9.0), ignore_index=9), left)


@pytest.mark.parametrize("loss", CLASS_LOSSES)
@given(xy=classes())
def test_classes_are_masks_against_the_rest(loss, xy: tuple[Array, Array]) -> None:
    logits, target = xy
    chance, hot = softmax(logits), one_hot(target)
    single = getattr(losses, loss.__name__.removeprefix("multiclass_"))
    each = [float(single(chance[:, c], hot[:, c])) for c in range(3)]
    close(loss(logits, target, from_logits=True), np.mean(each), rtol=1e-9)
    close(loss(chance, target), np.mean(each))
    close(loss(chance, hot), np.mean(each))
    weight = [1.0, 2.0, 0.5]
    close(loss(chance, target, weight=weight), np.average(each, weights=weight))
    close(loss(chance, target, average="micro"), single(chance, hot))
    close(single(chance, hot, average="macro"), np.mean(each))


@given(classes())
def test_generalized_dice_with_equal_weights_is_micro(xy: tuple[Array, Array]) -> None:
    close(
        losses.generalized_dice(*xy, from_logits=True, weighting="uniform"),
        losses.multiclass_dice(*xy, from_logits=True, average="micro"),
    )


# --- Lovász --------------------------------------------------------------------------------------


@given(masks())
def test_lovasz_of_hard_masks_is_jaccard(pt: tuple[Array, Array]) -> None:
    hard, target = np.rint(pt[0]), pt[1]
    # A logit of 1 or -1 has an error of 0 if it is right, and of 2 if it is wrong.
    close(losses.lovasz_hinge(2.0 * hard - 1.0, target), 2.0 * losses.jaccard(hard, target))
    both = np.stack([1.0 - hard, hard], axis=1)
    jaccard = losses.multiclass_jaccard(both, target, absent="skip")
    close(losses.lovasz_softmax(both, target), jaccard)


@given(masks())
def test_lovasz_is_no_less_than_the_jaccard_loss_of_the_signs(pt: tuple[Array, Array]) -> None:
    logits, target = 8.0 * pt[0] - 4.0, pt[1]
    hard = (logits > 0.0).astype(float)
    assert losses.lovasz_hinge(logits, target) >= losses.jaccard(hard, target) - 1e-12


@given(classes(), st.data())
def test_lovasz_ignores_what_it_should(xy: tuple[Array, Array], data: st.DataObject) -> None:
    logits, target = xy
    kept = data.draw(arrays(np.bool_, target.shape))
    pixels = np.moveaxis(logits, 1, -1)[kept]
    if len(pixels):
        found = losses.lovasz_softmax(logits, np.where(kept, target, -100.0), from_logits=True)
        close(found, losses.lovasz_softmax(pixels, target[kept], from_logits=True))


def test_lovasz_of_more_pixels_than_are_kept_one_by_one() -> None:
    rng = np.random.default_rng(9)
    pixels = 2**20 + 200_000
    target = (rng.uniform(size=pixels) < 0.3).astype(float)
    logits = rng.normal(size=pixels) * 2.0 + (2.0 * target - 1.0)
    errors = np.maximum(1.0 - logits * (2.0 * target - 1.0), 0.0)
    order = np.argsort(-errors)
    missed, extra = np.cumsum(target[order]), np.cumsum(1.0 - target[order])
    jaccard = (missed + extra) / (target.sum() + extra)
    exact = np.sum(errors[order] * np.diff(jaccard, prepend=0.0))
    result = losscli.compute("lovasz-hinge", logits=logits, target=target)
    assert result.value == pytest.approx(exact, rel=1e-6)


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", MASK_LOSSES)
def test_an_empty_mask(loss) -> None:
    faint, nothing = [1e-3, 2e-3], [0.0, 0.0]
    assert loss(faint, nothing) == 0.0
    assert loss(faint, nothing, absent="skip") == 0.0
    assert loss(faint, nothing, absent="count") == 1.0
    assert loss(nothing, nothing, absent="count") == 0.0


@pytest.mark.parametrize("loss", CLASS_LOSSES)
def test_an_absent_class(loss) -> None:
    chance, target = [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1]], [0, 1]
    skipped = loss(chance, target, absent="skip")
    close(loss(chance, target), 2.0 * skipped / 3.0)
    close(loss(chance, target, absent="count"), (2.0 * skipped + 1.0) / 3.0)


def test_confident_predictions_keep_their_digits() -> None:
    # sigmoid(-50) is 1.9e-22, and 1 minus the score of such masks would be 0.
    assert float(losses.dice([50.0, -50.0], [1, 0], from_logits=True)) == pytest.approx(
        math.exp(-50)
    )
    sure = [[60.0, 0.0], [0.0, 60.0]]
    found = float(losses.multiclass_jaccard(sure, [0, 1], from_logits=True))
    assert found == pytest.approx(2.0 * math.exp(-60))
    assert 0.0 < losses.mcc([60.0, -60.0], [1, 0], from_logits=True, eps=0) < 1e-25


@pytest.mark.parametrize("name", ["dice", "jaccard", "tversky", "mcc", "lovasz-hinge"])
def test_image_by_image_is_the_mean(name: str) -> None:
    rng = np.random.default_rng(10)
    logits, target = rng.normal(size=(3, 4, 4)), (rng.uniform(size=(3, 4, 4)) < 0.5).astype(float)
    hinge = name == "lovasz-hinge"
    roles = {"logits" if hinge else "prediction": logits, "target": target}
    params = {} if hinge else {"from_logits": True}
    call = getattr(losses, name.replace("-", "_"))
    each = [float(call(logits[i : i + 1], target[i : i + 1], **params)) for i in range(3)]
    result = losscli.compute(name, reduction="mean", **roles, **params)
    assert result.value == pytest.approx(np.mean(each), rel=1e-12)


def test_logits_are_not_taken_for_probabilities() -> None:
    with pytest.raises(losscli.DataError, match="from_logits"):
        losscli.compute("dice", prediction=[3.0, -2.0], target=[1.0, 0.0])
