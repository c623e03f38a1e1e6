"""Boxes: how well does a predicted rectangle cover the true one?"""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple, TypeAlias

import numpy as np

from losscli.domain import NON_NEGATIVE, POSITIVE, Array, Box, Interval
from losscli.numerics import shrink_huge
from losscli.spec import loss

_Format: TypeAlias = Annotated[
    Literal["xyxy", "xywh", "cxcywh"], "two corners, or a corner and sizes, or the centre and sizes"
]
_Eps: TypeAlias = Annotated[float, NON_NEGATIVE, "added to each divisor, as torchvision does"]

# What torchvision adds to a divisor.
_EPS = 1e-7


class _Side(NamedTuple):
    """Two intervals on an axis: widths, overlap, hull, what of it each leaves out, centres apart.

    The widths are the overlap plus what the *other* one leaves out.
    """

    width: Array
    true_width: Array
    overlap: Array
    hull: Array
    outside: Array
    true_outside: Array
    shift: Array


class _Pair(NamedTuple):
    """Two boxes, axis by axis, and what an ``eps`` of 1 is in the units they are measured in."""

    x: _Side
    y: _Side
    unit: Array


class _Areas(NamedTuple):
    """Of two boxes: intersection, the rest of the union, the rest of the hull, and the hull."""

    shared: Array
    uncovered: Array
    empty: Array
    hull: Array


def _corners(box: Array, fmt: str) -> tuple[Array, Array, Array, Array]:
    """The coordinates x1, y1, x2, y2 of boxes."""
    x, y, last_x, last_y = box.T
    if fmt == "xyxy":
        return x, y, last_x, last_y
    if fmt == "cxcywh":
        x, y = x - 0.5 * last_x, y - 0.5 * last_y
    return x, y, x + last_x, y + last_y


def _side(low: Array, high: Array, true_low: Array, true_high: Array) -> _Side:
    """How two intervals lie to each other; one that ends before it begins ends where it begins."""
    high, true_high = np.maximum(low, high), np.maximum(true_low, true_high)
    left, right = np.minimum(low, true_low), np.maximum(high, true_high)
    return _Side(
        width=high - low,
        true_width=true_high - true_low,
        overlap=np.maximum(np.minimum(high, true_high) - np.maximum(low, true_low), 0.0),
        hull=right - left,
        outside=(low - left) + (right - high),
        true_outside=(true_low - left) + (right - true_high),
        shift=0.5 * ((low - true_low) + (high - true_high)),
    )


def _pair(prediction: Array, target: Array, fmt: str) -> _Pair:
    """How two boxes lie to each other; those whose areas would overflow are scaled down."""
    both, scale = shrink_huge(np.concatenate((prediction, target), axis=1))
    x1, y1, x2, y2 = _corners(both[:, :4], fmt)
    true_x1, true_y1, true_x2, true_y2 = _corners(both[:, 4:], fmt)
    x, y = _side(x1, x2, true_x1, true_x2), _side(y1, y2, true_y1, true_y2)
    return _Pair(x, y, 1.0 / (scale * scale))


def _areas(pair: _Pair) -> _Areas:
    """Intersection, union and hull of two boxes.

    Where boxes overlap the differences are sums of positive terms, so that boxes which nearly agree
    lose no digits.
    """
    x, y, _ = pair
    shared, hull = x.overlap * y.overlap, x.hull * y.hull
    only_one = x.true_outside * y.width + x.overlap * y.true_outside
    only_other = x.outside * y.true_width + x.overlap * y.outside
    apart = shared == 0.0
    sum_of_areas = x.width * y.width + x.true_width * y.true_width
    uncovered = np.where(apart, sum_of_areas, only_one + only_other)
    corners = x.outside * y.true_outside + x.true_outside * y.outside
    return _Areas(shared, uncovered, np.where(apart, hull - sum_of_areas, corners), hull)


def _over(part: Array, whole: Array, nothing: float = 0.0) -> Array:
    """The quotient, and ``nothing`` where the divisor is 0."""
    quotient = np.full(whole.shape, nothing)
    np.divide(part, whole, out=quotient, where=whole != 0.0)
    return quotient


def _missing(areas: _Areas, eps: Array) -> Array:
    """1 less the intersection over union; of two empty boxes everything is missing."""
    rest = areas.uncovered + eps
    return _over(rest, areas.shared + rest, nothing=1.0)


