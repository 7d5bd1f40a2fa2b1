"""Owns the classes of a component for clients: tools, prompts, resources, and what values may be meant."""

from __future__ import annotations

import json
from typing import Any

from . import answer, clients
from .bindings import err, listed, log, wit
from .failure import NotFound, Problem, Problems, UnknownPrompt, UnknownTool
from .stack import name as named


def tools(plugin: Any) -> type:
    bound = wit("exports.tools")
    flags = bound.Hints
    names = {"read_only": flags.READ_ONLY, "destructive": flags.DESTRUCTIVE, "idempotent": flags.IDEMPOTENT, "open_world": flags.OPEN_WORLD}

    def tool(one: clients.Tool) -> Any:
        hints = flags(0)
        for name, flag in names.items():
            hints |= flag if getattr(one.hints, name) else flags(0)
        schemas = answer.as_text(one.input_schema), answer.as_text(one.output_schema)
        return bound.Tool(one.name, one.title, one.description, *schemas, one.permission, hints)

    def outcome(said: Any) -> Any:
        said = clients.told(said)
        if said.ask:
            return bound.Outcome_InputRequired(_input_required(said))
        told = said.error if said.error is not None else said.text
        parts = [_part(part) for part in ([] if told is None else [told]) + [*said.content]]
        structured = None if said.structured is answer._UNSET else answer.as_json(said.structured).decode()
        return bound.Outcome_Complete(bound.ToolResult(parts, structured, said.error is not None))

    class Tools:
        def tools(self) -> Any:
            return [tool(one) for one in listed(plugin.tools)]

        def call(self, invoked: Any) -> Any:
            try:
                return outcome(plugin.call(clients.Call(invoked.name, json.loads(invoked.arguments_json), **_asked(invoked))))
            except UnknownTool:
                raise err(bound.Failure_UnknownTool()) from None
            except Exception as error:
                raise _failure(bound, error) from None

    return Tools


def prompts(plugin: Any) -> type:
    bound = wit("exports.prompts")
    roles = {"user": bound.Role.USER, "assistant": bound.Role.ASSISTANT}

    def prompt(one: clients.Prompt) -> Any:
        arguments = [bound.Argument(own.name, own.description, own.required) for own in one.arguments]
        return bound.Prompt(one.name, one.title, one.description, arguments, one.permission)

    def message(one: clients.Message | str) -> Any:
        one = clients.Message(one) if isinstance(one, str) else one
        return bound.Message(roles[one.role], _part(one.content))

    def outcome(said: Any) -> Any:
        said = clients.filled(said)
        if said.ask:
            return bound.Outcome_InputRequired(_input_required(said))
        return bound.Outcome_Complete(bound.Filled(said.description, [message(one) for one in said.messages]))

    class Prompts:
        def prompts(self) -> Any:
            return [prompt(one) for one in listed(plugin.prompts)]

        def get(self, asked: Any) -> Any:
            try:
                return outcome(plugin.get(clients.PromptRequest(asked.name, dict(asked.arguments), **_asked(asked))))
            except UnknownPrompt:
                raise err(bound.Failure_UnknownPrompt()) from None
            except Exception as error:
                raise _failure(bound, error) from None

    return Prompts


def resources(plugin: Any) -> type:
    bound = wit("exports.resources")

    def about(one: clients.Resource | clients.ResourceTemplate) -> Any:
        return bound.About(one.name, one.title, one.description, one.media_type, one.permission)

    class Resources:
        def resources(self) -> Any:
            return [bound.Entry(one.uri, about(one)) for one in listed(plugin.resources)]

        def templates(self) -> Any:
            return [bound.Template(one.uri_template, about(one)) for one in listed(getattr(plugin, "templates", []))]

        def read(self, uri: str, caller: str | None) -> Any:
            try:
                return [_content(one, uri) for one in clients.contents(plugin.read(uri, caller))]
            except NotFound:
                raise err(bound.Failure_NotFound()) from None
            except Exception as error:
                raise err(bound.Failure_Failed(_reason(error))) from None

    return Resources


def completions(plugin: Any) -> type:
    class Completions:
        def complete(self, asked: Any) -> Any:
            bound = wit("exports.completions")
            if not hasattr(plugin, "complete"):
                return bound.Suggestions([], None, False)
            kind = "prompt" if isinstance(asked.subject, bound.Subject_Prompt) else "template"
            subject = {kind: asked.subject.value}
            try:
                question = clients.Question(asked.argument, asked.value, others=dict(asked.others), **subject)
                said = clients.meant(plugin.complete(question))
                return bound.Suggestions(list(said.values), said.total, said.more)
            except Exception as error:
                raise err(_reason(error)) from None

    return Completions


def _asked(given: Any) -> dict[str, Any]:
    responses = {response.name: json.loads(response.result_json) for response in given.responses}
    return {"caller": given.caller, "accepted": given.accepts, "responses": responses, "state": given.state}


def _input_required(said: clients.Answer | clients.PromptAnswer) -> Any:
    content = wit("imports.content")
    asked = [content.InputRequest(one.name, one.method, json.dumps(one.params)) for one in said.ask]
    return content.InputRequired(asked, said.state)


def _part(part: clients.Part) -> Any:
    content = wit("imports.content")
    match part:
        case clients.Image(data, media_type):
            return content.Part_Image(content.Media(data, media_type))
        case clients.Audio(data, media_type):
            return content.Part_Audio(content.Media(data, media_type))
        case clients.Link(uri, name, media_type):
            return content.Part_Link(content.ResourceLink(uri, name, media_type))
        case clients.Content():
            return content.Part_Embedded(_content(part, None))
        case _:
            return content.Part_Text(part)


def _content(one: clients.Content, asked: str | None) -> Any:
    content = wit("imports.content")
    uri, media_type = one.uri or asked, one.media_type
    answer.apart("a Content has", one, "data", ("text", "json"))
    answer.apart("a Content has", one, "text", ("json",))
    if uri is None:
        raise TypeError("a Content within an answer has no `uri`; say which")
    if one.data is not None:
        body = content.ResourceBody_Blob(one.data)
    elif one.text is not None:
        body = content.ResourceBody_Text(one.text)
    elif one.json is answer._UNSET:
        raise TypeError("a Content has none of `text`, `data` and `json`")
    else:
        body, media_type = content.ResourceBody_Text(answer.as_json(one.json).decode()), media_type or "application/json"
    return content.ResourceContent(uri, media_type, body)


def _failure(bound: Any, error: Exception) -> Exception:
    if isinstance(error, (Problem, Problems)):
        return err(bound.Failure_InvalidArguments(str(error)))
    return err(bound.Failure_Failed(_reason(error)))


def _reason(error: Exception) -> str:
    """What a person is told; the rest of an unexpected exception goes to the log."""
    if isinstance(error, (Problem, Problems)):
        return str(error)
    log(error)
    return named(error)
