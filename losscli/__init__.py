"""losscli evaluates loss functions on saved predictions.

>>> import losscli
>>> losscli.compute("huber", [2.5, 0.0, 2.0], [3.0, -0.5, 2.0], delta=2.0).value
0.08333333333333333
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from losscli.version import __version__

if TYPE_CHECKING:
    from losscli import losses
    from losscli.api import compute, compute_all
    from losscli.checks import check
    from losscli.combination import parse
    from losscli.comparison import Comparison
    from losscli.errors import (
        DataError,
        LosscliError,
        OutputError,
        ParameterError,
        UnknownLossError,
        UsageError,
        UserCodeError,
    )
    from losscli.laws.verify import verify
    from losscli.results import Result
    from losscli.spec import loss
    from losscli.verdict import Verdict
    from losscli.verification import Verification
    from losscli.versus.call import compare

__all__ = [
    "Comparison",
    "DataError",
    "LosscliError",
    "OutputError",
    "ParameterError",
    "Result",
    "UnknownLossError",
    "UsageError",
    "UserCodeError",
    "Verdict",
    "Verification",
    "__version__",
    "check",
    "compare",
    "compute",
    "compute_all",
    "loss",
    "losses",
    "parse",
    "verify",
]

_HOMES = {
    "Comparison": "comparison",
    "Result": "results",
    "Verdict": "verdict",
    "Verification": "verification",
    "check": "checks",
    "compare": "versus.call",
    "compute": "api",
    "compute_all": "api",
    "loss": "spec",
    "parse": "combination",
    "verify": "laws.verify",
}
_ERRORS = {name for name in __all__ if name.endswith("Error")}


def __getattr__(name: str) -> Any:
    # Loaded when first used, so that `losscli --help` does not wait for NumPy.
    if name not in __all__:
        raise AttributeError(f"module 'losscli' has no attribute {name!r}")
    if name in _ERRORS:
        return getattr(import_module("losscli.errors"), name)
    # Both register losses, so that parse knows their names.
    losses = import_module("losscli.losses")
    import_module("losscli.custom")
    if name == "losses":
        return losses
    return getattr(import_module(f"losscli.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
