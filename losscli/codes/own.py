"""LC4xx: a loss of the user's own."""

from __future__ import annotations

from losscli.codes.record import Code, Example

_DATA = {"data.csv": {"prediction": "1 2 4 5 7 9", "target": "2 4 3 9 5 12"}}


def _example(body: str) -> Example:
    text = f"import numpy as np\n\n\ndef own(pred, target):\n    return {body}\n"
    return Example(_DATA, "losscli compute own.py:own data.csv", {"own.py": text})


OWN = (
    Code(
        "LC401",
        "info",
        "a loss that returns one number, taken row by row",
        "A number for a whole batch, such as a mean at the end of a training loss, cannot be "
        "put together from blocks of rows: a mean of the means of blocks is another number "
        "when blocks differ in size, and a root of a mean is none at all. On the first rows, "
        "and again in every block, the mean (or sum) over single rows is what the loss gives "
        "for them together, so each row is evaluated by itself and has a loss of its own.",
        "Return the loss of each row, without the mean at its end, and it runs many times as fast.",
        _example("np.mean((pred - target) ** 2)"),
    ),
    Code(
        "LC402",
        "warning",
        "rows that depend on each other",
        "The loss of a row changes with the rows beside it, for example through a mean or a "
        "maximum over the batch. Its value depends on the batch size, so a training loss "
        "and an evaluation differ. It is given all rows at once, and no row has a loss.",
        "Take out what is computed over the batch, or give it as a parameter.",
        _example("(pred - target) ** 2 / ((pred - target) ** 2).max()"),
    ),
    Code(
        "LC403",
        "warning",
        "not the same twice",
        "Given the same rows twice, the loss gave two numbers: it draws random numbers, or "
        "remembers what it saw. Two runs then differ, and so do two models in a comparison.",
        "Seed it inside the function, or take the randomness out for an evaluation.",
        _example("np.abs(pred - target) + np.random.normal(size=pred.shape)"),
    ),
    Code(
        "LC404",
        "info",
        "a loss that needs all rows at once",
        "What it returns is not the mean or sum of what it returns for single rows, as for a "
        "root of a mean, so it is evaluated once, over all rows in memory. Over batches, as in "
        "training, the mean is another number.",
        "Nothing, if it is meant so.",
        _example("np.sqrt(np.mean((pred - target) ** 2))"),
    ),
    Code(
        "LC405",
        "warning",
        "its own reduction divides otherwise",
        "The loss has a reduction, which is set to none so that losscli reduces. Its own mean "
        "is another number, since it divides by something else than the rows or elements, "
        "such as the sum of class weights.",
        "Say with the number which divisor it has.",
        Example(
            _DATA,
            "losscli compute own.py:own data.csv",
            {
                "own.py": "import numpy as np\n\n\n"
                'def own(pred, target, reduction="mean"):\n'
                "    loss = np.abs(pred - target)\n"
                '    return loss.sum() / target.sum() if reduction == "mean" else loss\n'
            },
        ),
    ),
    Code(
        "LC406",
        "error",
        "a loss of the user's own that went wrong",
        "It does not load, raises an exception, or returns what is no loss: another shape, text, "
        "NaN for finite numbers. The message has the line of the user's file, and what was raised "
        "there.",
        "Look at that line; `--traceback` shows how it was reached, and `losscli verify` tries the "
        "loss on small data.",
        _example("np.log(pred - 100) + target"),
        stops=True,
    ),
)
