"""Owns where the host's modules are: in a component the generated bindings, elsewhere what tests have in memory."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from . import native
from .texts import Calling

_COMPONENT = importlib.util.find_spec("wit_world") is not None


def module(name: str) -> Any:
    """The bindings of an interface. Raises what the author has to write if the plugin does not say that it uses it."""
    if not _COMPONENT:
        return Calling(native)
    try:
        # Requests take more than a call of the host.
        return Calling(importlib.import_module("tidemill_sdk.wire" if name == "http" else f"wit_world.imports.{name}"))
    except ModuleNotFoundError:
        raise ImportError(f'the plugin uses `{name}`, which it does not say; add "{name}" to `uses` in tidemill-plugin.toml') from None


def reason(error: Exception) -> Any:
    """What the host answered instead of a result."""
    return getattr(error, "value", None)
