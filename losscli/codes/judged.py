"""LC5xx: what a check compares with."""

from __future__ import annotations

from losscli.codes.record import Code, Example

JUDGED = (
    Code(
        "LC501",
        "error",
        "nothing that this run can be compared with",
        "The baseline is not there, is damaged, or is of something else: another loss, other "
        "parameters, other rows; or another model's loss is not finite. The message names every "
        "difference, and nothing is compared.",
        "If what was changed is meant so, write the baseline anew with `--update-baseline`.",
        Example(
            {"data.csv": {"prediction": "1 2 3", "target": "1 3 3"}},
            "losscli check mse data.csv --baseline baseline.json",
            {"baseline.json": "{}\n"},
        ),
        stops=True,
        option="--update-baseline",
    ),
)
