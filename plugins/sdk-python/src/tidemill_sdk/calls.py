"""Owns what those who ask from outside bring and get: subscribers of views, deliveries of webhooks. Clients are in `clients`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from .answer import _UNSET, data_of
from .failure import Refusal
from .parse import parse


@dataclass(frozen=True)
class Subscriber:
    """Somebody who wants to see events through a view."""

    principal: str = ""
    """Who a token says they are; empty for somebody without one."""
    claims: Sequence[tuple[str, str]] = ()
    parameters: Sequence[tuple[str, str]] = ()

    def claim(self, name: str) -> str | None:
        """The value of a claim; of several, the first."""
        return next((value for own, value in self.claims if own == name), None)

    def parameter(self, name: str) -> str | None:
        """The value of the parameter `view.<name>`; of several, the first."""
        return next((value for own, value in self.parameters if own == name), None)


@dataclass(frozen=True)
class Delivery:
    """One delivery of another system, as it came."""

    headers: Sequence[tuple[str, str]] = ()
    """Header fields, names in lower case."""
    query: str = ""
    """What followed the question mark, not decoded."""
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The value of a header field, by its name in lower case; of several, the first."""
        return next((value for own, value in self.headers if own == name), None)

    def text(self) -> str:
        """The body as text; what is not UTF-8 refuses the delivery with 400."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise Refusal(400, "the body is not UTF-8") from None

    def json(self) -> Any:
        """The body as JSON; what is not refuses the delivery with 400."""
        try:
            return parse(self.text())
        except ValueError as error:
            raise Refusal(400, f"the body is not JSON: {error}") from None


@dataclass
class Draft:
    """An event that is to be published; what is left out is up to the host."""

    type: str
    _: KW_ONLY
    id: str | None = None
    """One that comes twice is stored once."""
    source: str | None = None
    subject: str | None = None
    time_ms: int | None = None
    content_type: str | None = None
    extensions: Mapping[str, object] | None = None
    data: bytes | str | None = None
    json: Any = field(default=_UNSET)

    def encoded(self) -> bytes:
        """The data as it goes to the host."""
        return data_of("a Draft", self.json, self.data) or b""
