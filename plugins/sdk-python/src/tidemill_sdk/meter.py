"""Figures of the plugin's own, shown in the host's `GET /metrics`: `meter.add("orders")`. Offered to every plugin."""

from .host import module

_host = module("meter")


def add(name: str, delta: int = 1) -> None:
    """Adds to a counter. Names are 1 to 64 characters of `a` to `z`, `0` to `9` and `_`, and begin with a letter."""
    _host.add(name, delta)


def record(name: str, value: float) -> None:
    """Puts a value into a histogram."""
    _host.record(name, value)
