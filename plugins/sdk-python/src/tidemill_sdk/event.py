"""Owns the reading of rows: what the host hands over (`types.batch` in the contract) seen as events.

Nothing is decoded before somebody asks for it. Knows nothing about answers but how a wrong event is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from struct import Struct
from typing import Any

from .failure import Fault, Problem
from .parse import parse

_ROW = Struct("<14IQ")  # seven spans of offset and length, and the time
_FIELDS = ("id", "source", "type", "subject", "content type", "extensions", "data")


class Batch:
    """Some events, in the order in which they were published per source."""

    __slots__ = ("arena", "rows")

    def __init__(self, rows: bytes, arena: bytes) -> None:
        """Raises `Fault.broken` if rows are cut off."""
        if len(rows) % _ROW.size:
            raise Fault.broken(f"rows: {len(rows)} bytes are not a multiple of {_ROW.size}")
        self.rows = rows
        self.arena = arena

    def __len__(self) -> int:
        return len(self.rows) // _ROW.size

    def __getitem__(self, index: int) -> Event:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return Event(self, index)

    def __iter__(self) -> Iterator[Event]:
        return (Event(self, index) for index in range(len(self)))


class Event:
    """One event. Each attribute is read when it is asked for."""

    __slots__ = ("_batch", "_index", "_row")

    def __init__(self, batch: Batch, index: int) -> None:
        self._batch = batch
        self._index = index
        self._row: tuple[int, ...] | None = None

    @property
    def id(self) -> str:
        """Identifies the event within its source."""
        return self._text(0)

    @property
    def source(self) -> str:
        """Where the event comes from, as a URI reference."""
        return self._text(1)

    @property
    def type(self) -> str:
        """The event's type, such as `order.created`."""
        return self._text(2)

    @property
    def subject(self) -> str | None:
        """What the event is about within its source."""
        return self._text(3) or None

    @property
    def content_type(self) -> str | None:
        """The media type of the data. Absent means JSON."""
        return self._text(4) or None

    @property
    def time_ms(self) -> int:
        """When it happened, in milliseconds since 1970-01-01T00:00:00 UTC."""
        return self._numbers()[14]

    @property
    def extensions(self) -> dict[str, Any]:
        """All CloudEvents extension attributes: texts, whole numbers and booleans."""
        text = self._text(5)
        return json.loads(text) if text else {}

    def extension(self, name: str) -> str | None:
        """One extension attribute as text."""
        value = self.extensions.get(name)
        return value if value is None or isinstance(value, str) else json.dumps(value)

    @property
    def data(self) -> bytes:
        """The data as bytes; empty without data, or if the manifest says that the plugin does not need them."""
        return self._bytes(6)

    @property
    def is_json(self) -> bool:
        """Whether the data is JSON by its content type."""
        essence = (self.content_type or "application/json").split(";", 1)[0].rstrip().lower()
        return essence == "application/json" or (essence.isascii() and essence.endswith("+json"))

    def text(self) -> str:
        """The data as text. What is not UTF-8 is a `Problem`, which rejects the event."""
        try:
            return self.data.decode()
        except UnicodeDecodeError as error:
            raise Problem("", f"the data is not UTF-8 at byte {error.start}") from None

    def json(self) -> Any:
        """The data as JSON. What is not JSON is a `Problem`, which rejects the event."""
        try:
            return parse(self.text())
        except ValueError as error:
            raise Problem("", f"the data is not JSON: {error}") from None

    def __repr__(self) -> str:
        return f"Event(id={self.id!r}, source={self.source!r}, type={self.type!r})"

    def _numbers(self) -> tuple[int, ...]:
        if self._row is None:
            self._row = _ROW.unpack_from(self._batch.rows, self._index * _ROW.size)
        return self._row

    def _bytes(self, field: int) -> bytes:
        row = self._numbers()
        length = row[2 * field + 1]
        if not length:
            return b""
        start = row[2 * field]
        arena = self._batch.arena
        if start + length > len(arena):
            raise Fault.broken(f"row {self._index}: the {_FIELDS[field]} ends outside the arena of {len(arena)} bytes")
        return arena[start : start + length]

    def _text(self, field: int) -> str:
        return self._bytes(field).decode(errors="replace")
