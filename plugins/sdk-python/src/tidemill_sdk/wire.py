"""Owns sending by `wasi:http`: the request's head, its body, then the answer until its end.

While a component is made the package stands under `host:`, for the interpreter has no WASI of its own. What belongs to something
else is given back before that, which `with` sees to.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from componentize_py_types import Err  # type: ignore[import-not-found]
from wit_world.imports import outgoing_handler, streams  # type: ignore[import-not-found]

_WRITE_BYTES = 4096  # of a blocking write, at most
_READ_BYTES = 64 << 10
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
_REASONS = {
    "HttpRequestDenied": ("denied", "the host was not granted"),
    "DestinationIpProhibited": ("denied", "its address is not public and was not granted"),
    "DnsTimeout": ("timed-out", "looking up its name"),
    "ConnectionTimeout": ("timed-out", "connecting to it"),
    "ConnectionReadTimeout": ("timed-out", "waiting for its answer"),
    "HttpResponseTimeout": ("timed-out", "waiting for its answer"),
    "ConnectionWriteTimeout": ("timed-out", "sending the request"),
    "HttpRequestBodySize": ("too-large", "the body of the request"),
    "HttpResponseBodySize": ("too-large", "the body of the answer"),
    "HttpResponseHeaderSectionSize": ("too-large", "the head of the answer"),
    "HttpRequestMethodInvalid": ("request", "its method is not one that may be sent"),
    "HttpRequestUriInvalid": ("request", "its URL names no host that a request can go to"),
    "ConnectionRefused": ("failed", "the host takes no connection"),
    "TlsCertificateError": ("failed", "the host's certificate is not trusted"),
}


def _types() -> Any:
    """The bindings of `types`, which have a longer name where another package has such an interface too."""
    try:
        return importlib.import_module("wit_world.imports.host_http_types")
    except ModuleNotFoundError:
        return importlib.import_module("wit_world.imports.types")


_http = _types()
Failed = Callable[[str, str], Exception]


def send(
    method: str, scheme: str, authority: str, path: str, fields: list[tuple[str, bytes]], data: bytes, timeout_ms: int | None, failed: Failed
) -> tuple[int, list[tuple[str, bytes]], bytes]:
    """Sends a request. `failed` makes the error of a reason and a detail."""
    request = _head(method, scheme, authority, path, fields, failed)
    try:
        body = request.body()
    except Err:
        raise failed("request", "`content-length` is no number") from None
    options = _http.RequestOptions()
    if timeout_ms is not None:
        # A host that cannot do that has a limit of its own.
        _quietly(lambda: options.set_first_byte_timeout(timeout_ms * 1_000_000))
    try:
        answer = outgoing_handler.handle(request, options)
    except Err as error:
        raise failed(*_reason(error.value)) from None
    with answer:
        # A request that was ended meanwhile takes no more; why, its answer says, which may be a whole one.
        _quietly(lambda: _write(body, data))
        _quietly(lambda: _http.OutgoingBody.finish(body, None))
        with answer.subscribe() as arrival:
            arrival.block()
        got = answer.get()
        if got is None or isinstance(got, Err):
            raise failed("failed", "there is no answer")
        if isinstance(got.value, Err):
            raise failed(*_reason(got.value.value))
        return _read(got.value.value, failed)


def _head(method: str, scheme: str, authority: str, path: str, fields: list[tuple[str, bytes]], failed: Failed) -> Any:
    try:
        listed = _http.Fields.from_list(fields)
    except Err as error:
        raise failed("request", f"a header: {_name(error.value)}") from None
    request = _http.OutgoingRequest(listed)
    known = getattr(_http, f"Method_{method.capitalize()}")() if method in _METHODS else _http.Method_Other(method)
    request.set_scheme(_http.Scheme_Https() if scheme == "https" else _http.Scheme_Http())
    for what, text, call in (
        ("the method", method, lambda: request.set_method(known)),
        ("the host", authority, lambda: request.set_authority(authority)),
        ("the path", path, lambda: request.set_path_with_query(path)),
    ):
        if _quietly(call) is not None:
            raise failed("request", f"{what} `{text}` is wrong or too long")
    return request


def _write(body: Any, data: bytes) -> None:
    with body.write() as stream:
        for at in range(0, len(data), _WRITE_BYTES):
            stream.blocking_write_and_flush(data[at : at + _WRITE_BYTES])


def _read(response: Any, failed: Failed) -> tuple[int, list[tuple[str, bytes]], bytes]:
    with response:
        with response.headers() as fields:
            headers = fields.entries()
        parts: list[bytes] = []
        with response.consume() as body, body.stream() as stream:
            try:
                while True:
                    parts.append(stream.blocking_read(_READ_BYTES))
            except Err as error:
                if not isinstance(error.value, streams.StreamError_Closed):
                    with error.value.value as why:
                        raise failed("failed", why.to_debug_string()) from None
        return response.status(), headers, b"".join(parts)


def _quietly(call: Callable[[], object]) -> Any:
    """The host's error, if there is one."""
    try:
        call()
    except Err as error:
        return error
    return None


def _name(value: Any) -> str:
    return type(value).__name__.partition("_")[2]


def _reason(code: Any) -> tuple[str, str]:
    """An error of the host in the SDK's terms."""
    more = getattr(code, "value", None)
    return _REASONS.get(_name(code)) or ("failed", _name(code) if more is None else f"{_name(code)}: {more}")
