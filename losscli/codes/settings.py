"""LC14x and LC15x: the meaning of parameters and columns, and precision."""

from __future__ import annotations

from losscli.codes.record import Code, Example

# Pairs, so that there are 50 rows.
_FIFTY = 25
_LOGITS = {"logits_0": "2 0 1", "logits_1": "0 3 0", "target": "0 1 0"}

SETTINGS = (
    Code(
        "LC140",
        "warning",
        "a denominator at or near 0",
        "A relative error divides by the target. Where that is 0, scikit-learn divides by 2.2e-16 "
        "instead, and one row makes a mean of 1e15; where it is a thousandth of the others, a row "
        "counts a thousand times as much. smape is 0 / 0 where both numbers are 0.",
        "wmape divides by the sum of all targets; mae does not divide at all.",
        Example(
            {"data.csv": {"prediction": "100 110 3", "target": "90 120 0"}},
            "losscli compute mape data.csv",
        ),
    ),
    Code(
        "LC141",
        "warning",
        "numbers at the edge of a logarithm",
        "A loss of logarithms grows without bound where its argument comes near 0: log(1 + x) near "
        "-1, and a gamma deviance for a target a millionth of the others, which usually stands "
        "for 0.",
        "Clip negative predictions at 0 for msle. tweedie-deviance with a power between 1 and 2 "
        "takes targets of 0.",
        Example(
            {"data.csv": {"prediction": "1 -0.5 3", "target": "1 2 3"}},
            "losscli compute msle data.csv",
        ),
    ),
    Code(
        "LC142",
        "warning",
        "rates, or their logarithms?",
        "poisson-nll takes logarithms of rates by default, as in PyTorch. Rates taken for "
        "logarithms make the loss astronomic, and logarithms taken for rates make it negative. "
        "It fires when the mean prediction is more than four times off the mean target, and "
        "within a factor of two under the other reading, on 50 rows or more.",
        "`--no-log-input` for rates, `--log-input` for logarithms.",
        Example(
            {
                "data.csv": {
                    "prediction": " ".join(["7 9"] * _FIFTY),
                    "target": " ".join(["6 11"] * _FIFTY),
                }
            },
            "losscli compute poisson-nll data.csv",
        ),
    ),
    Code(
        "LC143",
        "warning",
        "variances, standard deviations, or logarithms?",
        "gaussian-nll takes variances, crps-gaussian standard deviations. Models give either, or "
        "the logarithm of the variance, and nothing fails. It fires when the errors are more than "
        "four times too large or too small (by the median of their squares) for the spread as it "
        "is read, and within a factor of two under another reading, on 50 rows or more.",
        "Turn the column into what the loss takes: square standard deviations, take the "
        "exponential of logarithms.",
        Example(
            {
                "data.csv": {
                    "prediction": " ".join(["0 0"] * _FIFTY),
                    "target": " ".join(["8 -7"] * _FIFTY),
                    "var": " ".join(["10 10"] * _FIFTY),
                }
            },
            "losscli compute gaussian-nll data.csv",
        ),
    ),
    Code(
        "LC144",
        "info",
        "smooth L1 and Huber differ by a factor",
        "smooth-l1 is huber divided by its width: of an error of 3, smooth-l1 with beta=2 is 2 and "
        "huber with delta=2 is 4. They agree at a width of 1.",
        "Say with the number which of them it is.",
        Example(
            {"data.csv": {"prediction": "1 5", "target": "1 2"}},
            "losscli compute huber data.csv --delta 2",
        ),
    ),
    Code(
        "LC145",
        "warning",
        "an option without effect",
        "Weights that are the same for all weigh nothing, and an ignore_index that no label has "
        "ignores no row. Most often another column or another number was meant. An option that "
        "cannot have an effect on a loss at all is an error before anything is read.",
        "Leave the option out, or look which column or number was meant.",
        Example(
            {"data.csv": _LOGITS},
            "losscli compute cross-entropy data.csv --ignore-index 255",
        ),
    ),
    Code(
        "LC146",
        "error",
        "an option that cannot have an effect",
        "The loss has nothing that the option could change, so the number would be the same "
        "without it, and whoever reads the command would believe otherwise.",
        "Leave the option out, or compute the loss that has it: `losscli show LOSS` lists what "
        "there is.",
        Example(
            {"data.csv": {"prediction": "1 2", "target": "1 3"}},
            "losscli compute mse data.csv --labels 01",
        ),
        stops=True,
    ),
    Code(
        "LC150",
        "info",
        "numbers of low precision",
        "float32 holds seven digits and float16 three, so the loss has no more, whatever is "
        "printed. losscli computes in float64: a running float32 sum of ten million times 0.1 is "
        "off by 9 %, and the square of 300 is infinite in float16.",
        "Nothing, unless digits beyond these are compared.",
        Example(
            {},
            "losscli compute mse float32.npz",
            {
                "make.py": "import numpy as np\n\n"
                "target = np.arange(30.0)\n"
                'np.savez("float32.npz", prediction=np.float32(target * 1.1), target=target)\n'
            },
            "python make.py",
        ),
    ),
    Code(
        "LC151",
        "error",
        "whole numbers that a float cannot hold",
        "Beyond 2^53 neighbouring whole numbers are one float64, so an id of 64 bits loses its "
        "last digits, and two rows get one key. In a key it is an error; a value so large is "
        "most often a column of ids that was taken for numbers.",
        "Write ids as integers or as text: a column of integers with a gap becomes floats in "
        "pandas, unless its type is Int64. `-c ROLE=NAME` chooses another column.",
        Example(
            {},
            "losscli compute mse ids.npz",
            {
                "make.py": "import numpy as np\n\n"
                "ids = 2**53 + np.arange(1, 5)\n"
                'np.savez("ids.npz", prediction=ids, target=np.arange(4.0))\n'
            },
            "python make.py",
        ),
        stops=True,
    ),
    Code(
        "LC152",
        "error",
        "decimal commas",
        "1,5 is one and a half in half of the world, and no number in the other half. Which it is "
        "is not guessed: 1,500 could be either.",
        "`--decimal ,` reads commas as decimal points.",
        Example(
            {},
            "losscli compute mse data.csv",
            {"data.csv": "prediction;target\n1,5;1\n2,5;3\n"},
        ),
        stops=True,
        option="--decimal ,",
    ),
    Code(
        "LC153",
        "info",
        "label smoothing with class weights",
        "Smoothing spreads a share of the target over all classes, and each then counts with its "
        "own weight, while the mean divides by the weights of the targets alone. So a rare class "
        "with a large weight adds to every row. It is PyTorch's definition, and not everybody's.",
        "Compare with the loss without smoothing.",
        Example(
            {"data.csv": _LOGITS},
            "losscli compute cross-entropy data.csv --weight 1,3 --label-smoothing 0.1",
        ),
    ),
)
