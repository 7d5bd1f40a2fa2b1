"""Owns what those who ask from outside bring and get: subscribers of views, deliveries of webhooks, calls of tools."""

from __future__ import annotations

import json as _json
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from .answer import _UNSET, as_bytes, as_json, unknown
from .failure import Refusal


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
            return _json.loads(self.text())
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
        return as_json(self.json) if self.json is not _UNSET else as_bytes(self.data) or b""


@dataclass(frozen=True)
class Hints:
    """What a tool says of itself."""

    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False


@dataclass(frozen=True)
class Tool:
    """A tool that clients call."""

    name: str
    """1 to 64 of `A-Z`, `a-z`, `0-9`, `_`, `-`, `.`, `/`."""
    description: str
    """What it does, for people and models."""
    _: KW_ONLY
    title: str | None = None
    input_schema: Mapping[str, Any] | str = '{"type":"object","properties":{}}'
    """JSON Schema of its arguments, which the host checks."""
    output_schema: Mapping[str, Any] | str | None = None
    permission: str | None = None
    """Only those with this permission see and call it."""
    hints: Hints = Hints()


@dataclass(frozen=True)
class Call:
    """One call of a tool."""

    name: str
    arguments: Any
    _: KW_ONLY
    caller: str | None = None
    accepted: Sequence[str] = ()
    responses: Mapping[str, Any] = field(default_factory=dict)
    """What was answered to `InputRequest`s, by their names."""
    state: str | None = None
    """What the answer wanted back when it asked the client's side."""

    def accepts(self, method: str) -> bool:
        """Whether the client's side can be asked for this, such as `elicitation/create`."""
        return method in self.accepted

    def response(self, name: str) -> Any:
        """The answer to what was asked for under this name."""
        return self.responses.get(name)


@dataclass(frozen=True)
class InputRequest:
    """Something that is asked of the client's side."""

    name: str
    method: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came of a call. A plain text is one too."""

    text: str | None = None
    _: KW_ONLY
    structured: Any = field(default=_UNSET)
    """The same for programs, any JSON value."""
    error: str | None = None
    """The tool could not do it, for this reason."""
    images: Sequence[tuple[bytes, str]] = ()
    """Bytes and media types."""
    ask: Sequence[InputRequest] = ()
    """The call goes on once these were answered."""
    state: str | None = None
    """What is wanted back then."""


def told(said: object) -> Answer:
    """Reads the answer of `call`."""
    if isinstance(said, str):
        return Answer(said)
    if isinstance(said, Answer):
        return said
    raise unknown("call", said, "a str or an Answer(…)")
