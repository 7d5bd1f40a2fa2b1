"""Write Tidemill plugins in Python: what an author's module needs beside its own functions.

    from tidemill_sdk import Event, Manifest, Outcome, Output, emit

    manifest = Manifest(summary="Stamps orders", subscribes=["order.*"])

    def apply(event: Event) -> Outcome:
        return emit(Output(extensions={"stamp": "v1"}))

`tidemill_sdk.log`, `meter`, `call`, `state` and `bus` are what a plugin asks of its host; all but `log` are named under `uses` in
tidemill-plugin.toml. `tidemill_sdk.testing` makes events for unit tests.
"""

from .answer import (
    EventType,
    Manifest,
    Outcome,
    Output,
    Validity,
    Verdict,
    drop,
    emit,
    invalid,
    keep,
    normalised,
    reject,
    retry,
    valid,
)
from .calls import Answer, Call, Delivery, Draft, Hints, InputRequest, Subscriber, Tool
from .event import Batch, Event
from .failure import Fault, Problem, Problems, Refusal, UnknownTool
from .html import escape_html

__all__ = [
    "Answer", "Batch", "Call", "Delivery", "Draft", "Event", "EventType", "Fault", "Hints", "InputRequest", "Manifest", "Outcome",
    "Output", "Problem", "Problems", "Refusal", "Subscriber", "Tool", "UnknownTool", "Validity", "Verdict", "drop", "emit",
    "escape_html", "invalid", "keep", "normalised", "reject", "retry", "valid",
]  # fmt: skip
