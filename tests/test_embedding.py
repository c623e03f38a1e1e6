"""Identities between the embedding losses, and what their docstrings say in words."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losscli import losses
from losscli.domain import Array

DISTANCES = ["euclidean", "squared_euclidean", "manhattan", "chebyshev", "cosine"]


def vectors(count: int, *, low: float = -30.0) -> st.SearchStrategy[list[Array]]:
    shape = st.tuples(st.integers(1, 4), st.integers(1, 7))
    block = shape.flatmap(lambda s: arrays(np.float64, (count, *s), elements=st.floats(low, 30.0)))
    return block.map(list)


def close(actual: Array, expected: Array, *, atol: float = 1e-14) -> None:
    np.testing.assert_allclose(actual, expected, rtol=1e-13, atol=atol)


@given(vectors(2))
def test_three_names_for_one_angle(pair: list[Array]) -> None:
    cosine = losses.cosine_similarity(*pair, eps=0)
    assert (np.abs(cosine) <= 1).all()
    close(losses.cosine_distance(*pair), 1 - cosine)
    np.testing.assert_array_equal(losses.negative_cosine(*pair, eps=0), 0.0 - cosine)


@given(vectors(2, low=0.5))  # away from 0, where PyTorch's epsilon would show
def test_cosine_embedding_of_similar_pairs_is_cosine_distance(pair: list[Array]) -> None:
    similar = losses.cosine_embedding(*pair, np.ones(len(pair[0])))
    close(similar, losses.cosine_distance(*pair), atol=1e-11)


@given(vectors(2), st.integers(-900, 900))
def test_a_cosine_sees_no_length(pair: list[Array], exponent: int) -> None:
    first, second = (np.where(np.abs(x) < 1e-3, 0.0, x) for x in pair)
    found = losses.cosine_distance(np.ldexp(first, exponent), second)
    np.testing.assert_array_equal(found, losses.cosine_distance(first, second))


def test_a_small_angle_has_a_distance() -> None:
    angle = np.array([1e-3, 1e-6, 1e-9, 1e-150])
    turned = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    straight = np.tile([7.0, 0.0], (4, 1))
    close(losses.cosine_distance(straight, turned), angle**2 / 2 - angle**4 / 24, atol=0)


def test_a_zero_vector_is_at_right_angles_to_all() -> None:
    zero, other = [0.0, 0.0], [3.0, 4.0]
    for x in (zero, other):
        assert losses.cosine_similarity(zero, x) == 0
        assert losses.negative_cosine(zero, x, eps=0) == 0
        assert losses.cosine_distance(zero, x) == 1


@given(vectors(3), st.booleans())
def test_triplet_with_the_default_distance_is_triplet_margin(
    triple: list[Array], swap: bool
) -> None:
    found = losses.triplet_margin_with_distance(*triple, margin=0.5, swap=swap)
    np.testing.assert_array_equal(found, losses.triplet_margin(*triple, margin=0.5, swap=swap))


@pytest.mark.parametrize("name", DISTANCES)
@given(triple=vectors(3))
def test_triplets_compare_two_distances(name: str, triple: list[Array]) -> None:
    anchor, positive, negative = triple
    measure = {
        "squared_euclidean": lambda x, y: losses.pairwise_distance(x, y, eps=0) ** 2,
        "cosine": losses.cosine_distance,
    }
    norm = {"euclidean": 2.0, "manhattan": 1.0, "chebyshev": math.inf}
    distance = measure.get(name, lambda x, y: losses.pairwise_distance(x, y, p=norm[name], eps=0))
    found = losses.triplet_margin_with_distance(*triple, distance_function=name, margin=0.25)
    expected = distance(anchor, positive) - distance(anchor, negative) + 0.25
    close(found, np.maximum(expected, 0), atol=1e-11)


@given(vectors(3, low=0.5))
def test_facenet_is_twice_the_cosine_on_unit_vectors(triple: list[Array]) -> None:
    units = [x / np.sqrt((x**2).sum(axis=1, keepdims=True)) for x in triple]
    squared = losses.triplet_margin_with_distance(
        *units, distance_function="squared_euclidean", margin=0.5
    )
    cosine = losses.triplet_margin_with_distance(*units, distance_function="cosine", margin=0.25)
    close(squared, 2 * cosine)
