"""LC13x: classes, their order and their number."""

from __future__ import annotations

from losscli.codes.record import Code, Example

_HIGH = " ".join(["3 0 0"] * 10)
_MIDDLE = " ".join(["0 3 0"] * 10)
_LOW = " ".join(["0 0 3"] * 10)
_LABELS = " ".join(["0 1 2"] * 10)

CLASSES = (
    Code(
        "LC130",
        "error",
        "class columns that are not in order",
        "Label k is compared with the k-th column. Where the names of the columns end in numbers "
        "that do not ascend, they contradict the labels, and every row that is affected is "
        "compared with the wrong class. It fires on names with a common stem, such as p_0, p_2, "
        "p_1.",
        "Give the order: -c logits=p_0,p_1,p_2. `--allow LC130` if the labels are numbered by "
        "position.",
        Example(
            {
                "data.csv": {
                    "logits_0": _HIGH,
                    "logits_2": _LOW,
                    "logits_1": _MIDDLE,
                    "target": _LABELS,
                }
            },
            "losscli compute cross-entropy data.csv -c logits=logits_0,logits_2,logits_1",
        ),
    ),
    Code(
        "LC131",
        "warning",
        "classes in the order of text",
        "Sorted as text, 10 comes before 2. Columns in that order, or names of classes, are right "
        "only if the labels were numbered in that order as well, which a label encoder of strings "
        "does, and no other.",
        "Give the order of the numbers: -c logits=p_0,p_1,p_2,...; or, where it is meant so, "
        "`--classes 1,10,2` beside columns p_1, p_10, p_2, which compares them by name.",
        Example(
            {
                "data.csv": {
                    "p_1": _HIGH,
                    "p_10": _MIDDLE,
                    "p_2": _LOW,
                    "target": _LABELS,
                }
            },
            "losscli compute cross-entropy data.csv -c logits=p_1,p_10,p_2",
        ),
    ),
    Code(
        "LC132",
        "warning",
        "another order of the columns fits far better",
        "The class with the highest score is the label in few rows, but would be in most if the "
        "columns were exchanged: the model knows the classes, under other numbers. It fires with "
        "at least ten rows a class, when the other order is right in half of the rows or more, "
        "and twice as often as the one that was given.",
        "Give the order of the columns with -c, class 0 first; scikit-learn's is model.classes_.",
        Example(
            {
                "data.csv": {
                    "logits_0": _MIDDLE,
                    "logits_1": _LOW,
                    "logits_2": _HIGH,
                    "target": _LABELS,
                }
            },
            "losscli compute cross-entropy data.csv",
        ),
    ),
    Code(
        "LC133",
        "warning",
        "classes that never occur",
        "A class with a column and without a row: it was filtered out, or labels and columns are "
        "numbered differently. It fires with at least 50 rows for each class; of a class ten times "
        "rarer than the others there would be five.",
        "Look whether a class was filtered out. Scores of such a class still cost something in "
        "every row.",
        Example(
            {
                "data.csv": {
                    "logits_0": " ".join(["3 0"] * 75),
                    "logits_1": " ".join(["0 3"] * 75),
                    "logits_2": " ".join(["0 0"] * 75),
                    "target": " ".join(["0 1"] * 75),
                }
            },
            "losscli compute cross-entropy data.csv",
        ),
    ),
    Code(
        "LC134",
        "error",
        "a label that is the name of no class",
        "Labels are compared with the names of the classes as text, letter by letter. A label that "
        "is none of them has no column of scores; 1 and 1.0 are not two classes, and not guessed "
        "to be one.",
        "Write the label as the class is called, or name the classes in the order of their columns "
        "with `--classes a,b,c`.",
        Example(
            {
                "data.csv": {
                    "cat": "2 0 1",
                    "dog": "0 3 1",
                    "target": "cat dog Dog",
                }
            },
            "losscli compute cross-entropy data.csv -c logits=cat,dog",
        ),
        stops=True,
    ),
    Code(
        "LC135",
        "error",
        "names of classes that do not fit the columns",
        "Labels are names, and nothing says in which order the classes come; or `--classes` says "
        "another order, or another number, than the columns of the scores. An order is checked and "
        "never guessed: sorting the names is right for some libraries only.",
        "`--classes a,b,c`, or `--classes @FILE` with one a line, in the order of the columns; or "
        "`-c logits=A,B,C` in the order of the names.",
        Example(
            {
                "data.csv": {
                    "cat": "2 0 1",
                    "dog": "0 3 1",
                    "target": "cat dog dog",
                }
            },
            "losscli compute cross-entropy data.csv -c logits=cat,dog --classes dog,cat",
        ),
        stops=True,
        option="--classes",
    ),
)
