"""Verdicts as JUnit XML, which every CI system reads: a suite a check, a case a gate and slice."""

from __future__ import annotations

import io
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from losscli.report.numbers import full
from losscli.report.terminal import Terminal, printable
from losscli.results import Result
from losscli.verdict import Checked, Judged, Verdict


def draw(checked: Checked, terminal: Terminal) -> None:
    """Write the document."""
    root = Element("testsuites", {"name": "losscli", **_totals(checked.verdicts)})
    for number, verdict in enumerate(checked.verdicts):
        root.append(_suite(verdict, number, checked.date))
    indent(root)
    text = io.BytesIO()
    # In ASCII with character references, whatever the file or the terminal can hold.
    ElementTree(root).write(text, encoding="us-ascii", xml_declaration=False)
    terminal.write(f'<?xml version="1.0" encoding="UTF-8"?>\n{text.getvalue().decode("ascii")}\n')


def _totals(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    return {
        "tests": str(sum(_cases(verdict) for verdict in verdicts)),
        "failures": str(sum(len(verdict.failures) for verdict in verdicts)),
        "errors": str(sum(verdict.problem is not None for verdict in verdicts)),
        "time": _seconds(sum(verdict.seconds for verdict in verdicts)),
    }


def _cases(verdict: Verdict) -> int:
    return len(verdict.gates) + (verdict.problem is not None)


def _suite(verdict: Verdict, number: int, date: str) -> Element:
    suite = Element(
        "testsuite",
        {
            "name": printable(verdict.name),
            "package": "losscli",
            "id": str(number),
            "hostname": "localhost",
            "timestamp": date,
            **_totals((verdict,)),
            "skipped": "0",
        },
    )
    properties = SubElement(suite, "properties")
    if verdict.result is not None:
        for name, value in _properties(verdict.result):
            SubElement(properties, "property", {"name": name, "value": printable(value)})
    if verdict.problem is not None:
        case = SubElement(suite, "testcase", _named(verdict, "check"))
        text = "\n".join(filter(None, [verdict.problem.sentence, verdict.problem.hint]))
        _say(SubElement(case, "error"), verdict.problem.sentence, "error", text)
    for gate in verdict.gates:
        _gate(suite, verdict, gate)
    SubElement(suite, "system-out").text = "\n".join(map(printable, verdict.notes))
    SubElement(suite, "system-err")
    return suite


def _properties(result: Result) -> list[tuple[str, str]]:
    return [
        ("value", full(result.value)),
        ("n", str(result.n)),
        ("signature", result.signature),
        *((one.role, one.path) for one in result.inputs if one.path is not None),
    ]


def _gate(suite: Element, verdict: Verdict, gate: Judged) -> None:
    case = SubElement(suite, "testcase", _named(verdict, gate.label))
    if not gate.passed:
        text = "\n".join(filter(None, [gate.reason, gate.detail]))
        _say(SubElement(case, "failure"), gate.reason, "gate", text)


def _named(verdict: Verdict, name: str) -> dict[str, str]:
    return {"classname": printable(verdict.name), "name": printable(name), "time": _seconds(0.0)}


def _say(element: Element, message: str, kind: str, text: str) -> None:
    element.set("message", printable(message))
    element.set("type", kind)
    # XML has no place for control characters, not even escaped.
    element.text = "\n".join(map(printable, text.splitlines()))


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
