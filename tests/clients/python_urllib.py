"""A subscriber of some forty lines: Python and nothing else.

    python3 python_urllib.py <url>

Prints `{"open": n}` at the n-th connection and `{"event", "id", "data"}` for each event, one JSON line each. It
reconnects as the specification says: after the server's `retry:`, with the last `id:` as `Last-Event-ID`.
"""

import http.client
import json
import sys
import time
import urllib.request


def blocks(lines):
    """The fields of each block, which an empty line ends; one that the connection cuts is nothing."""
    block = {}
    for raw in lines:
        line = raw.decode().rstrip("\r\n")
        if not line:
            yield block
            block = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            block[name] = f"{block[name]}\n{value}" if name == "data" and name in block else value


def say(line):
    print(json.dumps(line), flush=True)


def main(url):
    retry, last_id, opened = 1.0, None, 0
    # Directly, whatever proxy the environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        request = urllib.request.Request(url, headers={"Accept": "text/event-stream"})
        if last_id is not None:
            request.add_header("Last-Event-ID", last_id)
        try:
            with opener.open(request, timeout=60) as stream:
                opened += 1
                say({"open": opened})
                for block in blocks(stream):
                    retry = int(block.get("retry", retry * 1000)) / 1000
                    last_id = block.get("id", last_id)
                    if "data" in block:
                        say({"event": block.get("event", "message"), "id": last_id, "data": block["data"]})
        except (OSError, http.client.HTTPException) as error:
            print(f"connection: {error}", file=sys.stderr)
        time.sleep(retry)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 python_urllib.py <url>")
    main(sys.argv[1])
