"""The questions of the decision guide that the data answers."""

from __future__ import annotations

from losscli.analysis.facts import Facts


def answers_in(facts: Facts | None) -> dict[str, str]:
    """The answers that the data gives."""
    if facts is None:
        return {}
    answers = {} if facts.task is None else {"task": facts.task}
    if facts.classes is not None:
        answers["classes"] = "two" if facts.classes == 2 else "many"
    if facts.task in (None, "regression") and facts.has_outliers is not None:
        answers["outliers"] = "outliers" if facts.has_outliers else "clean"
    return answers


def has_column_each(facts: Facts | None) -> bool:
    """Are there two columns for two classes? Then the answer is one of them, not a yes or no."""
    if facts is None or facts.prediction is None or facts.classes != 2:
        return False
    return facts.prediction.is_matrix and not facts.is_multi_label
