"""LaTeX formulas as plain text: what ``\\frac{a}{b}`` would be in a comment of the code."""

from __future__ import annotations

import re

_NAMES = {
    "ell": "loss",
    "epsilon": "eps",
    "varepsilon": "eps",
    "cdot": "*",
    "le": "<=",
    "ge": ">=",
    "ne": "!=",
    "quad": "  ",
    "Bigl": "",
    "Bigr": "",
    "bigl": "",
    "bigr": "",
    "left": "",
    "right": "",
}
_TRANSPARENT = {"text", "mathcal", "operatorname", "mathrm", "mathbf"}
_STATEMENTS = re.compile(r",?\s*\\qquad\s*|,\s*\\quad\s*")
_CASES = re.compile(r"\\begin\{cases\}(.*)\\end\{cases\}", re.DOTALL)
_OPERATOR = re.compile(r"[\s+*/-]")


def plain(latex: str) -> list[str]:
    """The formula as lines of text, one statement or one case a line."""
    lines: list[str] = []
    for statement in _STATEMENTS.split(" ".join(latex.split())):
        cases = _CASES.search(statement)
        if cases is None:
            lines.append(inline(statement))
        else:
            lines += _cases(inline(statement[: cases.start()]), cases.group(1))
    return lines


def _cases(head: str, body: str) -> list[str]:
    """One line a case, conditions under each other."""
    rows = [[inline(part) for part in row.split("&")] for row in body.split(r"\\")]
    width = max(len(value) for value, _ in rows)
    # A factor in front of the cases applies to each of them, which a brace says best.
    brace = "" if head.endswith("=") else " {"
    blank = " " * len(head)
    return [
        f"{blank if i else head}{brace} {value:<{width}}  {_condition(condition)}"
        for i, (value, condition) in enumerate(rows)
    ]


def _condition(text: str) -> str:
    return text if text == "otherwise" else f"if {text}"


def inline(latex: str) -> str:
    """A piece of a formula as text, on one line."""
    text = _convert(latex)
    text = re.sub(r"(?<=[(\[]) +| +(?=[)\]])", "", text)
    words = [" ".join(part.split()) for part in text.split("   ")]
    return "  ".join(word for word in words if word)


def _convert(latex: str) -> str:
    text, i = "", 0
    while i < len(latex):
        if latex[i] == "\\":
            piece, i = _command(latex, i + 1)
        elif latex[i] in "^_" and latex[i + 1 : i + 2] == "{":
            inner, end = _group(latex, i + 1)
            piece, i = latex[i] + _bracketed(inner), end
        elif latex[i] == "{":
            piece, i = _group(latex, i)
        else:
            piece, i = latex[i], i + 1
        text += piece
    return text


def _command(latex: str, start: int) -> tuple[str, int]:
    """What the command whose name starts here stands for, and where it ends."""
    name = re.match(r"[A-Za-z]+", latex[start:])
    if name is None:
        return (" " if latex[start] in ",;:! " else latex[start]), start + 1
    word, end = name.group(), start + name.end()
    if word in _TRANSPARENT:
        return _group(latex, end)
    if word == "sqrt":
        inner, end = _group(latex, end)
        return f"sqrt({inner})", end
    if word == "frac":
        above, end = _group(latex, end)
        below, end = _group(latex, end)
        return f"{_bracketed(above)} / {_bracketed(below)}", end
    # Two spaces of a \quad, and one around them, mark a gap that is kept.
    return _NAMES.get(word, word), end


def _group(latex: str, start: int) -> tuple[str, int]:
    """The text of the braces that open here, and where they end."""
    depth, i = 0, start
    while i < len(latex):
        if latex[i] == "\\":
            i += 2
            continue
        depth += {"{": 1, "}": -1}.get(latex[i], 0)
        i += 1
        if depth == 0:
            break
    return _convert(latex[start + 1 : i - 1]), i


def _bracketed(text: str) -> str:
    is_call = re.fullmatch(r"\w*\([^()]*(\([^()]*\)[^()]*)*\)", text)
    return f"({text})" if _OPERATOR.search(text) and not is_call else text
