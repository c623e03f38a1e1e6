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
)
