import json
import requests


def watch():
    """Prints what builds say until the feed ends."""
    with requests.get("http://127.0.0.1:4280/api/builds/live", stream=True) as feed:
        kind = None
        for line in feed.iter_lines(decode_unicode=True):
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                said = json.loads(line[6:])
                if kind == "ready":
                    print(f"watching, {said['watchers']} in all", flush=True)
                elif kind == "line":
                    print(f"#{said['b']}:{said['ln']} [{said['lvl']}] {said['txt']}", flush=True)
                elif kind == "verdict":
                    print(f"#{said['b']} {'passed' if said['ok'] else 'failed'} after {said['secs']} s", flush=True)
