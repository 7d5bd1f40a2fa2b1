// Chromium as a subscriber: the dashboard page and a plain `EventSource` beside it, in the same tab.
//
//   node browser.mjs <base url> <screenshot.png> <number of events> <event name>...
//
// Prints `{"ready": true}` when both listen, then waits for that many events of these names in both, and prints
// `{"raw": [{event, id, data}], "opened", "shown": [type], "plugins": [name], "errors": []}`. CHROMIUM names another
// browser than /usr/bin/chromium.
import { chromium } from "playwright-core";

const [base, screenshot, wanted, ...names] = process.argv.slice(2);
if (names.length === 0) {
  console.error("usage: node browser.mjs <base url> <screenshot.png> <number of events> <event name>...");
  process.exit(2);
}
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const patience = { timeout: 60_000 };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // It talks to the host on this machine and to nobody else.
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(base, patience);
  await page.waitForSelector("#status[data-state=open]", patience);
  await page.evaluate((names) => {
    window.seen = { raw: [], opened: 0 };
    const types = encodeURIComponent([...new Set(names)].join(","));
    const source = new EventSource(`/events?types=${types}&envelope=cloudevents`);
    source.onopen = () => (window.seen.opened += 1);
    for (const name of new Set(names)) {
      source.addEventListener(name, ({ type, lastEventId, data }) => window.seen.raw.push({ event: type, id: lastEventId, data }));
    }
  }, names);
  await page.waitForFunction(() => window.seen.opened > 0, null, patience);
  say({ ready: true });

  const shown = (names) => [...document.querySelectorAll("#events .type")]
    .map((type) => type.firstChild.textContent).filter((type) => names.includes(type)).reverse();
  await page.waitForFunction(([count]) => window.seen.raw.length >= count, [Number(wanted)], patience);
  await page.waitForFunction(([names, count]) => [...document.querySelectorAll("#events .type")]
    .filter((type) => names.includes(type.firstChild.textContent)).length >= count, [names, Number(wanted)], patience);
  await page.waitForSelector("#plugins li .state", patience);
  await page.screenshot({ path: screenshot });
  say({
    ...(await page.evaluate(() => window.seen)),
    shown: await page.evaluate(`(${shown})(${JSON.stringify(names)})`),
    plugins: await page.$$eval("#plugins li strong", (all) => all.map((one) => one.textContent)),
    errors,
  });
} finally {
  await browser.close();
}
