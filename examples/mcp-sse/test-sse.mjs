// Tries a server from the first byte to a broadcast, and says what works: `npm run test-sse`, with SERVER_URL and
// MCP_AUTH_TOKEN. Ends with 0 if all of it does.
import { EventSource } from "eventsource";

const server = process.env.SERVER_URL ?? "http://localhost:3000";
const token = process.env.MCP_AUTH_TOKEN;
if (!token) {
  console.error("MCP_AUTH_TOKEN is missing: a token of the server");
  process.exit(2);
}
const PATIENCE = 30_000;
const authorization = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
let failed = 0;

/** One thing that should work, and what came of it. */
async function check(what, work) {
  try {
    console.log(`ok      ${what}${await within(work()) ?? ""}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${what}: ${error.message}`);
  }
}

function within(work) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("nothing came")), PATIENCE)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function expect(holds, problem) {
  if (!holds) throw new Error(problem);
}

/** The next event of a name for which `fits` is true. */
function next(source, name, fits = () => true) {
  return new Promise((resolve) => {
    const listener = (event) => {
      const data = JSON.parse(event.data);
      if (!fits(data)) return;
      source.removeEventListener(name, listener);
      resolve(data);
    };
    source.addEventListener(name, listener);
  });
}

await check("health needs no token", async () => {
  const answer = await fetch(`${server}/health`);
  const health = await answer.json();
  expect(answer.ok && health.status === "healthy", JSON.stringify(health));
});
await check("a stream without a token is refused", async () => {
  const answer = await fetch(`${server}/mcp/sse`);
  const said = await answer.json();
  expect(answer.status === 401 && said.error, `${answer.status} ${JSON.stringify(said)}`);
});

const source = new EventSource(`${server}/mcp/sse?token=${encodeURIComponent(token)}`);
let connectionId;
const status = next(source, "connection-status");
const welcome = next(source, "mcp-notification");
await check("the stream begins with who we are", async () => {
  expect((await status).result.status === "connected", "it is not connected");
  connectionId = (await welcome).result.connectionId;
  expect(/^[0-9a-f-]{36}$/.test(connectionId), `connectionId is ${connectionId}`);
  return `: connection ${connectionId}`;
});

/** Sends a command, whose answer comes on the stream. */
async function send(message) {
  const body = JSON.stringify({ connectionId, message });
  const answer = await fetch(`${server}/mcp/sse/send`, { method: "POST", headers: authorization, body });
  const said = await answer.json();
  expect(answer.ok, `${answer.status} ${JSON.stringify(said)}`);
  return said.requestId;
}

await check("tools are listed", async () => {
  const answer = next(source, "mcp-response", (data) => data.method === "tools/list");
  const requestId = await send({ method: "tools/list" });
  const { result, requestId: answered } = await answer;
  expect(answered === requestId, "the answer is of another request");
  return `: ${result.tools.map((tool) => tool.name).join(", ")}`;
});
await check("a tool answers", async () => {
  const answer = next(source, "tool-result", (data) => data.method === "list_projects");
  await send({ method: "tools/call", params: { name: "list_projects", arguments: {} } });
  const { result } = await answer;
  return `: ${result.projects.length} projects`;
});
await check("a long tool tells how far it is", async () => {
  const progress = next(source, "tool-result", (data) => data.metadata?.progress);
  await send({ method: "tools/call", params: { name: "long_report", arguments: { steps: 3, seconds: 0.3 } } });
  await progress;
});
await check("a tool that is not there is an error", async () => {
  const answer = next(source, "mcp-error");
  await send({ method: "tools/call", params: { name: "no_such_tool", arguments: {} } });
  const { error } = await answer;
  expect(error.code === -32601, JSON.stringify(error));
});
await check("statistics are for a master", async () => {
  const answer = await fetch(`${server}/mcp/sse/stats`, { headers: authorization });
  const stats = await answer.json();
  if (answer.status === 403) return `: this token is none (${stats.error})`;
  expect(stats.totalConnections >= 1, JSON.stringify(stats));
  return `: ${stats.totalConnections} connections`;
});
source.close();
process.exit(failed === 0 ? 0 : 1);
