"""Owns what is said where there is no clock: that of WASI is not there, and would end the component without a line."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NoReturn

_CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time")


def without_clock(module: Any = time) -> None:
    """Takes the clock from all that is called from now on. `datetime` has one that cannot be taken."""
    for name in (*_CLOCKS, *(f"{clock}_ns" for clock in _CLOCKS)):
        setattr(module, name, _missing(f"time.{name}()", "when an event happened says its `time_ms`"))
    module.sleep = _missing("time.sleep()", "in calls by clients there is `call.sleep(ms)`")


def _missing(name: str, instead: str) -> Callable[..., NoReturn]:
    def missing(*_: object) -> NoReturn:
        raise RuntimeError(f"{name} is not there: a plugin has no clock; {instead}")

    return missing
