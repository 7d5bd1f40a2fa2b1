// A program for browsers as a document has it, unchanged but for the server's address, in Chromium: what it prints, one JSON
// line each, until somebody ends the process.
//
//   node documented_browser.mjs <program> <address in the program> <address of the server> <page> [<function>...]
//
// The page is one of the server's, or `elsewhere`: a page of another origin. Functions that the program calls and does not
// have print `{"call": name, "with": [...]}`; what goes to the console prints `{"log": [...]}` or `{"error": "..."}`.
// CHROMIUM names another browser than /usr/bin/chromium.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const [file, from, to, where, ...functions] = process.argv.slice(2);
if (!where) {
  console.error("usage: node documented_browser.mjs <program> <address in it> <address of the server> <page> [<function>...]");
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

const page = await browser.newPage();
await page.exposeFunction("say", (line) => process.stdout.write(`${line}\n`));
page.on("pageerror", (error) => process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`));
// Chromium lets pages of this machine, and no others, ask this machine.
const elsewhere = createServer((_, answer) => answer.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>"));
await new Promise((listens) => elsewhere.listen(0, "127.0.0.1", listens));
const target = where === "elsewhere" ? `http://127.0.0.1:${elsewhere.address().port}/` : where;
await page.goto(target, { timeout: 60_000 });
await page.evaluate((functions) => {
  // One after the other, whatever the way out of the page does.
  let said = Promise.resolve();
  const say = (line) => (said = said.then(() => window.say(JSON.stringify(line))));
  console.log = (...values) => say({ log: values });
  console.error = (...values) => say({ error: values.map((value) => value?.message ?? String(value)).join(" ") });
  console.warn = console.error;
  for (const name of functions) window[name] = (...values) => say({ call: name, with: values });
}, functions);
const text = readFileSync(file, "utf8");
if (!text.includes(from)) throw new Error(`${file} does not have the address ${from}`);
// In the page's own scope: variables of the program are the page's.
await page.addScriptTag({ content: text.replaceAll(from, to) });
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