def _distance_iou(pair: _Pair, eps: float) -> tuple[Array, Array]:
    """1 less the intersection over union, and the squared distance of centres over the diagonal."""
    x, y, unit = pair
    diagonal = x.hull * x.hull + y.hull * y.hull + eps * unit
    apart = _over(x.shift * x.shift + y.shift * y.shift, diagonal)
    return _missing(_areas(pair), eps * unit), apart


@loss(
    aliases=("iou_loss", "box_iou", "bbox_iou", "intersection_over_union", "alpha_iou"),
    minimum_when_equal=("prediction", "target"),
    use_when="overlap of boxes is what will be judged, and nearly all of them overlap already",
    avoid_when="boxes may not touch: all such pairs cost 1, however far apart (giou, diou)",
    reference="torchvision.ops.box_iou; alpha: He et al. 2021, arXiv:2110.13675",
)
def iou(
    prediction: Box,
    target: Box,
    *,
    alpha: Annotated[float, POSITIVE, "power of the overlap; 3 in Alpha-IoU"] = 1.0,
    eps: _Eps = 0.0,
    fmt: _Format = "xyxy",
) -> Array:
    r"""Share of what two boxes cover together that they do not have in common.

    prediction, target: (N, 4), x1, y1, x2, y2 or as ``fmt`` says -> (N,), a share in [0, 1]. The
    mean divides by the number of rows.

    .. math:: \ell = 1 - \Bigl(\frac{|A \cap B|}{|A \cup B| + \epsilon}\Bigr)^\alpha

    A box with x2 below x1 ends at x1, one with y2 below y1 at y1, and is empty. Two empty boxes
    cost 1, where torchvision's ``box_iou`` is NaN. Boxes that nearly agree keep their digits.
    mmdetection's square mode is ``alpha=2``, its log mode log-iou. COCO files hold ``fmt="xywh"``.
    An infinite coordinate gives NaN.

    >>> losses.iou([[0, 0, 2, 2], [0, 0, 1, 1]], [[1, 0, 3, 2], [0, 0, 1, 1]]).round(4).tolist()
    [0.6667, 0.0]
    """
    pair = _pair(prediction, target, fmt)
    missing = _missing(_areas(pair), eps * pair.unit)
    if alpha == 1.0:
        return missing
    return np.subtract(0.0, np.expm1(alpha * np.log1p(-missing)))


@loss(
    aliases=("log_iou_loss", "unitbox"),
    minimum_when_equal=("prediction", "target"),
    use_when="boxes overlap, and a poor overlap should cost far more than a fair one",
    avoid_when="many boxes do not overlap: all of them cost the same (giou, diou)",
    reference="Yu et al. 2016, doi:10.1145/2964284.2967274",
)
def log_iou(
    prediction: Box,
    target: Box,
    *,
    eps: Annotated[
        float, Interval(0.0, 1.0, low_open=True), "a smaller overlap counts as it"
    ] = 1e-6,
    fmt: _Format = "xyxy",
) -> Array:
    r"""Negative logarithm of the share that two boxes have in common.

    prediction, target: (N, 4), x1, y1, x2, y2 or as ``fmt`` says -> (N,), in nats. The mean divides
    by the number of rows.

    .. math:: \ell = -\log \max\Bigl(\frac{|A \cap B|}{|A \cup B|},\, \epsilon\Bigr)

    UnitBox has no bound; ``eps`` is mmdetection's, so that boxes which do not touch cost 13.8. A
    box with x2 below x1 ends at x1, one with y2 below y1 at y1, and is empty.

    >>> losses.log_iou([[0, 0, 2, 2], [0, 0, 1, 1]], [[1, 0, 3, 2], [5, 5, 6, 6]]).round(4).tolist()
    [1.0986, 13.8155]
    """
    shared, uncovered, _, _ = areas = _areas(_pair(prediction, target, fmt))
    missing = _missing(areas, np.zeros(shared.shape))
    common = np.maximum(_over(shared, shared + uncovered), eps)
    elements = np.where(missing < 0.5, np.log1p(-missing), np.log(common))
    return np.subtract(0.0, np.maximum(elements, math.log(eps)))


