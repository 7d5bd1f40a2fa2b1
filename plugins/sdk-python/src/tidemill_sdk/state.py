"""Keys of the plugin's own that outlive the host: `state.increment("orders")`.

Only where its operator grants it (`[grants] state = true`), and only while events are processed. What is written is kept together with
the events of the batch, or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .answer import as_bytes, as_json
from .host import module, reason

_host = module("state")


@dataclass(frozen=True)
class Entry:
    """What a key holds."""

    value: bytes
    version: int
    """Changes with every write."""

    def text(self) -> str:
        return self.value.decode()

    def json(self) -> Any:
        return json.loads(self.value)


class WriteError(Exception):
    """Why something was not written: `reason` is `stale`, `quota` or `other`. With `stale`, `current` is what the key holds now."""

    def __init__(self, reason: Literal["stale", "quota", "other"], detail: str, current: Entry | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.current = current


def get(key: str) -> Entry | None:
    """What a key holds."""
    return get_many([key])[0]


def get_many(keys: list[str]) -> list[Entry | None]:
    """What keys hold, in order; at most 1,000."""
    return [_entry(found) for found in _host.get_many(keys)]


def put(key: str, value: bytes | str, *, if_version: int | None = None, ttl_ms: int | None = None) -> int:
    """Sets a key; its new version. `if_version`: only if it has that one, 0 being that of a key that is not there."""
    return _written(lambda: _host.put(key, as_bytes(value), if_version, ttl_ms))


def put_json(key: str, value: Any, *, if_version: int | None = None, ttl_ms: int | None = None) -> int:
    """The same with a value that is kept as JSON."""
    return put(key, as_json(value), if_version=if_version, ttl_ms=ttl_ms)


def increment(key: str, by: int = 1, *, ttl_ms: int | None = None) -> int:
    """Adds to a number, which is 0 if the key is not there; the sum. It is kept in 64 bits, and stays at their ends.

    `ttl_ms` counts from when the key is made.
    """
    return _written(lambda: _host.increment(key, by, ttl_ms))


def delete(key: str) -> bool:
    """Removes a key; whether it was there."""
    return bool(_host.delete(key))


def keys(prefix: str, after: str = "", limit: int = 1000) -> list[str]:
    """Keys that begin with a prefix and come after another one, in order; at most 1,000."""
    return list(_host.keys(prefix, after, limit))


def _entry(found: Any) -> Entry | None:
    return None if found is None else Entry(found.value, found.version)


def _written(write: Callable[[], Any]) -> int:
    try:
        return int(write())
    except Exception as error:
        why = reason(error)
        match type(why).__name__:
            case "WriteError_Stale":
                raise WriteError("stale", "the key changed meanwhile", _entry(why.value)) from None
            case "WriteError_Quota":
                raise WriteError("quota", "no room for more state (the limit `state`)") from None
            case "WriteError_Other":
                raise WriteError("other", why.value) from None
        raise
