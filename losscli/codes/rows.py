"""LC11x: which rows belong together."""

from __future__ import annotations

from losscli.codes.record import Code, Example

_KEYED = "losscli compute mse p.csv t.csv --on id"

ROWS = (
    Code(
        "LC110",
        "error",
        "keys without a partner",
        "Files that are joined by key hold rows that another one lacks. A loss of the rows that "
        "all have is a loss of other data than was asked for, so how many these are, and the "
        "first of them, are named, and nothing is left out unless you say so. Keys are compared as "
        "text: 007 is not 7.",
        "Look for the rows that are named, or leave them out with `--on-missing drop`: the "
        "result then says how many these were.",
        Example(
            {
                "p.csv": {"id": "a b c", "prediction": "1 2 3"},
                "t.csv": {"id": "b c d", "target": "2 3 4"},
            },
            _KEYED,
        ),
        stops=True,
        option="--on-missing drop",
    ),
    Code(
        "LC111",
        "error",
        "a key that occurs twice",
        "A key names one row. Where two rows of a file have the same one, either could be the "
        "partner; other tools take the last, or every pair, so that rows count twice.",
        "Remove the row that is too many, or name more columns that tell the rows apart: `--on id "
        "--on date`.",
        Example(
            {
                "p.csv": {"id": "a b b", "prediction": "1 2 3"},
                "t.csv": {"id": "a b c", "target": "1 2 3"},
            },
            _KEYED,
        ),
        stops=True,
    ),
    Code(
        "LC112",
        "error",
        "a row without a key",
        "An empty key names nothing, and two empty ones are not the same row.",
        "Fill the key in, or leave the row out of the file.",
        Example(
            {
                "p.csv": {"id": '"a" "" "c"', "prediction": "1 2 3"},
                "t.csv": {"id": "a b c", "target": "1 2 3"},
            },
            _KEYED,
        ),
        stops=True,
    ),
    Code(
        "LC113",
        "error",
        "rows that pair by position and are named differently",
        "Both files have a column that names the rows, such as id, or one to slice by, and it "
        "differs in the same row: the files are in different orders, and each prediction would be "
        "compared with the target of another row. Nothing else would show it.",
        "`--on id` pairs the rows by it. `--by-position` pairs them as they stand, whatever the "
        "column says; `by=FILE` says whose column to slice by counts.",
        Example(
            {
                "p.csv": {"id": "1 2 3", "prediction": "5 6 7"},
                "t.csv": {"id": "2 1 3", "target": "6 5 7"},
            },
            "losscli compute mse p.csv t.csv",
        ),
        stops=True,
        option="--by-position",
    ),
    Code(
        "LC114",
        "error",
        "groups that do not fit",
        "The rows of a group stand together, in the same order in every file, and what belongs to "
        "the group as a whole is the same in each of its rows. A group that begins again further "
        "down would be two groups, each with a loss of its own.",
        "Sort the file by the column of the groups, or look whether it is the right column.",
        Example(
            {
                "data.csv": {
                    "query": "a a b b a",
                    "prediction": "3 1 2 4 0",
                    "target": "1 0 0 1 0",
                }
            },
            "losscli compute ndcg data.csv --group query",
        ),
        stops=True,
    ),
    Code(
        "LC115",
        "error",
        "models that were not given the same targets",
        "A comparison pairs the rows of the models. Where each model's file has targets of its "
        "own, and they differ, the rows are not the same ones, and the difference of the losses "
        "says nothing.",
        "Give one target for all with `--target FILE`, or join the files by key with `--on`.",
        Example(
            {
                "old.csv": {"prediction": "1 2 3 4", "target": "1 3 3 5"},
                "new.csv": {"prediction": "2 2 4 4", "target": "3 1 3 5"},
            },
            "losscli compare mse old.csv new.csv",
        ),
        stops=True,
    ),
)
