"""Owns answers: who a plugin is, and what an author says about an event."""

from __future__ import annotations

import json as _json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final, Literal

from .failure import Problem
from .texts import well_formed

Verdict = Literal["keep", "drop", "reject"] | bool
"""What a filter says: `True` is `"keep"`, `False` is `"drop"`."""

keep: Final = "keep"
drop: Final = "drop"
valid: Final = "valid"

_UNSET: Any = object()
_JSON = ("json", "structured")  # of which `None` is a value


@dataclass(frozen=True)
class Manifest:
    """Who a plugin is and what it wants to see."""

    summary: str
    """What the plugin does, in one line."""
    subscribes: Sequence[str] = ()
    """Event type patterns that `decide` and `apply` are called for: `order.created`, `order.*`, or `*`. Empty: none."""
    needs_data: bool = True
    """Whether `decide` and `apply` look at the data. `False` is cheaper; data is then empty."""
    config_schema: Mapping[str, Any] | str | None = None
    """JSON Schema (2020-12) of the configuration; the host checks it before `configure`."""
    name: str | None = None
    """Short name for people. `None`: that of tidemill-plugin.toml."""
    version: str | None = None
    """The author's version. `None`: that of pyproject.toml."""


@dataclass
class Output:
    """What changes in an event; what is left out keeps the value that it had, and an empty text removes it."""

    _: KW_ONLY
    type: str | None = None
    """1 to 128 bytes; `tidemill.` is reserved."""
    subject: str | None = None
    """At most 1,024 bytes."""
    content_type: str | None = None
    """The media type of the data; removed, it means JSON."""
    extensions: Mapping[str, object] | Iterable[tuple[str, object]] | None = None
    """Extension attributes to set; `None` or an empty value removes one. Others stay."""
    data: bytes | str | None = None
    """The data as bytes or text, at most 1 MiB."""
    json: Any = field(default=_UNSET)
    """The data as a value, which is written as JSON; in place of `data`."""

    def encoded(self) -> bytes | None:
        """The data as it goes to the host."""
        return data_of("an Output", self.json, self.data)


@dataclass(frozen=True)
class Emit:
    """Made by `emit`."""

    outputs: list[Output]


@dataclass(frozen=True)
class Reject:
    """Made by `reject`."""

    problems: list[Problem]


@dataclass(frozen=True)
class Retry:
    """Made by `retry`."""

    why: str


@dataclass(frozen=True)
class Normalised:
    """Made by `normalised`."""

    output: Output


@dataclass(frozen=True)
class Invalid:
    """Made by `invalid`."""

    problems: list[Problem]


Outcome = Literal["keep", "drop"] | Emit | Reject | Retry
"""What a transform says."""
Validity = Literal["valid"] | Normalised | Invalid
"""What an owner of event types says."""


@dataclass(frozen=True)
class EventType:
    """One event type that the plugin owns."""

    name: str
    """The exact type, such as `order.created`."""
    summary: str
    """What such an event says, in one line."""
    schema: Mapping[str, Any] | str
    """JSON Schema (2020-12) of the data."""
    version: str = "1.0.0"
    """The author's version of it."""
    examples: Sequence[Any] = ()
    """Examples of the data."""


def emit(*outputs: Output) -> Emit:
    """These go on in place of the event: one for a change, more for a split, at most 64."""
    return Emit(list(outputs))


def reject(*problems: Problem) -> Reject:
    """The event ends here as a mistake of its publisher, who is told the problems."""
    return Reject(list(problems))


def retry(why: str) -> Retry:
    """The event cannot be handled at the moment; its publisher is told to send it again."""
    return Retry(why)


def normalised(output: Output) -> Normalised:
    """Accepted with these changes; the type cannot be changed."""
    return Normalised(output)


def invalid(*problems: Problem) -> Invalid:
    """Not an event of this type."""
    return Invalid(list(problems))


def verdict(said: object) -> str:
    """Reads the answer of `decide`."""
    if said is True or said == "keep":
        return "keep"
    if said is False or said == "drop":
        return "drop"
    if said == "reject":
        return "reject"
    raise unknown("decide", said, 'True or "keep", False or "drop", or "reject"')


def outcome(said: object) -> str | Emit | Reject | Retry:
    """Reads the answer of `apply`."""
    if isinstance(said, (Emit, Reject, Retry)):
        return said
    if isinstance(said, str) and said in ("keep", "drop"):
        return said
    raise unknown("apply", said, '"keep", "drop", emit(…), reject(…) or retry(…)')


def validity(said: object) -> str | Normalised | Invalid:
    """Reads the answer of `validate`."""
    if isinstance(said, (Normalised, Invalid)):
        return said
    if isinstance(said, str) and said == "valid":
        return said
    raise unknown("validate", said, '"valid", normalised(…) or invalid(…)')


def class_name(said: object) -> str:
    """Reads the answer of `classify`."""
    if isinstance(said, str):
        return said
    raise unknown("classify", said, "the name of a class, a str")


def visibility(said: object) -> bool:
    """Reads the answer of `visible`: whoever may see an event was never said by accident."""
    if isinstance(said, bool):
        return said
    raise unknown("visible", said, "True or False")


def at_once(name: str, said: Any) -> Any:
    """What a function answered, if it did without being awaited."""
    if hasattr(said, "__await__"):
        raise unknown(name, said, "")
    return said


def as_json(value: Any) -> bytes:
    """A value as compact JSON. Half a surrogate pair has no UTF-8: all that is not ASCII is escaped then."""
    try:
        return _json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except UnicodeEncodeError:
        return _json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def as_bytes(data: bytes | str | None) -> bytes | None:
    """Data that is given as bytes or as text."""
    return well_formed(data).encode() if isinstance(data, str) else data


def data_of(what: str, json: Any, data: bytes | str | None) -> bytes | None:
    """The data of an event, which has it as a value or as bytes."""
    if json is _UNSET:
        return as_bytes(data)
    if data is not None:
        raise TypeError(f"{what} has both `json` and `data`, of which one alone is its data")
    return as_json(json)


def as_text(schema: Any) -> str | None:
    """A JSON text that is given as such, or as a value."""
    return schema if schema is None or isinstance(schema, str) else as_json(schema).decode()


def pairs(values: Mapping[str, object] | Iterable[tuple[str, object]] | None) -> list[tuple[str, str]]:
    """Names and values as texts; `None` is the empty one, which removes."""
    given = values.items() if isinstance(values, Mapping) else values or ()
    return [(name, "" if value is None else value if isinstance(value, str) else _json.dumps(value)) for name, value in given]


def apart(what: str, said: Any, one: str, others: Iterable[str]) -> None:
    """Refuses members that are never told together: an answer that loses half of what it says would pass for a success."""

    def given(member: str) -> bool:
        value = getattr(said, member)
        return value is not _UNSET and (value is not None or member in _JSON) and value != ()

    other = next((other for other in others if given(other)), None)
    if given(one) and other is not None:
        raise TypeError(f"{what} both `{one}` and `{other}`, of which one alone is told")


def unknown(name: str, said: Any, expected: str) -> TypeError:
    """What is told of an answer that is none."""
    if hasattr(said, "__await__"):
        if hasattr(said, "close"):
            said.close()  # else Python warns that it was never awaited
        return TypeError(f"{name} answered a coroutine; async functions are not possible here, the answer is wanted at once")
    return TypeError(f"{name} answered {said!r:.500}; expected {expected}")
