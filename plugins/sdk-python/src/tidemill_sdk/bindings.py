"""Owns the way to the generated bindings (`wit_world`), which exist only where a component is made."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from typing import Any

from .stack import describe
from .texts import Calling, well_formed


def wit(path: str) -> Any:
    """The bindings of an interface: `exports.filter`."""
    return importlib.import_module(f"wit_world.{path}")


def types() -> Any:
    """Those of the interface `types`, which has a longer name where another package has one too."""
    return sys.modules.get("wit_world.imports.tidemill_plugin_types") or wit("imports.types")


def load() -> None:
    """Imports what is asked for later, as far as it is there: a component has no files to look for it in."""
    for path in ("imports.types", "imports.tidemill_plugin_types", "imports.content", "imports.log", "exports.completions"):
        with suppress(ModuleNotFoundError):
            wit(path)


def err(value: Any) -> Exception:
    """What is raised to answer with an error."""
    error: Exception = importlib.import_module("componentize_py_types").Err(well_formed(value))
    return error


def log(error: BaseException) -> None:
    """What is not told to whoever asked goes to the log."""
    line("ERROR", describe(error))


def line(level: str, message: str, *fields: tuple[str, str]) -> None:
    """A line of the SDK's own in the host's log."""
    host = Calling(wit("imports.log"))
    host.log(host.Level[level], message, list(fields))


def listed(given: Any) -> list[Any]:
    """A list, or what a function answers."""
    return list(given() if callable(given) else given)
