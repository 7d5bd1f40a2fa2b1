// Lets the servers of a small school appear, one of them fall ill, and a workflow run, and prints what a client of the stream
// sees of it. Needs Node.js 18 or newer and no packages. TIDEMILL_URL names another server than the documented one.
"use strict";

const base = process.env.TIDEMILL_URL ?? "http://localhost:3001";

const story = [
  { type: "server_connected", serverId: "sis", data: { connection: { id: "sis", name: "Student records", transport: "sse", capabilities: ["students"] } } },
  { type: "server_health_changed", serverId: "sis", data: { serverId: "sis", previousHealth: "healthy", currentHealth: "degraded", issues: ["slow"] } },
  { type: "workflow_started", data: { workflowId: "enrol-1", name: "Enrolment", steps: ["check", "enrol"] } },
  { type: "workflow_step_completed", data: { workflowId: "enrol-1", step: "check" } },
  { type: "workflow_completed", data: { workflowId: "enrol-1", executionTime: 1200, results: { enrolled: 1 } } },
  { type: "server_disconnected", serverId: "sis", data: { reason: "maintenance" } },
];

/** The messages of a stream: what `onmessage` of an EventSource gets. */
async function* messages(url) {
  const { body } = await fetch(url, { headers: { accept: "text/event-stream" } });
  let text = "";
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + part).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n");
      const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
      if (data.length > 0 && !lines.some((line) => line.startsWith("event: "))) yield JSON.parse(data.join("\n"));
    }
  }
}

async function broadcast(event) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${base}/events/broadcast`, { method: "POST", headers, body: JSON.stringify(event) });
  const told = await answer.json();
  if (!told.success) throw new Error(`${event.type}: ${told.error}`);
}

async function main() {
  let next = 0;
  for await (const { type, serverId, data } of messages(`${base}/events`)) {
    console.log([type, data && serverId, data && JSON.stringify(data)].filter(Boolean).join(" "));
    // Each is told when the one before it was seen; what others tell in between is printed as well.
    if (type === "connection_established" || type === story[next - 1]?.type) {
      if (next === story.length) break;
      await broadcast(story[next]);
      next += 1;
    }
  }
}

main().then(() => process.exit(), (error) => {
  console.error(`${error.cause?.message ?? error.message}; is the server running at ${base}?`);
  process.exit(1);
});
