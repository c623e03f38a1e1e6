"""Every finding losscli can report, in one table: its stable code, how grave it is, and why.

A code never changes its meaning and is never used again. LC1 is about what was given, LC2 about the
number that came out, LC3 about the decision guide, LC4 about a loss of the user's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from losscli.results import Diagnostic, Severity


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding. ``why`` is the long form, for a reader who has never met it."""

    code: str
    severity: Severity
    title: str
    why: str


_TABLE = (
    Code(
        "LC101",
        "warning",
        "probabilities where logits are expected",
        "The loss applies a softmax or sigmoid itself. Applied to probabilities it squeezes "
        "them together: with ten classes even perfect predictions cost log(1 + 9/e) = 1.461 a "
        "row, with one column a sure yes costs 0.313 and a sure no 0.693. Nothing fails, the "
        "number is just too high and hardly moves. It fires when every value given as a logit "
        "is in [0, 1] and, with several classes, every row sums to 1.",
    ),
    Code(
        "LC102",
        "info",
        "log-probabilities where logits are expected",
        "Harmless: a log-softmax leaves log-probabilities as they are, so cross-entropy of "
        "them is the same as nll. It is said because it tells that the model ends in a "
        "log-softmax.",
    ),
    Code(
        "LC103",
        "warning",
        "log-probabilities that do not sum to 1",
        "nll and kl-div take the logarithms of probabilities and cannot tell when they are "
        "not: with other scores the result is no likelihood and no divergence, and may be "
        "negative. It fires when the exponentials of some rows do not sum to 1 within 0.001.",
    ),
    Code(
        "LC104",
        "warning",
        "target rows that do not sum to 1",
        "A target of class probabilities should sum to 1 in every row. A row that does not "
        "counts more or less than the others, and a KL divergence may come out negative.",
    ),
    Code(
        "LC105",
        "warning",
        "labels that look like 1 to C",
        "Labels count from 0. Labels from 1 to C are shifted by one class, and go unnoticed "
        "when there is a spare column of logits: every prediction is then compared with the "
        "wrong class. It fires when the first class never occurs and every other one does, in "
        "enough rows.",
    ),
    Code(
        "LC106",
        "warning",
        "prediction and target look swapped",
        "Predictions that are whole numbers, with a target that is not, are rare; the two "
        "exchanged are common. Symmetric losses such as mse hide the mistake, others return a "
        "wrong number.",
    ),
    Code(
        "LC107",
        "warning",
        "a target of a single value",
        "A target that never changes is a constant column, a filtered file or a single class: "
        "the loss says nothing about telling one thing from another.",
    ),
    Code(
        "LC108",
        "warning",
        "class labels where logits are expected",
        "A label says which class was chosen, not how sure the model was. The loss reads it "
        "as a score of 0 or 1, so that a wrong answer costs little more than a right one.",
    ),
    Code(
        "LC201",
        "error",
        "the result is not finite",
        "NaN or infinity in one row makes the whole mean NaN or infinite. The first such rows "
        "are named. Causes: NaN or infinity in a file, a predicted probability of 0 for what "
        "happened, or numbers whose square or sum is beyond the largest double.",
    ),
    Code(
        "LC202",
        "error",
        "no row counts",
        "All rows are ignored, by ignore_index or a weight of 0, so that the mean is 0 / 0.",
    ),
    Code(
        "LC203",
        "warning",
        "the mean of kl-div divides by all elements",
        "PyTorch's mean for kl-div divides by rows times columns. The divergence of a row is "
        "a sum over its columns, so the mean over rows is the reduction batchmean; mean is "
        "smaller by the number of columns.",
    ),
    Code(
        "LC204",
        "info",
        "the mean divides by a sum of weights",
        "A weighted mean is sum(weight * loss) / sum(weight), as in PyTorch. Libraries that "
        "divide by the number of rows give another number.",
    ),
    Code(
        "LC205",
        "info",
        "rows that do not count",
        "Rows whose label is ignore_index, or whose weight is 0, enter neither the sum nor "
        "the divisor.",
    ),
    Code(
        "LC206",
        "warning",
        "a few rows carry the loss",
        "The worst 1 % of the rows make up more than half of a squared loss; of normal "
        "residuals it is 8 %. The number then describes those rows. huber or mae count them "
        "in proportion.",
    ),
    Code(
        "LC207",
        "warning",
        "too good to be true",
        "A loss of exactly 0 on real data nearly always means that the same file or column "
        "was given twice, or that the target leaked into the model.",
    ),
    Code(
        "LC208",
        "warning",
        "every prediction is the same",
        "The model ignores its input, or the wrong column was read.",
    ),
    Code(
        "LC209",
        "info",
        "the number is an estimate",
        "Of more than 2^20 rows a summary is kept, so that memory stays flat. The quantile that "
        "comes out of it is that of a share which is a little off; the finding says how much.",
    ),
    Code(
        "LC301",
        "warning",
        "an answer and the data disagree",
        "The decision guide follows what you say; the data says something else. The finding "
        "names both.",
    ),
    Code(
        "LC401",
        "info",
        "a loss that returns one number, taken row by row",
        "A number for a whole batch, such as a mean at the end of a training loss, cannot be "
        "put together from blocks of rows: a mean of the means of blocks is another number "
        "when blocks differ in size, and a root of a mean is none at all. On the first rows, "
        "and again in every block, the mean (or sum) over single rows is what the loss gives "
        "for them together, so each row is evaluated by itself and has a loss of its own.",
    ),
    Code(
        "LC402",
        "warning",
        "rows that depend on each other",
        "The loss of a row changes with the rows beside it, for example through a mean or a "
        "maximum over the batch. Its value depends on the batch size, so a training loss "
        "and an evaluation differ. It is given all rows at once, and no row has a loss.",
    ),
    Code(
        "LC403",
        "warning",
        "not the same twice",
        "Given the same rows twice, the loss gave two numbers: it draws random numbers, or "
        "remembers what it saw. Two runs then differ, and so do two models in a comparison.",
    ),
    Code(
        "LC404",
        "info",
        "a loss that needs all rows at once",
        "What it returns is not the mean or sum of what it returns for single rows, as for a "
        "root of a mean, so it is evaluated once, over all rows in memory. Over batches, as in "
        "training, the mean is another number.",
    ),
    Code(
        "LC405",
        "warning",
        "its own reduction divides otherwise",
        "The loss has a reduction, which is set to none so that losscli reduces. Its own mean "
        "is another number, since it divides by something else than the rows or elements, "
        "such as the sum of class weights.",
    ),
)

CODES = {code.code: code for code in _TABLE}


def finding(code: str, message: str, hint: str = "") -> Diagnostic:
    """A finding of this kind."""
    return Diagnostic(code, CODES[code].severity, message, hint)
