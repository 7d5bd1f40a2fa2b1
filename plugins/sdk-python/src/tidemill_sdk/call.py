"""What a call by a client says and hears meanwhile. Outside of such calls all of it does nothing."""

from typing import Literal

from .host import module

_host = module("call")
_clock = module("monotonic_clock")
_SLICE_MS = 50.0  # how long a call sleeps before it looks whether somebody still waits


class Cancelled(Exception):
    """The call was cancelled; there is a second to tidy up."""

    def __init__(self) -> None:
        super().__init__("the call was cancelled")


def progress(done: float, total: float | None = None, message: str | None = None) -> None:
    """How far the call is; `done` has to increase from report to report."""
    _host.report(done, total, message)


def cancelled() -> bool:
    """Whether nobody waits for the call any more."""
    return bool(_host.cancelled())


def sleep(ms: float) -> None:
    """Sleeps, unless the call is cancelled meanwhile: then it raises `Cancelled`. In tests it takes no time."""
    left = ms
    while not cancelled():
        if left <= 0:
            return
        with _clock.subscribe_duration(round(min(left, _SLICE_MS) * 1_000_000)) as over:
            over.block()
        left -= _SLICE_MS
    raise Cancelled


def changed(what: Literal["tools", "prompts", "resources"]) -> None:
    """Tells clients that what they know of a list may not be so any more."""
    _host.changed(_host.Listing[what.upper()])


def updated(uri: str) -> None:
    """Tells those who follow a resource that its content changed."""
    _host.updated(uri)
