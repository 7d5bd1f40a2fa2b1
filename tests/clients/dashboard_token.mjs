// Chromium as somebody who looks at a dashboard that wants a token.
//
//   node dashboard_token.mjs <base url> <token> <screenshot.png> <number of events>...
//
// Prints what the page says before anybody signed in, to a wrong token and to the right one, as `{"first", "wrong"}` and
// `{"right"}`; then for each number, once as many events are shown, their data in order and all addresses that had the token
// in them, as `{"shown", "leaked"}`. CHROMIUM names another browser than
// /usr/bin/chromium.
import { chromium } from "playwright-core";

const [base, token, screenshot, ...counts] = process.argv.slice(2);
if (counts.length === 0) {
  console.error("usage: node dashboard_token.mjs <base url> <token> <screenshot.png> <number of events>...");
  process.exit(2);
}
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const patience = { timeout: 60_000 };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const requested = [];
  page.on("request", (request) => requested.push(request.url()));
  await page.goto(base, patience);
  const look = async (state) => {
    await page.waitForSelector(`#status[data-state=${state}]`, patience);
    return { status: await page.textContent("#status"), form: await page.getAttribute("#session", "data-state") };
  };
  const first = await look("closed");
  const signIn = async (given) => {
    await page.fill("#token", given);
    await page.click("#sign");
  };
  await signIn("wrong");
  await page.waitForFunction(() => document.getElementById("status").textContent === "the token is not accepted", null, patience);
  say({ first, wrong: await look("closed") });
  await signIn(token);
  say({ right: await look("open") });
  for (const count of counts.map(Number)) {
    await page.waitForFunction((count) => document.querySelectorAll("#events li").length >= count, count, patience);
    await page.screenshot({ path: screenshot });
    const shown = await page.$$eval("#events .data", (all) => all.map((one) => one.textContent).reverse());
    say({ shown, leaked: requested.filter((url) => url.includes(token)) });
  }
} finally {
  await browser.close();
}
