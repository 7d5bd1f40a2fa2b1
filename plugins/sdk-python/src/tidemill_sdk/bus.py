"""Events beside those that pass through. Only where their types are granted (`[grants] publish = ["alert.*"]`)."""

from .answer import pairs
from .calls import Draft
from .host import module, reason

_host = module("bus")


class PublishError(Exception):
    """None of the events was taken, for this reason."""


def publish(*events: Draft) -> None:
    """Publishes events once those of the batch are stored. Their `time_ms` is up to the host."""
    wired = [
        _host.NewEvent(one.type, one.id, one.source, one.subject, one.content_type, pairs(one.extensions), one.encoded())
        for one in events
    ]
    try:
        _host.publish(wired)
    except Exception as error:
        why = reason(error)
        if isinstance(why, str):
            raise PublishError(why) from None
        raise
