"""Owns the component boundary: the contract's calls, answered by an author's module. The build makes the module that calls this.

Knows the generated bindings (`wit_world`), which exist only where a component is made.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

from . import answer, batch, calls
from .failure import Fault, Problem, Problems, Refusal, UnknownTool
from .stack import describe, name as named

_NEEDS = {
    "filter": ["decide"],
    "transform": ["apply"],
    "event-types": ["types", "validate"],
    "view": ["classify", "visible"],
    "webhook": ["receive"],
    "tools": ["tools", "call"],
}


def component(plugin: Any, *, name: str, version: str, kinds: list[str]) -> dict[str, type]:
    """The classes of a component from an author's module. Raises, while it is built, what the author has to add."""
    if not isinstance(getattr(plugin, "manifest", None), answer.Manifest):
        raise TypeError('manifest = Manifest(summary="What the plugin does") is missing')
    for kind in kinds:
        missing = next((needed for needed in _NEEDS[kind] if not hasattr(plugin, needed)), None)
        if missing:
            raise TypeError(f"a plugin of kind {kind} has `{missing}`, which is missing")
    classes: dict[str, type] = {"Manifest": _manifest(plugin, name, version)}
    for kind in kinds:
        made = _KINDS[kind](plugin)
        classes[made.__name__] = made
    return classes


def _wit(path: str) -> Any:
    return importlib.import_module(f"wit_world.{path}")


def _err(value: Any) -> Exception:
    error: Exception = importlib.import_module("componentize_py_types").Err(value)
    return error


def _log(error: BaseException) -> None:
    """What is not told to whoever asked goes to the log."""
    log = _wit("imports.log")
    log.log(log.Level.ERROR, describe(error), [])


def _listed(given: Any) -> list[Any]:
    return list(given() if callable(given) else given)


def _settings(plugin: Any, config: Any) -> None:
    """Hands settings over. What a plugin has no place for is refused, not forgotten."""
    if hasattr(plugin, "configure"):
        answer.at_once("configure", plugin.configure(config))
    elif config:
        raise ValueError(f"config: unknown setting {json.dumps(next(iter(config)), ensure_ascii=False)}; this plugin has none")


