// The page: connects, sends commands, and shows what comes, newest first.
"use strict";

const NAMES = ["connection-status", "mcp-notification", "mcp-response", "tool-result", "mcp-error", "heartbeat", "project.created"];
const LINES_MAX = 200;
const at = (id) => document.getElementById(id);
let source;
let connectionId;

at("server").value = location.protocol.startsWith("http") ? location.origin : "http://localhost:3000";

function show(name, text) {
  const line = document.createElement("li");
  line.textContent = `${new Date().toLocaleTimeString()} ${name} ${text}`;
  at("log").prepend(line);
  while (at("log").childElementCount > LINES_MAX) at("log").lastElementChild.remove();
}

function state(text, connected) {
  at("state").value = text;
  at("disconnect").disabled = source === undefined;
  at("send").disabled = !connected;
}

function close() {
  source?.close();
  source = connectionId = undefined;
  state("not connected", false);
}

at("connection").addEventListener("submit", (event) => {
  event.preventDefault();
  close();
  source = new EventSource(`${at("server").value}/mcp/sse?token=${encodeURIComponent(at("token").value)}`);
  state("connecting", false);
  for (const name of NAMES) {
    source.addEventListener(name, (event) => {
      const data = JSON.parse(event.data);
      show(name, event.data);
      if (data.result?.connectionId) {
        connectionId = data.result.connectionId;
        state(`connected as ${connectionId}`, true);
      }
      if (data.metadata?.progress) at("progress").value = data.metadata.progress;
    });
  }
  source.onerror = () => {
    const over = source.readyState === EventSource.CLOSED;
    show("error", over ? "refused: is the token right?" : "lost, connecting again");
    if (over) close(); else state("connecting", false);
  };
});

at("disconnect").addEventListener("click", close);

at("command").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const params = at("params").value.trim();
    const message = { method: at("method").value, ...(params && { params: JSON.parse(params) }) };
    const answer = await fetch(`${at("server").value}/mcp/sse/send`, {
      method: "POST",
      headers: { Authorization: `Bearer ${at("token").value}`, "Content-Type": "application/json" },
      body: JSON.stringify({ connectionId, message }),
    });
    show(answer.ok ? "sent" : "refused", await answer.text());
  } catch (error) {
    show("error", error.message);
  }
});
