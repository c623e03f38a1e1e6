"""LC12x: what keeps a loss from being computed at all. These stop the run."""

from __future__ import annotations

from losscli.codes.record import Code, Example

CONTRACT = (
    Code(
        "LC120",
        "error",
        "the shapes do not fit",
        "NumPy and PyTorch broadcast: (N,) against (N, 1) becomes N x N pairs, and the mean of "
        "those is a number that looks like any other. losscli broadcasts nothing. (N,) and (N, 1) "
        "are N pairs, by position, so nothing has to be squeezed; (N, 3) and (N, 4) are an error.",
        "Choose the columns with -c ROLE=NAME so that both have as many.",
        Example(
            {
                "p.csv": {"prediction_0": "1 2", "prediction_1": "3 4"},
                "t.csv": {"target_0": "1 2", "target_1": "3 4", "target_2": "5 6"},
            },
            "losscli compute mse p.csv t.csv",
        ),
        stops=True,
    ),
    Code(
        "LC121",
        "error",
        "the numbers of rows differ",
        "Rows are paired by position, so a row that is missing in the middle shifts all that "
        "follow. Nothing is cut to the shorter file, as zip() does. A blank line in a file counts "
        "as a row with a missing value, so that it cannot shift the rows behind it.",
        "Look for missing or extra rows, for example at the end.",
        Example(
            {"p.csv": {"prediction": "1 2 3"}, "t.csv": {"target": "1 2"}},
            "losscli compute mse p.csv t.csv",
        ),
        stops=True,
    ),
    Code(
        "LC122",
        "error",
        "no rows",
        "A file without a row has no loss. Most often a filter took all of them.",
        "Look at the file, and at what wrote it.",
        Example({"p.csv": {"prediction": "", "target": ""}}, "losscli compute mse p.csv"),
        stops=True,
    ),
    Code(
        "LC123",
        "error",
        "a value the loss is not defined for",
        "Every loss declares what each of its columns may hold; `losscli show LOSS` lists it. The "
        "first value outside is named with its file, column and row.",
        "Look at that row. `losscli show LOSS` says what the column may hold.",
        Example(
            {"data.csv": {"prediction": "1 2", "target": "3 -1"}},
            "losscli compute gamma-deviance data.csv",
        ),
        stops=True,
    ),
    Code(
        "LC124",
        "error",
        "labels 0 and 1 where 1 and -1 are expected, or the other way round",
        "hinge, soft-margin, margin-ranking and their like want labels 1 and -1. With a label of "
        "0 soft-margin is 0.693 whatever the prediction and a ranking loss is 0, silently, in "
        "libraries that take it. Losses of probabilities and logits want 0 and 1; a target of -1 "
        "gives them a negative loss.",
        "`--labels 01` reads 0 as -1 for this loss; `--labels pm1` reads -1 as 0. The files stay "
        "as they are.",
        Example(
            {"data.csv": {"prediction": "0.5 -1.2 2", "target": "1 0 1"}},
            "losscli compute hinge data.csv",
        ),
        stops=True,
    ),
    Code(
        "LC125",
        "error",
        "a label outside the classes",
        "Class indices are whole numbers 0 .. C-1 for C columns. Labels from 1 to C end in a label "
        "C that has no column; a negative label that is not ignore_index is padding of another "
        "library, or a mistake; 1.5 is no class.",
        "`--labels from-1` for labels 1 .. C; `--ignore-index -1` where -1 stands for padding.",
        Example(
            {"data.csv": {"logits_0": "1 2", "logits_1": "0 3", "target": "1 2"}},
            "losscli compute cross-entropy data.csv",
        ),
        stops=True,
    ),
    Code(
        "LC126",
        "error",
        "a number outside [0, 1] where a probability is expected",
        "Logits, or percentages, where the loss takes probabilities. Their logarithm is not "
        "defined, or they make a loss that is negative.",
        "Put logits through a sigmoid or a softmax first, or compute the loss that takes logits: "
        "bce-with-logits for bce, cross-entropy for log-loss.",
        Example(
            {"data.csv": {"prediction": "0.4 1.7", "target": "0 1"}},
            "losscli compute bce data.csv",
        ),
        stops=True,
    ),
    Code(
        "LC127",
        "error",
        "a number above 0 where a log-probability is expected",
        "Probabilities or logits, where the loss takes the logarithms of probabilities. Other "
        "libraries take them: nll of probabilities is then negative, -0.9993 for a good model, "
        "and so is a divergence.",
        "Take the logarithm of probabilities, or the log-softmax of logits; or compute "
        "cross-entropy from logits.",
        Example(
            {"data.csv": {"log_probs_0": "0.2 0.9", "log_probs_1": "0.8 0.1", "target": "1 0"}},
            "losscli compute nll data.csv",
        ),
        stops=True,
    ),
    Code(
        "LC128",
        "error",
        "a value that is missing",
        "An empty cell, null, NA, or a blank line. A row without its target has no loss, and a "
        "mean over the other rows is one of other data than was asked for. A blank line is a row "
        "that lacks its values: a reader that skips it would shift all rows behind it. NaN in an "
        "array or a Parquet file is a value of its own, and makes the loss NaN (LC201).",
        "Fill it in; or `--missing drop` leaves such rows out, and `--missing ignore-elements` the "
        "elements of a row that lack a value. The result says how many these were.",
        Example(
            {"data.csv": {"prediction": "1 NA 3", "target": "1 2 4"}},
            "losscli compute mse data.csv",
        ),
        stops=True,
        option="--missing drop",
    ),
    Code(
        "LC129",
        "error",
        "lists whose lengths do not fit",
        "A list column of class scores or vectors has as many entries in every row. Lists that "
        "belong together, such as scores and labels of the same items, have as many in the same "
        "row; and a length counts no more entries than there are.",
        "Look at the row that is named: it was cut off, or padded.",
        Example(
            {},
            "losscli compute mse data.jsonl",
            {
                "data.jsonl": '{"prediction": [1, 2, 3], "target": [1, 2, 4]}\n'
                '{"prediction": [5, 6], "target": [5, 7, 8]}\n'
            },
        ),
        stops=True,
    ),
)
