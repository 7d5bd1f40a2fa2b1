"""Owns what an author raises instead of an ordinary answer."""

from __future__ import annotations

from collections.abc import Iterable


class Problem(Exception):
    """What is wrong with an event. Raised, it rejects the event (event types: it is invalid).

    `at` is a JSON Pointer into the data, the name of an attribute, or empty for the data as a whole; `detail` is one sentence that
    says what was expected.
    """

    def __init__(self, at: str, detail: str) -> None:
        super().__init__(f"{at}: {detail}" if at else detail)
        self.at = at
        self.detail = detail


class Problems(Exception):
    """Several of them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.all = list(problems)
        super().__init__("; ".join(map(str, self.all)))


class Fault(Exception):
    """The plugin as a whole cannot go on with this batch."""

    def __init__(self, tag: str, why: str) -> None:
        super().__init__(why)
        self.tag = tag
        self.why = why

    @classmethod
    def retry(cls, why: str) -> Fault:
        """Something outside of the event is missing for the moment; the host asks again, within bounds."""
        return cls("retry", why)

    @classmethod
    def broken(cls, why: str) -> Fault:
        """The plugin cannot work."""
        return cls("broken", why)


class Refusal(Exception):
    """A delivery or a subscriber is not taken: a status of 400 to 499, or 503, and what is wrong."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class UnknownTool(Exception):
    """A client asked for a tool that the plugin does not have."""


class UnknownPrompt(Exception):
    """A client asked for a prompt that the plugin does not have."""


class NotFound(Exception):
    """There is no resource at this address."""
