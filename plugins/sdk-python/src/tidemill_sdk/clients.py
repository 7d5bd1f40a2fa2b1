"""Owns what clients bring and get: calls of tools, prompts, resources, and what values may be meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal

from .answer import _UNSET, apart, unknown


@dataclass(frozen=True)
class Image:
    """A picture, such as `image/png`."""

    data: bytes
    media_type: str


@dataclass(frozen=True)
class Audio:
    """Sound, such as `audio/wav`."""

    data: bytes
    media_type: str


@dataclass(frozen=True)
class Link:
    """A resource that can be read, by its address alone."""

    uri: str
    name: str
    media_type: str | None = None


@dataclass(frozen=True)
class Content:
    """What stands at an address: a text, bytes, or a value that is written as JSON."""

    _: KW_ONLY
    text: str | None = None
    data: bytes | None = None
    json: Any = field(default=_UNSET)
    media_type: str | None = None
    """`None`: not known; of JSON `application/json`."""
    uri: str | None = None
    """`None`: the one that was asked for. Within an answer or a message it is needed."""


Part = str | Image | Audio | Link | Content
"""One part of an answer."""


@dataclass(frozen=True)
class InputRequest:
    """Something that is asked of the client's side."""

    name: str
    method: str
    params: Mapping[str, Any] = field(default_factory=dict)


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
class _Asked:
    """What a client wants."""

    name: str
    arguments: Any
    _: KW_ONLY
    caller: str | None = None
    """Who asks, by the name that their token gives them."""
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


class Call(_Asked):
    """One call of a tool."""


class PromptRequest(_Asked):
    """One request for a prompt: `arguments` are names and texts. Nothing of them was checked but that required ones are there."""

    arguments: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What came of a call. A plain text is one too."""

    text: str | None = None
    _: KW_ONLY
    structured: Any = field(default=_UNSET)
    """The same for programs, any JSON value."""
    error: str | None = None
    """The tool could not do it, for this reason."""
    content: Sequence[Part] = ()
    """Further parts."""
    ask: Sequence[InputRequest] = ()
    """The call goes on once these were answered."""
    state: str | None = None
    """What is wanted back then."""


@dataclass(frozen=True)
class PromptArgument:
    """What a prompt is filled in with."""

    name: str
    description: str | None = None
    _: KW_ONLY
    required: bool = True
    """Whether it has to be given, which the host checks."""


@dataclass(frozen=True)
class Prompt:
    """A text for models that clients offer to people, filled in with what those say."""

    name: str
    """As names of tools."""
    description: str | None = None
    _: KW_ONLY
    arguments: Sequence[PromptArgument] = ()
    title: str | None = None
    permission: str | None = None
    """Only those with this permission see it."""


@dataclass(frozen=True)
class Message:
    """One message of a conversation. A plain text is one too, said by the user."""

    content: Part
    role: Literal["user", "assistant"] = "user"


@dataclass(frozen=True)
class PromptAnswer:
    """A prompt, filled in. A plain text is one too: a message of the user."""

    messages: Sequence[Message | str] = ()
    _: KW_ONLY
    description: str | None = None
    ask: Sequence[InputRequest] = ()
    """The request goes on once these were answered."""
    state: str | None = None
    """What is wanted back then."""


@dataclass(frozen=True)
class Resource:
    """A resource that is listed."""

    uri: str
    name: str
    """For people."""
    media_type: str | None = None
    _: KW_ONLY
    title: str | None = None
    description: str | None = None
    permission: str | None = None
    """Only those with this permission see and read it."""


@dataclass(frozen=True)
class ResourceTemplate:
    """Resources that are too many to list."""

    uri_template: str
    """RFC 6570, level 1: `orders://{id}`."""
    name: str
    media_type: str | None = None
    _: KW_ONLY
    title: str | None = None
    description: str | None = None
    permission: str | None = None


@dataclass(frozen=True)
class Question:
    """What somebody began to write: an argument of a prompt, or a variable of a template."""

    argument: str
    value: str
    """What of it is there."""
    _: KW_ONLY
    prompt: str | None = None
    """The name of the prompt."""
    template: str | None = None
    """The URI template."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Those that are there already."""


@dataclass(frozen=True)
class Suggestions:
    """What may be meant, best first; the first 100 are told. A list of texts is the same."""

    values: Sequence[str]
    _: KW_ONLY
    total: int | None = None
    more: bool = False


def told(said: object) -> Answer:
    """Reads the answer of `call`."""
    if isinstance(said, str):
        return Answer(said)
    if isinstance(said, Answer):
        apart("call answered", said, "ask", ("text", "content", "structured", "error"))
        apart("call answered", said, "error", ("text", "state"))
        apart("call answered", said, "state", ("text", "content", "structured"))
        return said
    raise unknown("call", said, "a str or an Answer(…)")


def filled(said: object) -> PromptAnswer:
    """Reads the answer of `get`."""
    if isinstance(said, (str, Message)):
        return PromptAnswer([said])
    if isinstance(said, PromptAnswer):
        apart("get answered", said, "ask", ("messages", "description"))
        apart("get answered", said, "messages", ("state",))
        return said
    raise unknown("get", said, "a str, a Message(…) or a PromptAnswer(…)")


def contents(said: object) -> list[Content]:
    """Reads the answer of `read`."""
    parts = said if isinstance(said, list) else [said]
    return [_content(part) for part in parts]


def _content(said: object) -> Content:
    if isinstance(said, str):
        return Content(text=said)
    if isinstance(said, bytes):
        return Content(data=said)
    if isinstance(said, Content):
        return said
    raise unknown("read", said, "a str, bytes, a Content(…), or a list of them")


def meant(said: object) -> Suggestions:
    """Reads the answer of `complete`; of too many values the first ones are told."""
    if isinstance(said, (list, tuple)):
        said = Suggestions(said)
    if not isinstance(said, Suggestions):
        raise unknown("complete", said, "a list of str or a Suggestions(…)")
    if len(said.values) <= _SUGGESTIONS_MAX:
        return said
    total = len(said.values) if said.total is None else said.total
    return Suggestions(said.values[:_SUGGESTIONS_MAX], total=total, more=True)


_SUGGESTIONS_MAX = 100  # the contract's bound
