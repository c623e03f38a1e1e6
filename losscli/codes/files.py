"""LC16x: the files, before their values are looked at."""

from __future__ import annotations

from losscli.codes.record import Code, Example

FILES = (
    Code(
        "LC160",
        "error",
        "a file that cannot be read",
        "It is not there, may not be read, is empty, cut off or damaged, or is of another format "
        "than its name or --input-format says. The message says which, and where it was met. "
        "Nothing is computed of the rows before that place.",
        "Follow the hint. `--input-format` names the format of a file that is called otherwise.",
        Example(
            {},
            "losscli compute mse data.parquet",
            {"data.parquet": "prediction,target\n1,2\n"},
        ),
        stops=True,
    ),
    Code(
        "LC161",
        "error",
        "which column is meant is not clear",
        "A column is taken for what the loss needs if its name says so: `losscli show LOSS` lists "
        "the names. No column, or more than one, could be it, or a column that was asked for is "
        "not there.",
        "`-c ROLE=NAME` says which column it is.",
        Example(
            {"data.csv": {"a": "1 2", "b": "3 4", "c": "5 6"}},
            "losscli compute mse data.csv",
        ),
        stops=True,
        option="-c ROLE=NAME",
    ),
    Code(
        "LC162",
        "error",
        "values that are not of the kind that is needed",
        "Text, dates or objects where numbers are needed, or numbers where text is. Nothing is "
        "taken for 0 or for missing because it cannot be read.",
        "Look at the row that is named, or choose another column with `-c ROLE=NAME`. Labels that "
        "are names need `--classes`.",
        Example(
            {"data.csv": {"prediction": "1 2 about3", "target": "1 2 4"}},
            "losscli compute mse data.csv",
        ),
        stops=True,
    ),
    Code(
        "LC163",
        "error",
        "files of one table that differ",
        "Several files for one role are one long table, so they have the same format, and the "
        "same columns with the same kind of values. A file with others belongs to another table, "
        "or was written by another version of a program.",
        "Name the files that belong together, or write the one that differs again.",
        Example(
            {
                "part-1.csv": {"prediction": "1 2", "target": "1 3"},
                "part-2.csv": {"prediction": "1 2", "label": "1 3"},
            },
            "losscli compute mse 'part-*.csv'",
        ),
        stops=True,
    ),
    Code(
        "LC164",
        "error",
        "more than may be held",
        "What grows with the data has a bound, so that memory does not: 10,000 slices, a row of "
        "64 MiB of text, what a loss of one's own needs at once, what a compressed file may unpack "
        "to, and all of it together (LOSSCLI_MEMORY_LIMIT). The message says which was met.",
        "Follow the hint; most often another column was meant.",
        Example(
            {},
            "losscli compute mse users.npz --by user",
            {
                "make.py": "import numpy as np\n\n"
                "users = np.arange(20_000)\n"
                'np.savez("users.npz", user=users, prediction=users + 0.5, target=users)\n'
            },
            "python make.py",
        ),
        stops=True,
    ),
)
