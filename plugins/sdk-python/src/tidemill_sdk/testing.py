"""What unit tests of a plugin need: events to give it, and what it did beside its answers (`native`).

    from tidemill_sdk.testing import event, seen

    assert decide(event("order.created", json={"test": True})) is False
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import pack
from typing import Any

from . import native as seen
from .answer import _UNSET, as_bytes, as_json, as_text
from .event import Batch, Event
from .texts import well_formed

__all__ = ["event", "rows", "seen"]


def event(type: str, **members: Any) -> Event:
    """An event of this type, with id `1`, source `/test`, and what `members` say: those of an event, and `json` or `data`."""
    return Batch(*rows([{"type": type, **members}]))[0]


def rows(events: list[Mapping[str, Any]]) -> tuple[bytes, bytes]:
    """Rows and arena, as a host makes them."""
    made, arena = bytearray(), bytearray()
    for one in events:
        json = one.get("json", _UNSET)
        data = as_bytes(one.get("data")) if json is _UNSET else as_json(json)
        extensions = as_text(one.get("extensions")) or ""
        texts = [one.get("id", "1"), one.get("source", "/test"), one["type"], one.get("subject"), one.get("content_type"), extensions]
        for field in [*(well_formed(text or "").encode() for text in texts), data or b""]:
            made += pack("<II", len(arena), len(field))
            arena += field
        made += pack("<Q", one.get("time_ms", 0))
    return bytes(made), bytes(arena)
