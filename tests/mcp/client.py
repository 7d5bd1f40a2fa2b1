"""A client of MCP on the Python SDK, at an address: `auto` (2026-07-28), `legacy` (sessions) or `sse`. It says what it sees as
JSON lines, one for each step, and ends by itself. What it does is what client.mjs does."""

import json
import sys
from contextlib import AsyncExitStack

import anyio
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.subscriptions import ResourceUpdated, ToolsListChanged

KIND, URL = sys.argv[1:]
URI = "events://topic/order.*"


def say(**line):
    print(json.dumps(line), flush=True)


class Notices:
    """What the server tells without being asked."""

    def __init__(self):
        self.updated, self.tools, self.uri = anyio.Event(), anyio.Event(), None

    def take(self, uri):
        self.uri = uri
        self.updated.set()

    async def of_session(self, message):
        method = getattr(message, "method", None)
        if method == "notifications/resources/updated":
            self.take(str(message.params.uri))
        elif method == "notifications/tools/list_changed":
            self.tools.set()

    async def of_stream(self, stream):
        async for event in stream:
            if isinstance(event, ResourceUpdated):
                self.take(str(event.uri))
            elif isinstance(event, ToolsListChanged):
                self.tools.set()


async def names(client):
    return [tool.name for tool in (await client.list_tools()).tools]


async def cancel(client):
    with anyio.CancelScope() as scope:

        async def enough(*_):
            scope.cancel()

        await client.call_tool("simulate_progress", {"task_name": "Backup", "duration_seconds": 50}, progress_callback=enough)
    say(cancelled=scope.cancelled_caught)


async def main():
    notices = Notices()
    server = sse_client(URL) if KIND == "sse" else URL
    mode = "auto" if KIND == "auto" else "legacy"
    client = Client(server, mode=mode, message_handler=notices.of_session)
    async with client, anyio.create_task_group() as tasks:
        say(connected=client.server_info.name, revision=client.protocol_version)
        say(tools=await names(client))

        reports = []

        async def report(progress, total, _):
            reports.append([int(progress), int(total)])

        done = await client.call_tool("test_tool_with_progress", {}, progress_callback=report)
        say(progress=reports, text=done.content[0].text)
        wrong = await client.call_tool("simulate_progress", {"task_name": "Backup", "duration_seconds": 61})
        say(mistake=wrong.content[0].text, isError=wrong.is_error)
        await cancel(client)

        async with AsyncExitStack() as listening:
            if KIND == "auto":
                stream = client.listen(resource_subscriptions=[URI], tools_list_changed=True)
                tasks.start_soon(notices.of_stream, await listening.enter_async_context(stream))
            else:
                await client.subscribe_resource(URI)
            await client.call_tool("publish_event", {"type": "order.created", "data": {"id": 7}})
            await notices.updated.wait()
            read = await client.read_resource(notices.uri)
            events = json.loads(read.contents[0].text)["events"]
            say(updated=notices.uri, events=[event["event"]["data"] for event in events])

            # Now a plugin is dropped into the directory.
            before = set(await names(client))
            say(waiting=True)
            await notices.tools.wait()
            say(appeared=[name for name in await names(client) if name not in before])
            tasks.cancel_scope.cancel()
    say(ended=True)


anyio.run(main)
