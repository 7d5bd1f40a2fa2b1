// The npm package `eventsource` as a subscriber: what it sees, one JSON line each, until somebody ends the process.
//
//   node node_eventsource.mjs <url> <event name>...
//
// `{"open": n}` at the n-th connection, `{"event", "id", "data"}` for each event of one of the names. Reconnecting and
// `Last-Event-ID` are the package's own business.
import { EventSource } from "eventsource";

const [url, ...names] = process.argv.slice(2);
if (!url || names.length === 0) {
  console.error("usage: node node_eventsource.mjs <url> <event name>...");
  process.exit(2);
}
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// The package does not keep a process alive while it waits to reconnect; whatever else a service does would.
setInterval(() => {}, 60_000);

let opened = 0;
const source = new EventSource(url);
source.addEventListener("open", () => say({ open: ++opened }));
source.addEventListener("error", (error) => console.error(`connection: ${error.message ?? "lost"}`));
for (const name of names) {
  source.addEventListener(name, ({ type, lastEventId, data }) => say({ event: type, id: lastEventId, data }));
}
