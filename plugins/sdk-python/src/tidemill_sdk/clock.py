"""Owns what is said where there is no clock: that of WASI is not there, and would end the component without a line."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

_CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
_NEVER = 1 << 10
# From how many arguments on the time is said.
_ASKS = {
    **{name: _NEVER for clock in _CLOCKS for name in (clock, f"{clock}_ns")},
    **{"gmtime": 1, "localtime": 1, "ctime": 1, "asctime": 1, "strftime": 2},
}
_EVENT = "when an event happened says its `time_ms`"
_CALL = "in calls by clients there is `call.sleep(ms)`"


class Clock:
    """A clock that can be taken, also from those who kept its functions. `datetime` has one that cannot."""

    def __init__(self, module: Any = time) -> None:
        """Modules that are imported from now on get functions that may be gone later: some ask for the time at once."""
        self.taken = False
        for name, said in _ASKS.items():
            if hasattr(module, name):
                setattr(module, name, _Asked(self, getattr(module, name), f"time.{name}()", said, _EVENT))
        module.sleep = _Asked(self, module.sleep, "time.sleep()", _NEVER, _CALL)


class _Asked:
    """No function: that would become a method of a class that keeps it, as those of `time` do not."""

    def __init__(self, clock: Clock, own: Callable[..., Any], name: str, said: int, instead: str) -> None:
        self._clock, self._own, self._name, self._said, self._instead = clock, own, name, said, instead

    def __call__(self, *given: Any) -> Any:
        if self._clock.taken and (len(given) < self._said or given[-1] is None):
            raise RuntimeError(f"{self._name} is not there: a plugin has no clock; {self._instead}")
        return self._own(*given)
