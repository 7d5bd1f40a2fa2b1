"""Owns the component boundary: the contract's calls, answered by an author's module. The build makes the module that calls this.

Knows the generated bindings (`wit_world`), which exist only where a component is made.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from . import answer, batch, calls, offers
from .bindings import err, line, listed, load, log, types, wit
from .clock import Clock
from .failure import Fault, Problem, Problems, Refusal
from .html import escape_html
from .stack import describe
from .texts import answering

# This is read before the author's module is.
_CLOCK = Clock() if sys.platform == "wasi" else None

_NEEDS = {
    "filter": ["decide"],
    "transform": ["apply"],
    "event-types": ["types", "validate"],
    "view": ["classify", "visible"],
    "webhook": ["receive"],
    "tools": ["tools", "call"],
    "prompts": ["prompts", "get"],
    "resources": ["resources", "read"],
}


def component(plugin: Any, *, name: str, version: str, kinds: list[str]) -> dict[str, type]:
    """The classes of a component from an author's module. Raises, while it is built, what the author has to add."""
    if not isinstance(getattr(plugin, "manifest", None), answer.Manifest):
        raise TypeError('manifest = Manifest(summary="What the plugin does") is missing')
    for kind in kinds:
        missing = next((needed for needed in _NEEDS[kind] if not hasattr(plugin, needed)), None)
        if missing:
            raise TypeError(f"a plugin of kind {kind} has `{missing}`, which is missing")
    load()
    if _CLOCK:
        _CLOCK.taken = True
    classes: dict[str, type] = {"Manifest": answering(_manifest(plugin, name, version))}
    # Worlds ask for the last two where they belong to something else.
    for make in [*(_KINDS[kind] for kind in kinds), offers.completions, _wants]:
        made = make(plugin)
        classes[made.__name__] = answering(made)
    return classes


def _settings(plugin: Any, config: Any) -> None:
    """Hands settings over. What a plugin has no place for is refused, not forgotten."""
    if hasattr(plugin, "configure"):
        answer.at_once("configure", plugin.configure(config))
    elif config:
        raise ValueError(f"config: unknown setting {json.dumps(next(iter(config)), ensure_ascii=False)}; this plugin has none")


def _manifest(plugin: Any, name: str, version: str) -> type:
    bound = wit("exports.manifest")
    said: answer.Manifest = plugin.manifest

    class Manifest:
        def describe(self) -> Any:
            return bound.Info(
                name=said.name or name,
                version=said.version or version,
                summary=said.summary,
                subscribes=list(said.subscribes),
                needs_data=said.needs_data,
                config_schema=answer.as_text(said.config_schema),
            )

        def configure(self, config_json: str) -> None:
            try:
                _settings(plugin, json.loads(config_json))
                # What is asked for after this cannot say what is wrong with it, so it is tried now.
                for name in ("types", "tools", "prompts", "resources", "templates"):
                    if hasattr(plugin, name):
                        listed(getattr(plugin, name))
            except (Problem, ValueError) as error:
                raise err(str(error)) from None
            except Exception as error:
                raise err(describe(error)) from None

    return Manifest


def _run(events: Any, one: Any, wrong: Any) -> Any:
    try:
        return batch.run(events.rows, events.arena, one, wrong)
    except Fault as fault:
        kind = types().Fault_Retry if fault.tag == "retry" else types().Fault_Broken
        raise err(kind(fault.why)) from None


def _problems(problems: list[Problem]) -> list[Any]:
    problem = types().Problem
    return [problem(one.at, one.detail) for one in problems]


def _output(output: answer.Output) -> Any:
    extensions = None if output.extensions is None else answer.pairs(output.extensions)
    return types().Output(output.type, output.subject, output.content_type, extensions, output.encoded())


def _filter(plugin: Any) -> type:
    bound = wit("exports.filter")
    verdicts = {"keep": bound.Verdict.KEEP, "drop": bound.Verdict.DROP, "reject": bound.Verdict.REJECT}

    def rejected(problems: list[Problem]) -> Any:
        for problem in problems:
            line("DEBUG", f"rejected: {problem.detail}", ("at", problem.at))
        return bound.Verdict.REJECT

    class Filter:
        def decide(self, events: Any) -> Any:
            return _run(events, lambda event: verdicts[answer.verdict(plugin.decide(event))], rejected)

    return Filter


