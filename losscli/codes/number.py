"""LC2xx: the number that came out."""

from __future__ import annotations

from losscli.codes.record import Code, Example

_SPREAD = " ".join(["1 -1 0.5 -0.5"] * 5)
_ZEROS = " ".join(["0 0 0 0"] * 5)

NUMBER = (
    Code(
        "LC201",
        "error",
        "the result is not finite",
        "NaN or infinity in one row makes the whole mean NaN or infinite. The first such rows "
        "are named. Causes: NaN or infinity in a file, a predicted probability of 0 for what "
        "happened, or numbers whose square or sum is beyond the largest double.",
        "Look at the rows that are named. `--allow LC201` where an infinite loss is the answer.",
        Example(
            {"data.csv": {"prediction": "1 nan 3", "target": "1 2 2"}},
            "losscli compute mse data.csv",
        ),
    ),
    Code(
        "LC202",
        "error",
        "no row counts",
        "All rows are ignored, by ignore_index or a weight of 0, so that the mean is 0 / 0.",
        "Look at the labels or the weights.",
        Example(
            {"data.csv": {"logits_0": "1 2", "logits_1": "0 3", "target": "-100 -100"}},
            "losscli compute cross-entropy data.csv",
        ),
    ),
    Code(
        "LC203",
        "warning",
        "the mean of kl-div divides by all elements",
        "PyTorch's mean for kl-div divides by rows times columns. The divergence of a row is "
        "a sum over its columns, so the mean over rows is the reduction batchmean; mean is "
        "smaller by the number of columns.",
        "`--reduction batchmean`, as PyTorch advises.",
        Example(
            {
                "p.csv": {
                    "prediction_0": "-0.6931471805599453 -1.3862943611198906",
                    "prediction_1": "-0.6931471805599453 -0.2876820724517809",
                },
                "t.csv": {"target_0": "0.2 0.3", "target_1": "0.8 0.7"},
            },
            "losscli compute kl-div p.csv t.csv --reduction mean",
        ),
    ),
    Code(
        "LC204",
        "info",
        "the mean divides by a sum of weights",
        "A weighted mean is sum(weight * loss) / sum(weight), as in PyTorch's cross-entropy and in "
        "scikit-learn. keras divides by the number of rows, and PyTorch's bce too. It is a "
        "warning where the two readings differ by more than 1 %: that is more than the digits "
        "people compare.",
        "Say with the number which divisor it has: `--convention sklearn` divides by the sum of "
        "weights, `--convention keras` by how many count.",
        Example(
            {"data.csv": {"prediction": "1 2 3", "target": "1 3 5", "w": "1 2 3"}},
            "losscli compute mse data.csv --sample-weight w",
        ),
        up_to="warning",
    ),
    Code(
        "LC205",
        "info",
        "rows that do not count",
        "Rows whose label is ignore_index, or whose weight is 0, enter neither the sum nor "
        "the divisor.",
        "Nothing, if as many were meant to be left out.",
        Example(
            {"data.csv": {"logits_0": "1 2", "logits_1": "0 3", "target": "0 -100"}},
            "losscli compute cross-entropy data.csv",
        ),
    ),
    Code(
        "LC206",
        "warning",
        "a few rows carry the loss",
        "The worst 1 % of the rows make up more than half of a squared loss; of normal "
        "residuals it is 8 %. The number then describes those rows. huber or mae count them "
        "in proportion. Of fewer than 100 rows one is more than 1 %, so it has to carry more: 90 % "
        "of the loss of 20 rows.",
        "Look at the worst rows first. huber or mae count large errors in proportion.",
        Example(
            {"data.csv": {"prediction": _SPREAD + " 50", "target": _ZEROS + " 0"}},
            "losscli compute mse data.csv",
        ),
    ),
    Code(
        "LC207",
        "warning",
        "too good to be true",
        "A loss of exactly 0 on real data nearly always means that the same file or column "
        "was given twice, or that the target leaked into the model.",
        "Look whether the same file or column was given twice.",
        Example(
            {"data.csv": {"prediction": "1 2.5 3", "target": "1 2.5 3"}},
            "losscli compute mse data.csv",
        ),
    ),
    Code(
        "LC208",
        "warning",
        "every prediction is the same",
        "The model ignores its input, or the wrong column was read.",
        "Look whether the right column was read.",
        Example(
            {"data.csv": {"prediction": _ZEROS, "target": _SPREAD}},
            "losscli compute mse data.csv",
        ),
    ),
    Code(
        "LC209",
        "info",
        "the number is an estimate",
        "Of more than 2^20 rows a summary is kept, so that memory stays flat. The quantile that "
        "comes out of it is that of a share which is a little off; the finding says how much.",
        "Nothing, or give at most 1,048,576 rows, which are exact.",
        Example(
            {},
            "losscli compute median-absolute-error large.npz",
            {
                "make.py": "import numpy as np\n\n"
                "target = np.arange(1_500_000.0)\n"
                'np.savez("large.npz", prediction=np.sqrt(target), target=target)\n'
            },
            "python make.py",
        ),
    ),
    Code(
        "LC210",
        "info",
        "parts of a combination that divide by different numbers",
        "A combination adds up the parts' reduced losses, each with its own divisor, as PyTorch "
        "does. What a row costs is the same sum of the row's own losses. The mean of the rows is "
        "the value only while the parts divide by the same numbers, which class weights, "
        "ignore_index or masks in one of them prevent. The value, its standard error and the "
        "losses of rows are all right; they only do not average.",
        "Nothing, or take --reduction sum, under which rows always add up.",
        Example(
            {"data.csv": {"logits_0": "2 0.5 1", "logits_1": "-1 1.5 0", "target": "0 1 1"}},
            "losscli compute '0.5*cross-entropy(weight=[1, 3]) + 0.5*multi-margin' data.csv",
        ),
    ),
    Code(
        "LC211",
        "warning",
        "a constant would do better",
        "The best constant prediction (the mean of the targets for a squared loss, the median for "
        "an absolute one, the shares of the classes for a cross-entropy) costs less than these "
        "predictions, by more than two standard errors. Rows that do not belong together look "
        "like this too. It fires with 20 rows, and with ten for each class or answer.",
        "Look whether rows and columns belong together: `--on KEY` joins files by key.",
        Example(
            {
                "data.csv": {
                    "prediction": " ".join(["9 1"] * 15),
                    "target": " ".join(["1 9"] * 15),
                }
            },
            "losscli compute mse data.csv",
        ),
    ),
    Code(
        "LC212",
        "warning",
        "the loss of a coin flip",
        "0.693 is ln 2, what a model costs that says 0.5 to everything, and ln C is the same for C "
        "classes. A loss that is within 0.02 % of it, of predictions that are not all equal, is "
        "that of a model that learnt nothing, or of predictions in another order than the "
        "targets.",
        "Look whether these are the trained model's predictions, in the order of the targets.",
        Example(
            {
                "data.csv": {
                    "logits": " ".join(["0.0001 -0.0001 0.0002 -0.0002"] * 6),
                    "target": " ".join(["1 0 0 1"] * 6),
                }
            },
            "losscli compute bce-with-logits data.csv",
        ),
    ),
    Code(
        "LC213",
        "warning",
        "logarithms that are clamped",
        "A probability of 0 for what happened costs infinity. Every library bounds it, and each "
        "otherwise: PyTorch's bce takes 100 for such an element, scikit-learn 36.04 in float64 and "
        "15.94 in float32, keras 16.12. So the mean of a model that is surely wrong once depends "
        "on the library more than on the model.",
        "Say with the number whose bound it has: `--convention torch|sklearn|keras`; `--convention "
        "exact` bounds nothing. Better, let the model give logits, which need no bound.",
        Example(
            {"data.csv": {"prediction": "0.9 0.0 0.2", "target": "1 1 0"}},
            "losscli compute bce data.csv",
        ),
    ),
)