@loss(
    aliases=(
        "giou_loss", "generalized_box_iou", "generalized_box_iou_loss", "BoxGIoULoss",
        "generalized_intersection_over_union",
    ),
    minimum_when_equal=("prediction", "target"),
    use_when="predicted boxes may miss the true ones, and even then nearer should cost less",
    avoid_when="one box often lies inside the other, where it is no more than iou (diou)",
    reference="Rezatofighi et al. 2019, arXiv:1902.09630; torchvision.ops.generalized_box_iou_loss",
)  # fmt: skip
def giou(prediction: Box, target: Box, *, eps: _Eps = _EPS, fmt: _Format = "xyxy") -> Array:
    r"""IoU loss plus the share of the smallest box around both that neither covers.

    prediction, target: (N, 4), x1, y1, x2, y2 or as ``fmt`` says -> (N,), without unit, in [0, 2].
    The mean divides by the number of rows; torchvision's default does not reduce.

    .. math:: \ell = 1 - \frac{|A \cap B|}{|A \cup B| + \epsilon}
              + \frac{|C| - |A \cup B|}{|C| + \epsilon}

    with :math:`C` the smallest box around both. A box with x2 below x1 ends at x1, one with y2
    below y1 at y1; torchvision, which wants none such, takes signed sides and may then give
    anything, even 0. Equal boxes cost about ``eps`` over their area. Boxes that nearly agree keep
    their digits. An infinite coordinate gives NaN.

    >>> losses.giou([[0, 0, 2, 2], [0, 0, 1, 1]], [[1, 0, 3, 2], [2, 2, 3, 3]]).round(4).tolist()
    [0.6667, 1.7778]
    """
    pair = _pair(prediction, target, fmt)
    areas, added = _areas(pair), eps * pair.unit
    return _missing(areas, added) + _over(areas.empty, areas.hull + added)


@loss(
    aliases=(
        "diou_loss", "distance_box_iou", "distance_box_iou_loss",
        "distance_intersection_over_union",
    ),
    minimum_when_equal=("prediction", "target"),
    use_when="boxes should first of all be in the right place, also when one holds the other",
    avoid_when="the shape of the box is what goes wrong (ciou, eiou)",
    reference="Zheng et al. 2020, arXiv:1911.08287; torchvision.ops.distance_box_iou_loss",
)  # fmt: skip
def diou(prediction: Box, target: Box, *, eps: _Eps = _EPS, fmt: _Format = "xyxy") -> Array:
    r"""IoU loss plus how far the centres are apart, relative to the smallest box around both.

    prediction, target: (N, 4), x1, y1, x2, y2 or as ``fmt`` says -> (N,), without unit, in [0, 2].
    The mean divides by the number of rows; torchvision's default does not reduce.

    .. math:: \ell = 1 - \frac{|A \cap B|}{|A \cup B| + \epsilon} + \frac{\rho^2}{c^2 + \epsilon}

    with :math:`\rho` the distance of the centres and :math:`c` the diagonal of the smallest box
    around both. A box with x2 below x1 ends at x1, one with y2 below y1 at y1; torchvision, which
    wants none such, takes signed sides. Boxes that nearly agree keep their digits. An infinite
    coordinate gives NaN.

    >>> losses.diou([[0, 0, 2, 2], [0, 0, 1, 1]], [[1, 0, 3, 2], [2, 2, 3, 3]]).round(4).tolist()
    [0.7436, 1.4444]
    """
    missing, apart = _distance_iou(_pair(prediction, target, fmt), eps)
    return missing + apart


