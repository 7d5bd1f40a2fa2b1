"""A program as a document has it, unchanged but for the server's address; what it prints goes out line by line.

    python documented_python.py <program> <address in the program> <address of the server> [<function to call>]
"""

import sys

path, old, new, *call = sys.argv[1:]
sys.stdout.reconfigure(line_buffering=True)
with open(path, encoding="utf-8") as file:
    text = file.read()
if old not in text:
    sys.exit(f"{path} does not have the address {old}")
scope = {"__name__": "__main__"}
exec(compile(text.replace(old, new), path, "exec"), scope)
for name in call:
    scope[name]()
