"""What a call by a client says and hears meanwhile. Outside of such calls all of it does nothing."""

from typing import Literal

from .host import module

_host = module("call")


def progress(done: float, total: float | None = None, message: str | None = None) -> None:
    """How far the call is; `done` has to increase from report to report."""
    _host.report(done, total, message)


def cancelled() -> bool:
    """Whether nobody waits for the call any more."""
    return _host.cancelled()


def changed(what: Literal["tools", "prompts", "resources"]) -> None:
    """Tells clients that what they know of a list may not be so any more."""
    _host.changed(_host.Listing[what.upper()])


def updated(uri: str) -> None:
    """Tells those who follow a resource that its content changed."""
    _host.updated(uri)
