"""Owns the stack of an exception as the author knows it: calls of their own files, innermost first.

The module `traceback` looks for sources, and a component has no files, so it is not used.
"""

import re

_FRAMES_MAX = 16  # a fault is a few lines in a log: the innermost calls say enough
_MOUNT = re.compile(r"^/\d+/")  # where files lay while the component was made
_OWN = re.compile(r"(^|[/\\])(tidemill_sdk[/\\]|tidemill_app\.py$)")  # calls of the SDK say nothing to an author


def name(error: BaseException) -> str:
    """The type and the message of an exception, in one line."""
    said = str(error)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def describe(error: BaseException) -> str:
    """The message and the stack of an exception, and of what it was raised from."""
    lines = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if not _OWN.search(code.co_filename):
            lines.append(f"    at {code.co_name} ({_MOUNT.sub('', code.co_filename)}:{step.tb_lineno})")
        step = step.tb_next
    cause = error.__cause__
    because = [f"because of {describe(cause)}"] if cause is not None else []
    return "\n".join([name(error), *lines[: -_FRAMES_MAX - 1 : -1], *because])
