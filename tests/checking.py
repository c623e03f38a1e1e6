"""``losscli check`` run by tests, and its outputs read as those who use them read them."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

from commands import Ran, run


def check(*words: str) -> Ran:
    return run("check", *words)


def mse(*words: str) -> Ran:
    return check("mse", "preds.csv", "targets.csv", *words)


def checks_of(ran: Ran) -> list[dict[str, Any]]:
    """What ``--format json`` says of each check; strict JSON."""

    def refuse(token: str) -> None:
        raise AssertionError(token)

    page = json.loads(ran.out, parse_constant=refuse)
    assert page["exit_code"] == ran.code
    found: list[dict[str, Any]] = page["checks"]
    return found


def annotations(out: str) -> list[tuple[str, dict[str, str], str]]:
    """Annotations, read as GitHub's runner reads them."""
    found = []
    for line in re.split(r"\r\n|\n|\r", out):
        match = re.match(r"^::([a-z-]+)(?: ([^:]*))?::(.*)$", line)
        if match is None:
            assert not line.lstrip().startswith("::"), line
            continue
        level, properties, message = match.groups()
        pairs = dict(part.split("=", 1) for part in (properties or "").split(","))
        data = {name: unescape(value, properties=True) for name, value in pairs.items()}
        assert len(message.encode("utf-8", "surrogatepass")) <= 4096
        found.append((level, data, unescape(message)))
    return found


def unescape(text: str, *, properties: bool = False) -> str:
    if properties:
        text = text.replace("%2C", ",").replace("%3A", ":")
    return text.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")


_SCHEMA: dict[str, tuple[set[str], set[str], set[str]]] = {
    # element: required attributes, further ones, children
    "testsuites": ({"tests", "failures", "errors", "time"}, {"name"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "timestamp", "hostname"},
        {"id", "package", "skipped"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"name", "classname", "time"}, set(), {"failure", "error"}),
    "failure": ({"message", "type"}, set(), set()),
    "error": ({"message", "type"}, set(), set()),
    "system-out": (set(), set(), set()),
    "system-err": (set(), set(), set()),
}


_ORDER = ["properties", "testcase", "system-out", "system-err"]


def junit(document: str) -> ElementTree.Element:
    """The root of a document that the common schema takes."""
    root = ElementTree.fromstring(document.encode("utf-8"))
    assert root.tag == "testsuites"
    for element in root.iter():
        required, further, children = _SCHEMA[element.tag]
        assert required <= set(element.attrib) <= required | further, element.tag
        assert {child.tag for child in element} <= children, element.tag
        for number in {"tests", "failures", "errors", "skipped"} & set(element.attrib):
            assert element.attrib[number].isdecimal()
        if "time" in element.attrib:
            assert re.fullmatch(r"\d+\.\d{3}", element.attrib["time"])
    for suite in root:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        tags = [child.tag for child in suite]
        assert tags == sorted(tags, key=_ORDER.index)
        cases = suite.findall("testcase")
        names = [(case.attrib["classname"], case.attrib["name"]) for case in cases]
        assert len(names) == len(set(names))
        assert int(suite.attrib["tests"]) == len(cases)
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["errors"]) == len(suite.findall("testcase/error"))
    for total in ("tests", "failures", "errors"):
        assert int(root.attrib[total]) == sum(int(suite.attrib[total]) for suite in root)
    return root
