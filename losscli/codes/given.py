"""LC10x: what the predictions and targets are."""

from __future__ import annotations

from losscli.codes.record import Code, Example

_TWELVE = " ".join(["0.9 0.2 0.7 0.4"] * 3)
_YES_NO = " ".join(["1 0 1 0"] * 3)

GIVEN = (
    Code(
        "LC101",
        "warning",
        "probabilities where logits are expected",
        "The loss applies a softmax or sigmoid itself. Applied to probabilities it squeezes "
        "them together: with ten classes even perfect predictions cost log(1 + 9/e) = 1.461 a "
        "row, with one column a sure yes costs 0.313 and a sure no 0.693. Nothing fails, the "
        "number is just too high and hardly moves. It fires when every value given as a logit "
        "is in [0, 1] and, with several classes, every row sums to 1.",
        "Give the logits; or compute the loss that takes probabilities: bce for one column, "
        "log-loss for one column a class.",
        Example(
            {"data.csv": {"logits": _TWELVE, "target": _YES_NO}},
            "losscli compute bce-with-logits data.csv",
        ),
    ),
    Code(
        "LC102",
        "info",
        "log-probabilities where logits are expected",
        "Harmless: a log-softmax leaves log-probabilities as they are, so cross-entropy of "
        "them is the same as nll. It is said because it tells that the model ends in a "
        "log-softmax.",
        "Nothing.",
        Example(
            {
                "data.csv": {
                    "logits_0": "-0.6931471805599453 -1.3862943611198906",
                    "logits_1": "-0.6931471805599453 -0.2876820724517809",
                    "target": "0 1",
                }
            },
            "losscli compute cross-entropy data.csv",
        ),
    ),
    Code(
        "LC103",
        "warning",
        "log-probabilities that do not sum to 1",
        "nll and kl-div take the logarithms of probabilities and cannot tell when they are "
        "not: with other scores the result is no likelihood and no divergence, and may be "
        "negative. It fires when the exponentials of some rows do not sum to 1 within 0.001.",
        "Take the log-softmax of the logits first, or compute cross-entropy from the logits.",
        Example(
            {"data.csv": {"log_probs_0": "-1 -2", "log_probs_1": "-3 -1", "target": "0 1"}},
            "losscli compute nll data.csv",
        ),
    ),
    Code(
        "LC104",
        "error",
        "target rows that do not sum to 1",
        "A target of class probabilities sums to 1 in every row. A row that does not counts more "
        "or less than the others, and a KL divergence may come out negative. It fires when some "
        "rows are off by more than 0.001, which a float32 softmax over a thousand classes is not.",
        "Divide each row by its sum. Where several classes may hold at once, the loss is "
        "bce-with-logits or multilabel-soft-margin. `--allow LC104` takes the rows as they are.",
        Example(
            {
                "logits.csv": {"logits_0": "2 0", "logits_1": "1 3"},
                "target.csv": {"target_0": "0.6 0.1", "target_1": "0.3 0.8"},
            },
            "losscli compute cross-entropy logits.csv target.csv",
        ),
    ),
    Code(
        "LC105",
        "warning",
        "labels that look like 1 to C",
        "Labels count from 0. Labels from 1 to C are shifted by one class, and go unnoticed "
        "when there is a spare column of logits: every prediction is then compared with the "
        "wrong class. It fires when the first class never occurs and every other one does, in "
        "enough rows, unless the highest score is that of the label as it stands more often than "
        "that of the class before.",
        "`--labels from-1` counts them from 1. Leave out the spare column, unless class 0 truly "
        "never occurs.",
        Example(
            {
                "data.csv": {
                    "logits_0": " ".join(["2 -1"] * 10),
                    "logits_1": " ".join(["-1 2"] * 10),
                    "logits_2": " ".join(["0 0"] * 10),
                    "target": " ".join(["1 2"] * 10),
                }
            },
            "losscli compute cross-entropy data.csv",
        ),
    ),
    Code(
        "LC106",
        "warning",
        "prediction and target look swapped",
        "Predictions that are whole numbers, with a target that is not, are rare; the two "
        "exchanged are common. Symmetric losses such as mse hide the mistake, others return a "
        "wrong number.",
        "The order is PREDICTION TARGET. Or name the files: prediction=FILE target=FILE.",
        Example(
            {
                "data.csv": {
                    "prediction": " ".join(["1 0 1 0"] * 5),
                    "target": " ".join(["0.9 0.2 0.7 0.4"] * 5),
                }
            },
            "losscli compute mse data.csv",
        ),
    ),
    Code(
        "LC107",
        "warning",
        "a target of a single value",
        "A target that never changes is a constant column, a filtered file or a single class: "
        "the loss says nothing about telling one thing from another.",
        "Look whether the right column was read and whether a class was filtered out.",
        Example(
            {"data.csv": {"prediction": _TWELVE, "target": " ".join(["1"] * 12)}},
            "losscli compute bce data.csv",
        ),
    ),
    Code(
        "LC108",
        "warning",
        "class labels where logits are expected",
        "A label says which class was chosen, not how sure the model was. The loss reads it "
        "as a score of 0 or 1, so that a wrong answer costs little more than a right one.",
        "Save the model's scores and not its decisions.",
        Example(
            {"data.csv": {"logits": _YES_NO, "target": " ".join(["1 0 0 0"] * 3)}},
            "losscli compute bce-with-logits data.csv",
        ),
    ),
)