def _transform(plugin: Any) -> type:
    bound = wit("exports.transform")

    def outcome(event: Any) -> Any:
        match answer.outcome(plugin.apply(event)):
            case "keep":
                return bound.Outcome_Keep()
            case "drop":
                return bound.Outcome_Drop()
            case answer.Emit(outputs):
                return bound.Outcome_Emit([_output(output) for output in outputs])
            case answer.Reject(problems):
                return bound.Outcome_Reject(_problems(problems))
            case answer.Retry(why):
                return bound.Outcome_Retry(why)

    class Transform:
        def apply(self, events: Any) -> Any:
            return _run(events, outcome, lambda problems: bound.Outcome_Reject(_problems(problems)))

    return Transform


def _event_types(plugin: Any) -> type:
    bound = wit("exports.event_types")

    def validity(event: Any) -> Any:
        match answer.validity(plugin.validate(event)):
            case answer.Normalised(output):
                return bound.Validity_Normalised(_output(output))
            case answer.Invalid(problems):
                return bound.Validity_Invalid(_problems(problems))
            case _:
                return bound.Validity_Valid()

    def shown(event: Any, target: str) -> str:
        if not hasattr(plugin, "render"):
            line = f"{event.type} {event.subject or event.id}"
            return escape_html(line) if target == "html" else line
        return str(answer.at_once("render", plugin.render(event, target)))

    class EventTypes:
        def types(self) -> Any:
            return [
                bound.EventType(one.name, one.version, one.summary, answer.as_text(one.schema), [answer.as_json(it).decode() for it in one.examples])
                for one in listed(plugin.types)
            ]

        def validate(self, events: Any) -> Any:
            return _run(events, validity, lambda problems: bound.Validity_Invalid(_problems(problems)))

        def render(self, events: Any, target: str) -> Any:
            return _run(events, lambda event: shown(event, "html" if target == "html" else "text"), lambda _: "")

    return EventTypes


def _view(plugin: Any) -> type:
    class View:
        def classify(self, who: Any) -> str:
            try:
                return answer.class_name(plugin.classify(calls.Subscriber(who.principal, who.claims, who.parameters)))
            except (Refusal, Problem, Problems) as error:
                raise err(str(error)) from None
            except Exception as error:
                log(error)
                raise err("the view failed; its log says why") from None

        def visible(self, class_: str, events: Any) -> Any:
            return _run(events, lambda event: answer.visibility(plugin.visible(class_, event)), lambda _: False)

    return View


def _webhook(plugin: Any) -> type:
    bound = wit("exports.webhook")

    def draft(one: calls.Draft) -> Any:
        extensions = answer.pairs(one.extensions)
        return bound.Draft(one.type, one.id, one.source, one.subject, one.time_ms, one.content_type, extensions, one.encoded())

    class Webhook:
        def receive(self, delivered: Any) -> Any:
            try:
                delivery = calls.Delivery(delivered.headers, delivered.query, delivered.body)
                said = answer.at_once("receive", plugin.receive(delivery)) or []
                return [draft(one) for one in ([said] if isinstance(said, calls.Draft) else said)]
            except Refusal as refusal:
                raise err(bound.Refusal(refusal.status, refusal.detail)) from None
            except (Problem, Problems) as problem:
                raise err(bound.Refusal(400, str(problem))) from None
            except Exception as error:
                log(error)
                raise

    return Webhook


def _wants(plugin: Any) -> type:
    class Wants:
        def http_hosts(self) -> list[str]:
            return listed(getattr(plugin, "http_hosts", []))

    return Wants


_KINDS = {
    "filter": _filter,
    "transform": _transform,
    "event-types": _event_types,
    "view": _view,
    "webhook": _webhook,
    "tools": offers.tools,
    "prompts": offers.prompts,
    "resources": offers.resources,
}
