"""The plugin's voice in the host's log: `log.info("paid", order=12)`. Offered to every plugin."""

from .host import module

_host = module("log")


def write(level: str, message: str, **fields: object) -> None:
    """Writes one line; fields are names and values that belong to it."""
    _host.log(_host.Level[level.upper()], message, [(name, str(value)) for name, value in fields.items()])


def trace(message: str, **fields: object) -> None:
    write("trace", message, **fields)


def debug(message: str, **fields: object) -> None:
    write("debug", message, **fields)


def info(message: str, **fields: object) -> None:
    write("info", message, **fields)


def warn(message: str, **fields: object) -> None:
    write("warn", message, **fields)


def error(message: str, **fields: object) -> None:
    write("error", message, **fields)
