// Chromium's own `EventSource` as a subscriber: what it sees, one JSON line each, until somebody ends the process.
//
//   node browser_eventsource.mjs <url> <event name>...
//
// `{"open": n}` at the n-th connection, `{"event", "id", "data"}` for each event of one of the names. Reconnecting and
// `Last-Event-ID` are the browser's own business. CHROMIUM names another browser than /usr/bin/chromium.
import { chromium } from "playwright-core";

const [url, ...names] = process.argv.slice(2);
if (!url || names.length === 0) {
  console.error("usage: node browser_eventsource.mjs <url> <event name>...");
  process.exit(2);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // It talks to the host on this machine and to nobody else.
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
// Whoever reads the lines is gone: so is the browser.
process.stdout.on("error", () => browser.close().finally(() => process.exit()));
process.on("SIGTERM", () => browser.close().finally(() => process.exit()));

// Certificates of tests are made on the spot.
const page = await browser.newPage({ ignoreHTTPSErrors: true });
page.on("pageerror", (error) => console.error(`page: ${error}`));
await page.exposeFunction("say", (line) => process.stdout.write(`${line}\n`));
// Any page of the same origin.
await page.goto(new URL("/livez", url).href, { timeout: 60_000 });
await page.evaluate(([url, names]) => {
  // One after the other, whatever the way out of the page does.
  let said = Promise.resolve();
  const say = (line) => (said = said.then(() => window.say(JSON.stringify(line))));
  let opened = 0;
  const source = new EventSource(url);
  source.onopen = () => say({ open: ++opened });
  for (const name of names) {
    source.addEventListener(name, ({ type, lastEventId, data }) => say({ event: type, id: lastEventId, data }));
  }
}, [url, names]);
