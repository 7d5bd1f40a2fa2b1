"""Owns the stack of an exception as the author knows it: calls of their own files, innermost first."""

import re
import traceback

_FRAMES_MAX = 16  # a fault is a few lines in a log: the innermost calls say enough
_MOUNT = re.compile(r"^/\d+/|^.*/(?=[^/]+$)")  # where files lay while the component was made says nothing
_OWN = re.compile(r"[/\\]tidemill_sdk[/\\]|[/\\]?tidemill_app\.py$")


def describe(error: BaseException) -> str:
    """The message and the stack of an exception, and of what it was raised from."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__, limit=None) if not _OWN.search(frame.filename)]
    lines = [f"    at {frame.name} ({_MOUNT.sub('', frame.filename)}:{frame.lineno})" for frame in reversed(frames)]
    said = "".join(traceback.format_exception_only(error)).strip()
    cause = error.__cause__
    because = [f"because of {describe(cause)}"] if cause is not None else []
    return "\n".join([said, *lines[:_FRAMES_MAX], *because])