@loss(
    aliases=(
        "ciou_loss", "complete_box_iou", "complete_box_iou_loss",
        "complete_intersection_over_union",
    ),
    minimum_when_equal=("prediction", "target"),
    use_when="place and proportions of boxes matter: the usual choice in YOLO detectors",
    avoid_when="sizes are wrong at the right proportions, which it does not see (eiou)",
    reference="Zheng et al. 2020, arXiv:1911.08287; torchvision.ops.complete_box_iou_loss",
)  # fmt: skip
def ciou(
    prediction: Box,
    target: Box,
    *,
    eps: Annotated[float, NON_NEGATIVE, "added where the weight of the shape is divided"] = _EPS,
    iou_eps: Annotated[float, NON_NEGATIVE, "eps of diou; torchvision's is fixed"] = _EPS,
    fmt: _Format = "xyxy",
) -> Array:
    r"""DIoU loss plus how different the proportions of the boxes are.

    prediction, target: (N, 4), x1, y1, x2, y2 or as ``fmt`` says -> (N,), without unit.
    The mean divides by the number of rows; torchvision's default does not reduce.

    .. math:: \ell = \text{diou} + \frac{v^2}{1 - \text{IoU} + v + \epsilon}, \qquad
              v = \frac{4}{\pi^2} \Bigl(\arctan \frac{w'}{h'} - \arctan \frac{w}{h}\Bigr)^2

    torchvision's ``eps`` reaches the last term only and its DIoU keeps 1e-7, which is ``iou_eps``
    here. A box that is a point has no proportions and no such cost; torchvision gives NaN. Boxes
    that end before they begin are as in diou.

    >>> losses.ciou([[0, 0, 2, 2], [0, 0, 2, 1]], [[1, 0, 3, 2], [0, 0, 1, 2]]).round(4).tolist()
    [0.7436, 0.7629]
    """
    x, y, _ = pair = _pair(prediction, target, fmt)
    missing, apart = _distance_iou(pair, iou_eps)
    # The difference of the two angles, which takes a height of 0 too.
    angle = np.arctan2(
        x.true_width * y.width - x.width * y.true_width,
        y.true_width * y.width + x.true_width * x.width,
    )
    shape = (4.0 / math.pi**2) * angle * angle
    return missing + apart + _over(shape * shape, missing + shape + eps)


@loss(
    aliases=("eiou_loss", "efficient_iou"),
    minimum_when_equal=("prediction", "target"),
    use_when="widths and heights should each come right, not just their ratio",
    avoid_when="results must compare with detectors trained on ciou or giou",
    reference="Zhang et al. 2022, arXiv:2101.08158",
)
def eiou(prediction: Box, target: Box, *, eps: _Eps = _EPS, fmt: _Format = "xyxy") -> Array:
    r"""DIoU loss plus how far width and height are off, relative to the smallest box around both.

    prediction, target: (N, 4), x1, y1, x2, y2 or as ``fmt`` says -> (N,), without unit, in [0, 4].
    The mean divides by the number of rows.

    .. math:: \ell = \text{diou} + \frac{(w - w')^2}{C_w^2 + \epsilon}
              + \frac{(h - h')^2}{C_h^2 + \epsilon}

    with :math:`C_w` and :math:`C_h` the sides of that smallest box. The paper has no ``eps``. Boxes
    that end before they begin are as in diou.

    >>> losses.eiou([[0, 0, 2, 2], [0, 0, 2, 1]], [[1, 0, 3, 2], [0, 0, 1, 2]]).round(4).tolist()
    [0.7436, 1.2292]
    """
    pair = _pair(prediction, target, fmt)
    missing, apart = _distance_iou(pair, eps)
    for side in (pair.x, pair.y):
        wrong = side.width - side.true_width
        apart += _over(wrong * wrong, side.hull * side.hull + eps * pair.unit)
    return missing + apart


@loss(
    aliases=("siou_loss", "scylla_iou"),
    minimum_when_equal=("prediction", "target"),
    use_when="boxes should first move along an axis towards the true one, as YOLOv6 trains them",
    avoid_when="a plain measure of overlap is wanted (iou, giou)",
    reference="Gevorgyan 2022, arXiv:2205.12740",
)
def siou(
    prediction: Box,
    target: Box,
    *,
    theta: Annotated[float, POSITIVE, "power of the cost of the shape; 2 to 6 in the paper"] = 4.0,
    eps: _Eps = _EPS,
    fmt: _Format = "xyxy",
) -> Array:
    r"""IoU loss plus the cost of distance, dearer in a slanting direction, and of shape.

    prediction, target: (N, 4), x1, y1, x2, y2 or as ``fmt`` says -> (N,), without unit, in [0, 3].
    The mean divides by the number of rows.

    .. math:: \ell = 1 - \text{IoU} + \tfrac12 \sum_{t \in \{x, y\}} \Bigl(1 - e^{-(2 - \Lambda)
              (d_t / C_t)^2}\Bigr) + \bigl(1 - e^{-\omega_t}\bigr)^\theta, \qquad
              \Lambda = \frac{2\,|d_x d_y|}{d_x^2 + d_y^2}

    with :math:`d` between the centres, :math:`C` the sides of the smallest box around both, and
    :math:`\omega` the difference of widths, or heights, over the greater. The paper writes
    :math:`\Lambda` with an arcsine, of which this is the sine of twice. Boxes that end before they
    begin are as in diou.

    >>> losses.siou([[0, 0, 2, 2], [0, 0, 2, 1]], [[1, 0, 3, 2], [0, 0, 1, 2]]).round(4).tolist()
    [0.7663, 0.7512]
    """
    x, y, unit = pair = _pair(prediction, target, fmt)
    slant = _over(2.0 * np.abs(x.shift * y.shift), x.shift * x.shift + y.shift * y.shift)
    extra = np.zeros(slant.shape)
    for side in (x, y):
        apart = _over(side.shift, side.hull)
        extra -= np.expm1((slant - 2.0) * apart * apart)
        wrong = np.abs(side.width - side.true_width)
        wrong = _over(wrong, np.maximum(side.width, side.true_width))
        extra += (-np.expm1(-wrong)) ** theta
    return _missing(_areas(pair), eps * unit) + 0.5 * extra


