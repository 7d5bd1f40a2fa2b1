// A page in Chromium, on which one thing after the other comes true; then a picture of it.
//
//   node page.mjs <url> <screenshot.png> <expression>...
//
// Prints `{"held": "<expression>"}` when an expression is true in the page, and asks for the next then; at last
// `{"errors": [...]}` with what the page complained of. CHROMIUM names another browser than /usr/bin/chromium.
import { chromium } from "playwright-core";

const [url, screenshot, ...expressions] = process.argv.slice(2);
if (expressions.length === 0) {
  console.error("usage: node page.mjs <url> <screenshot.png> <expression>...");
  process.exit(2);
}
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // It talks to the host on this machine and to nobody else.
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
// Whoever reads the lines is gone: so is the browser.
process.stdout.on("error", () => browser.close().finally(() => process.exit()));
process.on("SIGTERM", () => browser.close().finally(() => process.exit()));
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 800 } });
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(url, { timeout: 60_000 });
  for (const expression of expressions) {
    while (!(await page.evaluate(expression))) await new Promise((later) => setTimeout(later, 50));
    say({ held: expression });
  }
  await page.screenshot({ path: screenshot });
  say({ errors });
} finally {
  await browser.close();
}
