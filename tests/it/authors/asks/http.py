"""Sends a request for each event, and says what came of it."""

from tidemill_sdk import Manifest, Output, emit, http

manifest = Manifest(summary="Sends requests", subscribes=["send"])
http_hosts = ["http://wanted.test"]


def apply(event):
    asked = {"method": "GET", **event.json()}
    length = asked.pop("length", None)
    headers = {"x-mine": "yes"} | ({"Content-Length": length} if length else {})
    try:
        answer = http.send(**asked, headers=headers, timeout_ms=200)
    except http.HttpError as error:
        return emit(Output(json={"error": str(error)}))
    return emit(Output(json={"status": answer.status, "served": answer.header("X-Served"), "body": answer.text()}))
