"""Write Tidemill plugins in Python: what an author's module needs beside its own functions.

    from tidemill_sdk import Event, Manifest, Outcome, Output, emit

    manifest = Manifest(summary="Stamps orders", subscribes=["order.*"])

    def apply(event: Event) -> Outcome:
        return emit(Output(extensions={"stamp": "v1"}))

`tidemill_sdk.log`, `meter`, `call`, `state`, `bus`, `server` and `http` are what a plugin asks of its host; all but `log` are named under `uses` in
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
from .calls import Delivery, Draft, Subscriber
from .clients import (
    Answer,
    Audio,
    Call,
    Content,
    Hints,
    Image,
    InputRequest,
    Link,
    Message,
    Part,
    Prompt,
    PromptAnswer,
    PromptArgument,
    PromptRequest,
    Question,
    Resource,
    ResourceTemplate,
    Suggestions,
    Tool,
)
from .event import Batch, Event
from .failure import Fault, NotFound, Problem, Problems, Refusal, UnknownPrompt, UnknownTool
from .html import escape_html

__all__ = [
    "Answer", "Audio", "Batch", "Call", "Content", "Delivery", "Draft", "Event", "EventType", "Fault", "Hints", "Image", "InputRequest",
    "Link", "Manifest", "Message", "NotFound", "Outcome", "Output", "Part", "Problem", "Problems", "Prompt", "PromptAnswer",
    "PromptArgument", "PromptRequest", "Question", "Refusal", "Resource", "ResourceTemplate", "Subscriber", "Suggestions", "Tool",
    "UnknownPrompt", "UnknownTool", "Validity", "Verdict", "drop", "emit", "escape_html", "invalid", "keep", "normalised", "reject",
    "retry", "valid",
]  # fmt: skip
