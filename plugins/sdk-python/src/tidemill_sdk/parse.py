"""Owns the reading of JSON that nobody has checked: texts of strangers.

Python takes more than JSON, and reads nested values by calls within calls, which use up the stack of a component.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

_LEVELS = 128  # as in other SDKs
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_BRACKET = re.compile(r"[][{}]")


def parse(text: str) -> Any:
    """The value of a JSON text. Raises a `ValueError`, also for `NaN`, for a number beyond a float, and for more than 128 levels."""
    # Most texts have fewer brackets: they are not read twice.
    if text.count("[") + text.count("{") > _LEVELS and _deep(text):
        raise ValueError(f"more than {_LEVELS} lists and objects within each other")
    return json.loads(text, parse_constant=_no_constant, parse_float=_finite)


def _deep(text: str) -> bool:
    """Whether a text is too deep as far as it is JSON: brackets count outside of strings."""
    # Without what is escaped, quotes are ends of strings alone, and every second piece is outside.
    outside = "".join(_ESCAPED.sub("", text).split('"')[::2])
    depth = 0
    for bracket in _BRACKET.findall(outside):
        depth += 1 if bracket in "[{" else -1
        if depth > _LEVELS:
            return True
    return False


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number
