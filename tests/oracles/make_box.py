"""Cases of the box losses, from torchvision and at 50 digits.

It needs monai, mpmath, numpy, torch and torchvision:

    python tests/oracles/make_box.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import torch
from monai.losses.giou_loss import BoxGIoULoss
from mpmath import mpf
from oracle import MAX, Case, case, write
from torchvision import ops

RNG = np.random.default_rng(40)
CANCELS = {"atol": 1e-15, "why": "the library subtracts from 1"}

Arrays = dict[str, Any]
Box = tuple[mpf, mpf, mpf, mpf]


def boxes(count: int, scale: float = 10.0) -> np.ndarray:
    corner = RNG.uniform(0, scale, size=(count, 2))
    size = RNG.uniform(0.1, 0.6, size=(count, 2)) * scale
    return np.round(np.concatenate((corner, corner + size), axis=1), 3)


def near(prediction: np.ndarray, step: float) -> np.ndarray:
    return prediction + step * RNG.uniform(-1, 1, size=prediction.shape)


def arrays(prediction: Any, target: Any) -> Arrays:
    return {"prediction": np.asarray(prediction, float), "target": np.asarray(target, float)}


def reduced(elements: Any) -> dict[str, float]:
    return {"mean": np.mean(elements), "sum": np.sum(elements)}


def tensors(data: Arrays) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor(values) for values in data.values())


FAR = arrays([[0, 0, 1, 1], [0, 0, 2, 2], [0, 0, 1, 1]], [[5, 5, 6, 7], [2, 0, 4, 2], [1, 1, 2, 2]])
INSIDE = arrays(
    [[0, 0, 4, 4], [1, 1, 2, 3], [0, 0, 4, 4]], [[1, 1, 2, 2], [0, 0, 4, 4], [0, 0, 4, 4]]
)
# A point, a line, and two of each.
FLAT = arrays(
    [[1, 1, 1, 1], [0, 0, 3, 0], [1, 2, 1, 2], [0, 0, 0, 2]],
    [[0, 0, 2, 2], [0, 0, 3, 1], [1, 2, 1, 2], [0, 0, 0, 2]],
)
HUGE = arrays(
    [
        [0, 0, 1e200, 1e200],
        [1e200, 0, 3e200, 1e199],
        [0, 0, MAX / 2, MAX / 2],
        [1e4, 1e4, 3e4, 2e4],
    ],
    [
        [0, 0, 2e200, 1e200],
        [2e200, 0, 4e200, 1e199],
        [0, 0, MAX / 2, MAX / 4],
        [2e4, 1e4, 3e4, 3e4],
    ],
)


# --- at 50 digits: one pair ----------------------------------------------------------------------


def exact(row: Callable[..., Any], data: Arrays, **params: Any) -> list[float]:
    rows = zip(*(values.tolist() for values in data.values()), strict=True)
    pairs = (tuple(ending([mpf(v) for v in box]) for box in pair) for pair in rows)
    return [float(row(x, y, **params)) for x, y in pairs]


def over(part: mpf, whole: mpf) -> mpf:
    return part / whole if whole else mpf(0)


def area(box: Box) -> mpf:
    return max(box[2] - box[0], mpf(0)) * max(box[3] - box[1], mpf(0))


def ending(box: Box) -> Box:
    """A box that ends where it begins rather than before."""
    return box[0], box[1], max(box[0], box[2]), max(box[1], box[3])


def common(x: Box, y: Box) -> tuple[mpf, mpf]:
    """Intersection and union."""
    corners = (max(x[0], y[0]), max(x[1], y[1]), min(x[2], y[2]), min(x[3], y[3]))
    return area(corners), area(x) + area(y) - area(corners)


def hull(x: Box, y: Box) -> Box:
    across, along = (x[0], x[2], y[0], y[2]), (x[1], x[3], y[1], y[3])
    return min(across), min(along), max(across), max(along)


def overlap(x: Box, y: Box, eps: float) -> mpf:
    shared, union = common(x, y)
    return over(shared, union + mpf(eps))


def iou(x: Box, y: Box, eps: float = 0.0, alpha: float = 1.0) -> mpf:
    return 1 - overlap(x, y, eps) ** mpf(alpha)


def log_iou(x: Box, y: Box, eps: float = 1e-6) -> mpf:
    return -mpmath.log(max(overlap(x, y, 0.0), mpf(eps)))


def giou(x: Box, y: Box, eps: float = 1e-7) -> mpf:
    around, (_, union) = area(hull(x, y)), common(x, y)
    return iou(x, y, eps) + over(around - union, around + mpf(eps))


def diou(x: Box, y: Box, eps: float = 1e-7) -> mpf:
    left, top, right, bottom = hull(x, y)
    diagonal = (right - left) ** 2 + (bottom - top) ** 2
    centres = (x[0] + x[2] - y[0] - y[2]) ** 2 + (x[1] + x[3] - y[1] - y[3]) ** 2
    return iou(x, y, eps) + over(centres / 4, diagonal + mpf(eps))


def ciou(x: Box, y: Box, eps: float = 1e-7, iou_eps: float = 1e-7) -> mpf:
    angles = [
        mpmath.atan2(box[2] - box[0], box[3] - box[1]) if box[:2] != box[2:] else None
        for box in (x, y)
    ]
    shape = 4 / mpmath.pi**2 * (angles[0] - angles[1]) ** 2 if None not in angles else mpf(0)
    return diou(x, y, iou_eps) + over(shape**2, iou(x, y, iou_eps) + shape + mpf(eps))


def eiou(x: Box, y: Box, eps: float = 1e-7) -> mpf:
    left, top, right, bottom = hull(x, y)
    width = (x[2] - x[0]) - (y[2] - y[0])
    height = (x[3] - x[1]) - (y[3] - y[1])
    return (
        diou(x, y, eps)
        + over(width**2, (right - left) ** 2 + mpf(eps))
        + over(height**2, (bottom - top) ** 2 + mpf(eps))
    )


# --- the losses ----------------------------------------------------------------------------------


def exact_cases(name: str, row: Callable[..., Any], **params: Any) -> Iterator[Case]:
    suffix = "".join(f"-{k}{v:g}" for k, v in params.items())
    some = boxes(4)
    for label, data in (
        ("random", arrays(boxes(6), boxes(6))),
        ("overlapping", arrays(some, near(some, 0.4))),
        ("far", FAR), ("inside", INSIDE), ("flat", FLAT), ("huge", HUGE),
    ):  # fmt: skip
        found = exact(row, data, **params)
        yield case(name, label + suffix, data, "mpmath", elements=found,
                   reductions=reduced(found), **params)  # fmt: skip
    for step in (1e-3, 1e-7, 1e-12):
        data = arrays(some, near(some, step))
        found = exact(row, data, **params)
        yield case(name, f"near{step:g}{suffix}", data, "mpmath", elements=found, **params)
    inverted = arrays([[3, 3, 1, 1], [0, 2, 2, 0], [2, 0, 0, 2]], [[0, 0, 4, 4]] * 3)
    found = exact(row, inverted, **params)
    yield case(name, f"inverted{suffix}", inverted, "mpmath", elements=found, **params)


def overlaps() -> Iterator[Case]:
    yield from exact_cases("iou", iou)
    yield from exact_cases("iou", iou, alpha=3.0)
    yield from exact_cases("iou", iou, eps=0.5)
    yield from exact_cases("log-iou", log_iou)
    yield from exact_cases("log-iou", log_iou, eps=0.1)
    prediction = boxes(6)
    data = arrays(prediction, near(prediction, 0.4))
    found = 1 - ops.box_iou(*tensors(data)).diagonal()
    yield case("iou", "torchvision", data, "torchvision", elements=found, **CANCELS)
    found = -torch.log(ops.box_iou(*tensors(data)).diagonal())
    yield case("log-iou", "torchvision", data, "torchvision", elements=found, **CANCELS)


def formats() -> Iterator[Case]:
    prediction = boxes(5)
    data = arrays(prediction, near(prediction, 0.4))
    for name, function in TORCHVISION.items():
        found = function(*tensors(data))
        for fmt in ("xywh", "cxcywh"):
            converted = {
                role: ops.box_convert(torch.tensor(values), "xyxy", fmt)
                for role, values in data.items()
            }
            yield case(name, fmt, converted, "torchvision", elements=found, fmt=fmt,
                       atol=1e-14, why="sizes are rounded")  # fmt: skip


TORCHVISION = {
    "giou": ops.generalized_box_iou_loss,
    "diou": ops.distance_box_iou_loss,
    "ciou": ops.complete_box_iou_loss,
}


def torchvision_losses() -> Iterator[Case]:
    for name, function in TORCHVISION.items():
        some = boxes(6)
        for label, data in (
            ("random", arrays(boxes(8), boxes(8))),
            ("overlapping", arrays(some, near(some, 0.4))),
            ("far", FAR), ("inside", INSIDE), ("one", arrays(boxes(1), boxes(1))),
        ):  # fmt: skip
            for eps in (1e-7, 0.25):
                found = function(*tensors(data), eps=eps)
                reductions = {
                    how: function(*tensors(data), reduction=how, eps=eps) for how in ("mean", "sum")
                }
                given = {} if eps == 1e-7 else {"eps": eps}
                yield case(name, f"torchvision-{label}-eps{eps:g}", data, "torchvision",
                           elements=found, reductions=reductions, **given, **CANCELS)  # fmt: skip
    data = arrays(boxes(5), boxes(5))
    found = BoxGIoULoss(reduction="none")(*tensors(data))
    yield case("giou", "monai", data, "monai", elements=found.reshape(-1), rtol=1e-5, atol=1e-6,
               why="the library computes in float32")  # fmt: skip


def cases() -> Iterator[Case]:
    yield from overlaps()
    yield from torchvision_losses()
    yield from formats()
    for name, row in (("giou", giou), ("diou", diou), ("ciou", ciou), ("eiou", eiou)):
        yield from exact_cases(name, row)
        yield from exact_cases(name, row, eps=0.0)
    yield from exact_cases("ciou", ciou, eps=0.0, iou_eps=0.0)


if __name__ == "__main__":
    write("box", cases())