def _manifest(plugin: Any, name: str, version: str) -> type:
    wit = _wit("exports.manifest")
    said: answer.Manifest = plugin.manifest

    class Manifest:
        def describe(self) -> Any:
            return wit.Info(
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
                for listed in ("types", "tools"):
                    if hasattr(plugin, listed):
                        _listed(getattr(plugin, listed))
            except (Problem, ValueError) as error:
                raise _err(str(error)) from None
            except Exception as error:
                raise _err(describe(error)) from None

    return Manifest


def _run(events: Any, one: Any, wrong: Any) -> Any:
    try:
        return batch.run(events.rows, events.arena, one, wrong)
    except Fault as fault:
        wit = _wit("imports.types")
        raise _err((wit.Fault_Retry if fault.tag == "retry" else wit.Fault_Broken)(fault.why)) from None


def _problems(problems: list[Problem]) -> list[Any]:
    problem = _wit("imports.types").Problem
    return [problem(one.at, one.detail) for one in problems]


def _output(output: answer.Output) -> Any:
    extensions = None if output.extensions is None else answer.pairs(output.extensions)
    return _wit("imports.types").Output(output.type, output.subject, output.content_type, extensions, output.encoded())


def _filter(plugin: Any) -> type:
    wit = _wit("exports.filter")
    log = _wit("imports.log")
    verdicts = {"keep": wit.Verdict.KEEP, "drop": wit.Verdict.DROP, "reject": wit.Verdict.REJECT}

    def rejected(problems: list[Problem]) -> Any:
        for problem in problems:
            log.log(log.Level.DEBUG, f"rejected: {problem.detail}", [("at", problem.at)])
        return wit.Verdict.REJECT

    class Filter:
        def decide(self, events: Any) -> Any:
            return _run(events, lambda event: verdicts[answer.verdict(plugin.decide(event))], rejected)

    return Filter


def _transform(plugin: Any) -> type:
    wit = _wit("exports.transform")

    def outcome(event: Any) -> Any:
        match answer.outcome(plugin.apply(event)):
            case "keep":
                return wit.Outcome_Keep()
            case "drop":
                return wit.Outcome_Drop()
            case answer.Emit(outputs):
                return wit.Outcome_Emit([_output(output) for output in outputs])
            case answer.Reject(problems):
                return wit.Outcome_Reject(_problems(problems))
            case answer.Retry(why):
                return wit.Outcome_Retry(why)

    class Transform:
        def apply(self, events: Any) -> Any:
            return _run(events, outcome, lambda problems: wit.Outcome_Reject(_problems(problems)))

    return Transform


def _event_types(plugin: Any) -> type:
    wit = _wit("exports.event_types")

    def validity(event: Any) -> Any:
        match answer.validity(plugin.validate(event)):
            case answer.Normalised(output):
                return wit.Validity_Normalised(_output(output))
            case answer.Invalid(problems):
                return wit.Validity_Invalid(_problems(problems))
            case _:
                return wit.Validity_Valid()

    def shown(event: Any, target: str) -> str:
        if not hasattr(plugin, "render"):
            return f"{event.type} {event.subject or event.id}"
        return str(answer.at_once("render", plugin.render(event, target)))

    class EventTypes:
        def types(self) -> Any:
            return [
                wit.EventType(one.name, one.version, one.summary, answer.as_text(one.schema), [answer.as_json(it).decode() for it in one.examples])
                for one in _listed(plugin.types)
            ]

        def validate(self, events: Any) -> Any:
            return _run(events, validity, lambda problems: wit.Validity_Invalid(_problems(problems)))

        def render(self, events: Any, target: str) -> Any:
            return _run(events, lambda event: shown(event, "html" if target == "html" else "text"), lambda _: "")

    return EventTypes


def _view(plugin: Any) -> type:
    class View:
        def classify(self, who: Any) -> str:
            try:
                return answer.class_name(plugin.classify(calls.Subscriber(who.principal, who.claims, who.parameters)))
            except (Refusal, Problem, Problems) as error:
                raise _err(str(error)) from None
            except Exception as error:
                _log(error)
                raise _err("the view failed; its log says why") from None

        def visible(self, class_: str, events: Any) -> Any:
            return _run(events, lambda event: answer.visibility(plugin.visible(class_, event)), lambda _: False)

    return View


def _webhook(plugin: Any) -> type:
    wit = _wit("exports.webhook")

    def draft(one: calls.Draft) -> Any:
        extensions = answer.pairs(one.extensions)
        return wit.Draft(one.type, one.id, one.source, one.subject, one.time_ms, one.content_type, extensions, one.encoded())

    class Webhook:
        def receive(self, delivered: Any) -> Any:
            try:
                delivery = calls.Delivery(delivered.headers, delivered.query, delivered.body)
                said = answer.at_once("receive", plugin.receive(delivery)) or []
                return [draft(one) for one in ([said] if isinstance(said, calls.Draft) else said)]
            except Refusal as refusal:
                raise _err(wit.Refusal(refusal.status, refusal.detail)) from None
            except (Problem, Problems) as problem:
                raise _err(wit.Refusal(400, str(problem))) from None
            except Exception as error:
                _log(error)
                raise

    return Webhook


def _tools(plugin: Any) -> type:
    wit = _wit("exports.tools")
    content = _wit("imports.content")
    names = {"read_only": wit.Hints.READ_ONLY, "destructive": wit.Hints.DESTRUCTIVE, "idempotent": wit.Hints.IDEMPOTENT, "open_world": wit.Hints.OPEN_WORLD}

    def tool(one: calls.Tool) -> Any:
        hints = wit.Hints(0)
        for name, flag in names.items():
            hints |= flag if getattr(one.hints, name) else wit.Hints(0)
        schemas = answer.as_text(one.input_schema), answer.as_text(one.output_schema)
        return wit.Tool(one.name, one.title, one.description, *schemas, one.permission, hints)

    def outcome(said: Any) -> Any:
        said = calls.told(said)
        if said.ask:
            asked = [content.InputRequest(one.name, one.method, json.dumps(one.params)) for one in said.ask]
            return wit.Outcome_InputRequired(content.InputRequired(asked, said.state))
        told = said.error if said.error is not None else said.text
        parts = [] if told is None else [content.Part_Text(told)]
        parts += [content.Part_Image(content.Media(data, media_type)) for data, media_type in said.images]
        structured = None if said.structured is answer._UNSET else answer.as_json(said.structured).decode()
        return wit.Outcome_Complete(wit.ToolResult(parts, structured, said.error is not None))

    class Tools:
        def tools(self) -> Any:
            return [tool(one) for one in _listed(plugin.tools)]

        def call(self, invoked: Any) -> Any:
            responses = {response.name: json.loads(response.result_json) for response in invoked.responses}
            call = calls.Call(
                invoked.name, json.loads(invoked.arguments_json), caller=invoked.caller, accepted=invoked.accepts,
                responses=responses, state=invoked.state,
            )  # fmt: skip
            try:
                return outcome(plugin.call(call))
            except UnknownTool:
                raise _err(wit.Failure_UnknownTool()) from None
            except (Problem, Problems) as problem:
                raise _err(wit.Failure_InvalidArguments(str(problem))) from None
            except Exception as error:
                _log(error)
                raise _err(wit.Failure_Failed(named(error))) from None

    return Tools


_KINDS = {
    "filter": _filter,
    "transform": _transform,
    "event-types": _event_types,
    "view": _view,
    "webhook": _webhook,
    "tools": _tools,
}
