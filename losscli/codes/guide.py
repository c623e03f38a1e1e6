"""LC3xx: the decision guide."""

from __future__ import annotations

from losscli.codes.record import Code, Example

GUIDE = (
    Code(
        "LC301",
        "warning",
        "an answer and the data disagree",
        "The decision guide follows what you say; the data says something else. The finding "
        "names both.",
        "Leave the flag out to follow the data.",
        Example(
            {
                "data.csv": {
                    "prediction": " ".join(["0.9 0.2 0.7 0.4"] * 5),
                    "target": " ".join(["1 0 1 0"] * 5),
                }
            },
            "losscli recommend data.csv --task regression",
        ),
    ),
    Code(
        "LC302",
        "warning",
        "a loss that the data rules out",
        "The guide leads to losses that are not defined for these targets: a count or a Gamma "
        "deviance for numbers below 0, a cross-entropy of yes and no for others than those in "
        "[0, 1], a class for numbers that are not whole, boxes for single numbers. They are taken "
        "out of the advice. If it was the loss that was asked for, another of the same branch "
        "takes its place; where none is left, the data alone decides.",
        "Look whether the right column was read, or take the loss that is left.",
        Example(
            {
                "data.csv": {
                    "prediction": " ".join(["0.5 1.5 -2 3"] * 5),
                    "target": " ".join(["1.2 -0.5 -1 3.5"] * 5),
                }
            },
            "losscli recommend data.csv --need counts",
        ),
    ),
)
