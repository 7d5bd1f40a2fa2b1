"""Figures of the host. Only where its operator grants them (`[grants] figures = true`)."""

from .host import module

_host = module("server")


def streams(path: str | None = None) -> int | None:
    """How many streams are open: all of them, or those of the mount at `path`; `None` if there is none at it."""
    found: int | None = _host.streams(path)
    return found
