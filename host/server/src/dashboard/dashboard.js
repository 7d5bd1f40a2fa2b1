// The page's behaviour: one EventSource, a bounded list of events, the plugins. Everything that comes from events or
// plugins is shown as text.
import { ask, isSignedIn, signIn, signOut, ticket } from "./session.js";

const SHOWN_MAX = 200;
const ASKED_MAX = 4;
// Milliseconds before the page asks for another ticket, at first and at most.
const PAUSE_MIN = 1_000;
const PAUSE_MAX = 30_000;
const element = (id) => document.getElementById(id);
const make = (tag, className, text) => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
};

let source = null;
let paused = false;
let count = 0;
let lastCount = 0;
let asked = 0;
let position = null;
let attempt = 0;
let pause = PAUSE_MIN;

function status(state, text) {
  element("status").dataset.state = state;
  element("status").textContent = text;
}

// A stream from here on, or after a position.
async function connect(types, since) {
  source?.close();
  const own = ++attempt;
  status("connecting", since ? "reconnecting" : "connecting");
  const query = new URLSearchParams({ envelope: "cloudevents", framing: "message" });
  if (types) query.set("types", types);
  if (since) query.set("since", since);
  if (isSignedIn()) {
    const given = await ticket().catch(() => undefined);
    // Somebody asked for something else meanwhile.
    if (own !== attempt) return;
    if (given === undefined) return again(types);
    if (given === null) return wantToken("the token is not accepted");
    query.set("ticket", given);
  }
  let opened = false;
  source = new EventSource(`events?${query}`);
  source.onopen = () => {
    opened = true;
    pause = PAUSE_MIN;
    status("open", types ? `live: ${types}` : "live");
    plugins();
  };
  source.onerror = () => {
    const closed = source.readyState === EventSource.CLOSED;
    // The browser would come back with the ticket that it used already.
    if (isSignedIn()) return closed && !opened && !since ? refused(types) : again(types);
    if (closed) return refused(types);
    // It reconnects by itself and resumes where it was.
    status("connecting", "reconnecting");
  };
  source.onmessage = (message) => {
    position = message.lastEventId;
    show(JSON.parse(message.data), message.lastEventId);
  };
  source.addEventListener("tidemill.gap", (message) => {
    show({ type: "tidemill.gap", time: new Date().toISOString(), data: JSON.parse(message.data) }, message.lastEventId);
  });
}

// Later, where this one ended, with another ticket.
function again(types) {
  source?.close();
  const own = ++attempt;
  status("connecting", "reconnecting");
  setTimeout(() => own === attempt && connect(types, position), pause * (0.5 + Math.random() / 2));
  pause = Math.min(2 * pause, PAUSE_MAX);
}

// The server refused for good, and a page is not told why.
async function refused(types) {
  const answer = await ask("principal").catch(() => null);
  if (answer === null) return again(types);
  if (answer.status === 401) return wantToken(isSignedIn() ? "the token is not accepted" : "a token is needed");
  status("closed", isSignedIn() ? "refused; check the types and what the token may see" : "refused; check the types");
}

function wantToken(why) {
  source?.close();
  attempt += 1;
  signOut();
  status("closed", why);
  session("out");
  element("token").focus();
}

// "open" where nobody needs a token, otherwise "in" or "out".
function session(state) {
  element("session").dataset.state = state;
  element("sign").textContent = state === "in" ? "Sign out" : "Sign in";
}

function show(event, position) {
  count += 1;
  if (event.type.startsWith("tidemill.plugin.")) plugins();
  if (paused) return;
  element("hint").hidden = true;
  const data = "data" in event ? event.data : (event.data_base64 ?? null);
  const item = document.createElement("li");
  item.className = event.type.startsWith("tidemill.") ? "host" : "";
  item.title = `${event.source ?? ""} ${event.id ?? ""}`.trim();
  const when = make("time", "", new Date(event.time).toLocaleTimeString());
  when.dateTime = event.time;
  when.append(make("div", "position", position));
  const body = make("div", "data", typeof data === "string" ? data : JSON.stringify(data));
  body.setAttribute("aria-expanded", "false");
  body.setAttribute("role", "button");
  body.tabIndex = 0;
  body.addEventListener("keydown", (key) => {
    if (key.key !== "Enter" && key.key !== " ") return;
    key.preventDefault();
    body.click();
  });
  body.addEventListener("click", () => {
    const open = body.getAttribute("aria-expanded") !== "true";
    body.setAttribute("aria-expanded", String(open));
    body.textContent = typeof data === "string" ? data : JSON.stringify(data, null, open ? 2 : 0);
  });
  const type = make("div", "type", event.type);
  type.title = event.type;
  if (event.subject) type.append(make("div", "position", event.subject));
  const shown = document.createElement("div");
  shown.className = "shown";
  shown.append(body);
  item.append(when, type, shown);
  if (!item.className) summarise(position, shown);
  const list = element("events");
  list.prepend(item);
  while (list.childElementCount > SHOWN_MAX) list.lastElementChild.remove();
}

// The line with which the owner of the event's type shows it. In a rush of events most go without.
async function summarise(position, shown) {
  if (asked >= ASKED_MAX) return;
  asked += 1;
  try {
    const answer = await ask(`events/${encodeURIComponent(position)}`);
    const text = answer.ok ? (await answer.json()).text : null;
    if (text) shown.prepend(make("div", "text", text));
  } catch {
    // The stream's status says when the server cannot be reached.
  } finally {
    asked -= 1;
  }
}

async function plugins() {
  // The stream's status says when the server cannot be reached.
  const answer = await ask("plugins").catch(() => null);
  if (!answer?.ok) return;
  const { plugins: loaded } = await answer.json();
  element("plugins").replaceChildren(...loaded.map((plugin) => {
    const item = document.createElement("li");
    const state = make("span", "state", plugin.state);
    state.dataset.state = plugin.state;
    item.append(state, make("strong", "", plugin.name));
    const kinds = plugin.kinds ? `${plugin.kinds.join(", ")} · ${plugin.version.slice(0, 12)}` : "";
    item.append(make("p", "", plugin.error ?? plugin.summary ?? ""), make("p", "position", kinds));
    return item;
  }));
  if (loaded.length === 0) element("plugins").append(make("li", "", "None yet: copy a .wasm file into the plugins directory."));
}

element("filter").addEventListener("submit", (submit) => {
  submit.preventDefault();
  element("events").replaceChildren();
  position = null;
  connect(element("types").value.trim());
});
element("session").addEventListener("submit", (submit) => {
  submit.preventDefault();
  if (isSignedIn()) return wantToken("signed out");
  signIn(element("token").value.trim());
  element("token").value = "";
  session("in");
  position = null;
  connect(element("types").value.trim());
});
element("pause").addEventListener("click", (click) => {
  paused = !paused;
  click.target.setAttribute("aria-pressed", String(paused));
  click.target.textContent = paused ? "Go on" : "Pause";
});
setInterval(() => {
  element("count").textContent = String(count);
  element("rate").textContent = String(count - lastCount);
  lastCount = count;
}, 1000);
// A filter may keep what the host says about plugins from the stream.
setInterval(plugins, 10_000);
session(isSignedIn() ? "in" : "open");
connect("");