@loss(
    aliases=("wiou_loss", "wise_iou", "wiou_v1"),
    minimum_when_equal=("prediction", "target"),
    use_when="badly centred boxes should cost more, without the proportions of the box counting",
    avoid_when="boxes that do not touch should cost more the farther apart they are (giou, diou)",
    reference="Tong et al. 2023, arXiv:2301.10051",
)
def wiou(prediction: Box, target: Box, *, eps: _Eps = _EPS, fmt: _Format = "xyxy") -> Array:
    r"""IoU loss times the exponential of how far the centres are apart.

    prediction, target: (N, 4), x1, y1, x2, y2 or as ``fmt`` says -> (N,), without unit, at most e.
    The mean divides by the number of rows.

    .. math:: \ell = e^{\rho^2 / c^2}\,(1 - \text{IoU})

    with :math:`\rho` the distance of the centres and :math:`c` the diagonal of the smallest box
    around both. It is the first version of the paper; the later two weigh it by running means of
    the training. Boxes that end before they begin are as in diou.

    >>> losses.wiou([[0, 0, 2, 2], [0, 0, 2, 1]], [[1, 0, 3, 2], [0, 0, 1, 2]]).round(4).tolist()
    [0.72, 0.7097]
    """
    missing, apart = _distance_iou(_pair(prediction, target, fmt), eps)
    return missing * np.exp(apart)


@loss(
    aliases=("mpdiou_loss", "minimum_points_distance_iou"),
    minimum_when_equal=("prediction", "target"),
    use_when="both corners of a box should come right, in units of the image",
    avoid_when="images differ in size, and boxes are in pixels (diou, ciou)",
    reference="Ma and Xu 2023, arXiv:2307.07662",
)
def mpdiou(
    prediction: Box,
    target: Box,
    *,
    width: Annotated[float, POSITIVE, "of the image, in the unit of the boxes"] = 1.0,
    height: Annotated[float, POSITIVE, "of the image, in the unit of the boxes"] = 1.0,
    eps: _Eps = _EPS,
    fmt: _Format = "xyxy",
) -> Array:
    r"""IoU loss plus how far the two corners are off, relative to the diagonal of the image.

    prediction, target: (N, 4), x1, y1, x2, y2 or as ``fmt`` says -> (N,), without unit. The mean
    divides by the number of rows.

    .. math:: \ell = 1 - \text{IoU} + \frac{d_1^2 + d_2^2}{w^2 + h^2}

    with :math:`d_1` between the first and :math:`d_2` between the second corners. Boxes as shares
    of the image have width and height 1. Boxes that end before they begin are as in diou.

    >>> losses.mpdiou([[0.1, 0.1, 0.5, 0.5]], [[0.3, 0.1, 0.7, 0.5]]).round(4).tolist()
    [0.7067]
    """
    x, y, unit = pair = _pair(prediction, target, fmt)
    # Both shifts of an axis, of the lower and of the upper end, are centre -+ half the widths.
    squares = np.zeros(unit.shape)
    for side in (x, y):
        wider = 0.5 * (side.width - side.true_width)
        squares += (side.shift - wider) ** 2 + (side.shift + wider) ** 2
    diagonal = (width * width + height * height) * unit
    return _missing(_areas(pair), eps * unit) + squares / diagonal
