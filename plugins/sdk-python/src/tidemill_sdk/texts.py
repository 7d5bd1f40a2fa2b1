"""Owns texts at the border to the host, which are UTF-8: half of a surrogate pair, which a `str` may have, becomes U+FFFD, as in other languages.

All that goes out goes through here: what is answered (`answering`) or raised (`bindings.err`), and what the host is called with
(`Calling`). The bindings would end the component at one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from types import FunctionType
from typing import Any


def well_formed(value: Any) -> Any:
    """A value of the bindings with such texts; records, which are made for the host alone, are changed in place."""
    if isinstance(value, str):
        # Codecs that the interpreter has by itself: a component has no files to look for others in.
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, (list, tuple)):
        return type(value)(map(well_formed, value))
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            setattr(value, field.name, well_formed(getattr(value, field.name)))
    return value


def answering(made: type) -> type:
    """A class of the component's exports, whose methods answer such texts."""
    for name, method in list(vars(made).items()):
        if isinstance(method, FunctionType):
            setattr(made, name, _told(method))
    return made


def _told(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def told(*given: Any) -> Any:
        return well_formed(method(*given))

    return told


class Calling:
    """A module of the host whose functions are called with such texts."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if not isinstance(found, FunctionType):
            return found
        return lambda *given: found(*map(well_formed, given))
