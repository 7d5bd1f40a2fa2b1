// A program for Node.js as a document has it, unchanged but for the server's address: what it prints, one JSON line each,
// until somebody ends the process.
//
//   node documented_node.mjs <program> <2|4|5> <address in the program> <address of the server>
//
// The number is the version of the npm package `eventsource` that the program gets: 2 has a default export, 4 and 5 a named
// one. `{"log": [...]}` for what goes to the console, `{"error": "..."}` for errors there.
import { readFileSync } from "node:fs";
import { register } from "node:module";

const [file, version, from, to] = process.argv.slice(2);
if (!to) {
  console.error("usage: node documented_node.mjs <program> <2|4|5> <address in it> <address of the server>");
  process.exit(2);
}
const name = { 2: "eventsource-2", 4: "eventsource-4", 5: "eventsource" }[version];
const hooks = `export const resolve = (specifier, context, next) => specifier === "eventsource"
  ? next(${JSON.stringify(name)}, { ...context, parentURL: ${JSON.stringify(import.meta.url)} }) : next(specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
console.log = (...values) => say({ log: values });
console.error = (...values) => say({ error: values.map((value) => value?.message ?? String(value)).join(" ") });
console.warn = console.error;
// The package does not keep a process alive while it waits to reconnect; whatever else a program does would.
setInterval(() => {}, 60_000);

const text = readFileSync(file, "utf8");
if (!text.includes(from)) throw new Error(`${file} does not have the address ${from}`);
await import(`data:text/javascript,${encodeURIComponent(text.replaceAll(from, to))}`);
