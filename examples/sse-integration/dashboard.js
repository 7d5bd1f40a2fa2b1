// What happens between servers, as it happens: servers, workflows, events. Everything that is shown comes from the stream
// and is text, never markup.
"use strict";

// Opened as a file it asks the server at its documented place.
const base = location.protocol === "file:" ? "http://localhost:3001" : "";
/** Most lines that the page keeps, so that it can stay open for days. */
const KEPT = 100;

const find = (id) => document.getElementById(id);
const make = (name, text = "") => Object.assign(document.createElement(name), { textContent: text });

const servers = new Map();
const workflows = new Map();

function showServer(id, change) {
  const server = { name: id, state: "connected", transport: "", health: "", ...servers.get(id), ...change };
  servers.set(id, server);
  if (servers.size > KEPT) servers.delete(servers.keys().next().value);
  find("servers").replaceChildren(...[...servers.values()].map(({ name, state, transport, health }) => {
    const row = make("tr");
    row.dataset.health = health;
    row.append(...[name, state, transport, health].map((text) => make("td", text)));
    return row;
  }));
}

function showWorkflow(id, change) {
  const workflow = { name: id, state: "running", done: 0, steps: 1, ...workflows.get(id) };
  Object.assign(workflow, change(workflow));
  workflows.set(id, workflow);
  if (workflows.size > KEPT) workflows.delete(workflows.keys().next().value);
  find("workflows").replaceChildren(...[...workflows.values()].map(({ name, state, done, steps, note }) => {
    const item = make("li", `${name}: ${state}${note ? ` (${note})` : ""}`);
    item.dataset.state = state;
    item.append(Object.assign(make("progress"), { max: Math.max(steps, done, 1), value: done }));
    return item;
  }));
}

/** What events of the known types change on the page. */
const changes = {
  server_connected: ({ connection, serverId }) =>
    showServer(connection?.id ?? serverId, { name: connection?.name, transport: connection?.transport, state: "connected" }),
  server_disconnected: ({ serverId, reason }) => showServer(serverId, { state: `disconnected: ${reason}` }),
  server_health_changed: ({ data, serverId }) =>
    showServer(data?.serverId ?? serverId, { health: String(data?.currentHealth) }),
  workflow_started: ({ workflowId, data }) =>
    showWorkflow(workflowId, () => ({ name: data.name ?? workflowId, done: 0, steps: data.steps?.length ?? 1, state: "running" })),
  workflow_step_completed: ({ workflowId }) => showWorkflow(workflowId, ({ done }) => ({ done: done + 1 })),
  workflow_completed: ({ workflowId }) => showWorkflow(workflowId, ({ steps }) => ({ done: steps, state: "completed" })),
  workflow_failed: ({ workflowId, error }) => showWorkflow(workflowId, () => ({ state: "failed", note: String(error) })),
};

const stream = new EventSource(`${base}/events`);
const state = (name, text) => Object.assign(find("status"), { textContent: text }).dataset.state = name;
stream.onopen = () => state("open", "connected");
stream.onerror = () => state("lost", "connection lost, trying again");
for (const [type, change] of Object.entries(changes)) {
  stream.addEventListener(type, ({ data }) => change(JSON.parse(data)));
}
// Every event, whatever its name, comes as a message too.
stream.onmessage = ({ data }) => {
  const event = JSON.parse(data);
  const item = make("li");
  item.append(make("time", new Date(event.timestamp).toLocaleTimeString()), ` ${event.type} `);
  item.append(make("code", JSON.stringify(event.data ?? {})));
  find("events").prepend(item);
  while (find("events").children.length > KEPT) find("events").lastChild.remove();
};

async function showFigures() {
  const get = async (path) => (await fetch(`${base}${path}`)).json();
  try {
    const [health, stats] = await Promise.all([get("/events/health"), get("/events/stats")]);
    find("health").textContent = `${health.status}, up for ${Math.round(health.uptime)} s`;
    find("current").textContent = stats.currentConnections;
    find("total").textContent = stats.totalConnections;
    find("sent").textContent = stats.eventsSent;
  } catch {
    find("health").textContent = "not reachable";
  }
}
showFigures();
setInterval(showFigures, 2000);

find("broadcast").addEventListener("submit", async (submit) => {
  submit.preventDefault();
  const { type, message } = Object.fromEntries(new FormData(submit.target));
  const body = JSON.stringify({ type, data: { message } });
  const headers = { "content-type": "application/json" };
  const output = submit.target.querySelector("output");
  try {
    const answer = await fetch(`${base}/events/broadcast`, { method: "POST", headers, body });
    const told = await answer.json();
    output.textContent = told.success ? told.message : told.error;
  } catch {
    // Also where this page is of a site that may read and not tell.
    output.textContent = "the server did not take it";
  }
});
