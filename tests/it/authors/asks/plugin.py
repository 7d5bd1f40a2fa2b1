"""Asks the host for everything that it offers, and says what came of it."""

from tidemill_sdk import Answer, Content, Hints, Image, InputRequest, Link, Manifest, Output, Tool, UnknownTool, emit
from tidemill_sdk import bus, log, meter, server, state
from tidemill_sdk import call as client
from tidemill_sdk.calls import Draft

manifest = Manifest(summary="Asks the host for everything", subscribes=["ask.*"])

tools = [Tool("work", "Works for a while"), Tool("greet", "Asks for a name", hints=Hints(read_only=True))]


def apply(event):
    asks = {"ask.state": ask_state, "ask.bus": ask_bus, "ask.log": ask_log}
    return emit(Output(json=asks[event.type]()))


def why(write):
    """What becomes of a call that may be refused."""
    try:
        write()
    except (state.WriteError, bus.PublishError) as error:
        return str(error)
    return "written"


def ask_state():
    said = {"sum": state.increment("zähler"), "empty": why(lambda: state.put("leer", b""))}
    empty = state.get("leer")
    said["emptyThere"] = empty is not None and empty.value == b""
    said["nothing"] = state.get("nichts") is not None
    large = "x" * (1 << 20)
    said["large"] = why(lambda: state.put("groß", large))
    said["tooLarge"] = why(lambda: state.put("größer", large + "x"))
    said["largeSize"] = len(state.get("groß").value)
    said["noKey"] = why(lambda: state.put("", "x"))
    try:
        state.put("leer", "y", if_version=0)
    except state.WriteError as error:
        said["stale"] = str(error)
        said["staleVersion"] = error.reason == "stale" and error.current.version == empty.version
    said["newer"] = state.put("leer", "y", if_version=empty.version) > empty.version
    said["noNumber"] = why(lambda: state.increment("leer"))
    state.put("kurz", "z", ttl_ms=3_600_000)
    short, nothing = state.get_many(["kurz", "nichts"])
    said["many"] = short.text() == "z" and nothing is None
    said["window"] = state.increment("fenster", 5, ttl_ms=3_600_000)
    state.delete("fenster")
    keys = state.keys("", "kurz", 10)
    said["keys"] = len(keys)
    said["lines"] = "".join(f"{key}\n" for key in keys)
    said["deleted"] = state.delete("groß")
    said["deletedAgain"] = state.delete("groß")
    return said


def publish(type):
    text = Draft(
        type, id="a-1", subject="é", source="/plugins/asks/here", content_type="text/plain", extensions={"origin": "the test"}, data="Zoë"
    )
    return why(lambda: bus.publish(text, Draft(type, json={"plain": True})))


def ask_bus():
    refused = publish("other.high")
    return {"published": publish("alert.high") == "written", "refused": refused != "written", "why": refused}


def ask_log():
    log.warn("gezählt", größe="", by="alice")
    meter.add("counted", 2)
    meter.record("size", 0.5)
    return {"logged": True}


def call(invoked):
    if invoked.name == "work":
        return work()
    if invoked.name == "greet":
        return greet(invoked)
    raise UnknownTool


def work():
    client.progress(1, 2, "half")
    client.progress(2)
    client.changed("resources")
    client.updated("asks://1")
    client.sleep(60)
    structured = {
        "slept": not client.cancelled(),
        "published": publish("alert.tool") == "written",
        "streams": server.streams(),
        "nowhere": server.streams("/nowhere") is not None,
    }
    content = [Image(b"\x01\x02", "image/png"), Link("asks://1", "One"), Content(text="two", uri="asks://2", media_type="text/plain")]
    return Answer("done", structured=structured, content=content)


def greet(invoked):
    answer = invoked.response("who")
    if answer is not None:
        return f"{invoked.state} {answer['content']['name']}"
    if not invoked.accepts("elicitation/create"):
        return Answer(error="nobody can be asked")
    schema = {"type": "object", "properties": {}}
    asked = InputRequest("who", "elicitation/create", {"message": "Who?", "requestedSchema": schema})
    return Answer(ask=[asked], state="höflich")
