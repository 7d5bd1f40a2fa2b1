"""The Python SDK of MCP as a client: it stays connected and calls tools, as it is told on standard input.

    python mcp_client.py <url>

One `{"name", "arguments"}` in each line. `{"ready": tools}` when it is connected, and for each call
`{"progress": [...], "result"}`.
"""

import asyncio
import json
import sys

from mcp import Client


def say(line):
    print(json.dumps(line), flush=True)


async def main(url):
    async with Client(url) as client:
        tools = (await client.list_tools()).tools
        say({"ready": [tool.name for tool in tools]})
        while line := await asyncio.to_thread(sys.stdin.readline):
            progress = []

            async def heard(done, total, message):
                progress.append(done)

            call = json.loads(line)
            result = await client.call_tool(call["name"], call["arguments"], progress_callback=heard)
            say({"progress": progress, "result": json.loads(result.model_dump_json(by_alias=True))})


asyncio.run(main(sys.argv[1]))
