// Two servers, a workflow and a listener that know nothing of each other: the listener is the documentation's, the others
// publish. Needs Node.js 18 or newer and no packages. TIDEMILL_URL names another server than the documented one.
"use strict";

require("./integration-manager.js");

const base = process.env.TIDEMILL_URL ?? "http://localhost:3001";

/** As much of an EventSource as the listener needs; programs that run for long take the package `eventsource`. */
class Messages {
  #stop = new AbortController();

  constructor(url) {
    this.opened = fetch(url, { signal: this.#stop.signal });
    this.opened.then(({ body }) => this.#read(body)).catch(() => {});
  }

  async #read(body) {
    let text = "";
    for await (const part of body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + part).split("\n\n");
      text = blocks.pop();
      for (const block of blocks.filter((block) => !block.includes("event: "))) {
        const data = block.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
        if (data.length > 0) this.onmessage({ data: data.join("\n") });
      }
    }
  }

  close() {
    this.#stop.abort();
  }
}

async function publish(event) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${base}/events`, { method: "POST", headers, body: JSON.stringify(event) });
  const told = await answer.json();
  if (!answer.ok) console.log(`${event.type} is refused: ${told.problems?.map(({ detail }) => detail).join(", ") ?? told.detail}`);
}

async function main() {
  let stream;
  const integrationManager = new IntegrationManager(`${base}/events`, class extends Messages {
    constructor(url) {
      super(url);
      stream = this;
    }
  });
  await stream.opened;

  // As documented.
  integrationManager.addEventListener((event) => {
    switch (event.type) {
      case "server_connected":
        console.log(`New server connected: ${event.data.connection.name}`);
        break;
      case "workflow_completed":
        console.log(`Workflow ${event.data.workflowId} completed successfully`);
        break;
      case "server_disconnected":
        console.log(`Server disconnected: ${event.serverId}`);
        break;
    }
  });
  const gone = new Promise((done) => {
    integrationManager.addEventListener(({ type, serverId }) => type === "server_disconnected" && serverId === "lms" && done());
  });

  for (const [id, name] of [["sis", "Student records"], ["lms", "Courses"]]) {
    const connection = { id, name, transport: "sse", capabilities: ["students"] };
    await publish({ type: "server_connected", source: id, data: { connection } });
  }
  await publish({ type: "workflow_started", data: { workflowId: "enrol-1", name: "Enrolment", steps: ["check", "enrol"] } });
  await publish({ type: "workflow_completed", data: { workflowId: "enrol-1" } });
  await publish({ type: "workflow_completed", data: { workflowId: "enrol-1", executionTime: 1200, results: { enrolled: 1 } } });
  await publish({ type: "server_disconnected", source: "lms", data: { reason: "maintenance" } });
  await gone;
  integrationManager.close();
}

main().then(() => process.exit(), (error) => {
  console.error(`${error.cause?.message ?? error.message}; is the server running at ${base}?`);
  process.exit(1);
});
