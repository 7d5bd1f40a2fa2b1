"""Requests to other hosts: `http.get("https://api.example.com/rates").json()`.

Only to those that the operator grants (`[grants] http = ["api.example.com"]`). They block until the whole answer is there; redirects
are answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .answer import _UNSET, as_bytes, as_json
from .failure import Fault
from .host import module
from .parse import parse

_host = module("http")
_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)")

Headers = Mapping[str, str] | Iterable[tuple[str, str | bytes]]


class HttpError(Fault):
    """Why there is no answer. Left alone in `decide` or `apply` it is a fault: the host asks again where that may help.

    `reason` is `denied` (the host, or its address, was not granted), `timed-out`, `too-large` (more than the plugin's limits allow),
    `request` (it cannot be sent as it is) or `failed` (it could not be sent, or not be answered).
    """

    def __init__(self, reason: Literal["denied", "timed-out", "too-large", "request", "failed"], detail: str) -> None:
        said = {"denied": "denied: ", "timed-out": "timed out: ", "too-large": "too large: "}.get(reason, "")
        super().__init__("retry" if reason in ("timed-out", "failed") else "broken", said + detail)
        self.reason = reason


@dataclass(frozen=True)
class Response:
    """A whole answer."""

    status: int
    headers: list[tuple[str, bytes]]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is 200 to 299."""
        return 200 <= self.status <= 299

    def header(self, name: str) -> str | None:
        """A header field that is text; of several, the first."""
        found = next((value for own, value in self.headers if own.lower() == name.lower()), None)
        return None if found is None else found.decode(errors="replace")

    def text(self) -> str:
        """The body as text; what is not UTF-8 becomes U+FFFD."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON; what is not is an `HttpError`."""
        try:
            return parse(self.body.decode())
        except ValueError as error:
            raise HttpError("failed", f"the answer is not JSON: {error}") from None


def get(url: str, *, headers: Headers = (), timeout_ms: int | None = None) -> Response:
    """The answer to a GET, whatever its status. Raises an `HttpError`."""
    return send("GET", url, headers=headers, timeout_ms=timeout_ms)


def post(url: str, body: bytes | str, *, headers: Headers = (), timeout_ms: int | None = None) -> Response:
    """The answer to a POST with this body."""
    return send("POST", url, headers=headers, body=body, timeout_ms=timeout_ms)


def send(
    method: str,
    url: str,
    *,
    headers: Headers = (),
    body: bytes | str | None = None,
    json: Any = _UNSET,
    timeout_ms: int | None = None,
) -> Response:
    """Sends a request, and waits for the whole answer. `json`: a value that is sent as JSON, in place of `body`.

    `timeout_ms`: waits for the answer's head at most this long, if that is less than the plugin's limit.
    """
    parts = _URL.match(url)
    if parts is None:
        raise HttpError("request", f"`{url}` does not begin with `https://` or `http://`")
    scheme, authority, target = parts.groups()
    if json is not _UNSET and body is not None:
        raise TypeError("a request has both `json` and `body`, of which one alone is sent")
    data = as_bytes(body) or b"" if json is _UNSET else as_json(json)
    given = headers.items() if isinstance(headers, Mapping) else headers
    fields = [(name, as_bytes(value)) for name, value in given]
    names = {name.lower() for name, _ in fields}
    if json is not _UNSET and "content-type" not in names:
        fields.append(("content-type", b"application/json"))
    for name, value in fields:
        if name.lower() == "content-length":
            _same_length(value, len(data))
    if "content-length" not in names and (data or method in ("POST", "PUT", "PATCH")):
        fields.append(("content-length", str(len(data)).encode()))
    path = target if target.startswith("/") else f"/{target}"
    status, answered, whole = _host.send(method, scheme, authority, path, fields, data, timeout_ms, HttpError)
    return Response(status, answered, whole)


def _same_length(value: bytes, length: int) -> None:
    """Refuses a length that is not the body's: the request would be cut off, and might pass for a whole one."""
    if not value.isdigit():
        raise HttpError("request", "`content-length` is no number")
    if int(value) != length:
        said = f"the header content-length says {value.decode()} bytes, the body has {length}"
        raise HttpError("request", f"{said}; leave the header out")
