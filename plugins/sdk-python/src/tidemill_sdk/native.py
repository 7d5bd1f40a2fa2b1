"""Owns the host of tests that run in plain Python. State lives as long as the process, and nothing expires."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

logged: list[tuple[str, str, dict[str, str]]] = []
published: list[Any] = []
reported: list[tuple[float, float | None, str | None]] = []
changed_lists: list[str] = []
updated_resources: list[str] = []
open_streams: int | None = None
"""What `server.streams()` answers; a test sets it."""
figures: dict[str, Any] = {}
_kept: dict[str, Entry] = {}
_last = 0


class Level(Enum):
    TRACE = 0
    DEBUG = 1
    INFO = 2
    WARN = 3
    ERROR = 4


class Listing(Enum):
    TOOLS = 0
    PROMPTS = 1
    RESOURCES = 2


@dataclass
class Entry:
    value: bytes
    version: int


@dataclass
class WriteError_Stale:
    value: Entry | None


@dataclass
class WriteError_Other:
    value: str


@dataclass
class NewEvent:
    type: str
    id: str | None
    source: str | None
    subject: str | None
    content_type: str | None
    extensions: list[tuple[str, str]]
    data: bytes


@dataclass(frozen=True)
class Err(Exception):
    value: Any


def clear() -> None:
    """Forgets everything, state too."""
    global open_streams
    open_streams = None
    for kept in (logged, published, reported, changed_lists, updated_resources, figures, _kept):
        kept.clear()


def log(level: Level, message: str, fields: list[tuple[str, str]]) -> None:
    logged.append((level.name.lower(), message, dict(fields)))


def publish(events: list[NewEvent]) -> None:
    published.extend(events)


def report(done: float, total: float | None, message: str | None) -> None:
    reported.append((done, total, message))


def cancelled() -> bool:
    return False


class Pollable:
    """What is over at once."""

    def __enter__(self) -> Pollable:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def block(self) -> None:
        pass


def subscribe_duration(when: int) -> Pollable:
    return Pollable()


def changed(what: Listing) -> None:
    changed_lists.append(what.name.lower())


def updated(uri: str) -> None:
    updated_resources.append(uri)


def streams(path: str | None) -> int | None:
    return open_streams if path is None else None


def send(*request: Any) -> Any:
    """There is no network in tests."""
    raise request[-1]("failed", "there is no network in native tests")


def add(name: str, delta: int) -> None:
    figures[name] = figures.get(name, 0) + delta


def record(name: str, value: float) -> None:
    figures.setdefault(name, []).append(value)


def get_many(keys: list[str]) -> list[Entry | None]:
    return [_kept.get(key) for key in keys]


def put(key: str, value: bytes, if_version: int | None, ttl_ms: int | None) -> int:
    global _last
    current = _kept.get(key)
    if if_version is not None and if_version != (current.version if current else 0):
        raise Err(WriteError_Stale(current))
    _last += 1
    _kept[key] = Entry(value, _last)
    return _last


def increment(key: str, by: int, ttl_ms: int | None) -> int:
    value = _kept[key].value if key in _kept else bytes(8)
    if len(value) != 8:
        raise Err(WriteError_Other("its value is no number, which has eight bytes"))
    total = max(-(2**63), min(2**63 - 1, int.from_bytes(value, "little", signed=True) + by))  # as the host's
    put(key, total.to_bytes(8, "little", signed=True), None, ttl_ms)
    return total


def delete(key: str) -> bool:
    return _kept.pop(key, None) is not None


def keys(prefix: str, after: str, limit: int) -> list[str]:
    return [key for key in sorted(_kept) if key.startswith(prefix) and key > after][:limit]
