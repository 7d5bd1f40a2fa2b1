// The TypeScript SDK of MCP as a client: it stays connected and calls tools, as it is told on standard input, one
// `{"name", "arguments"}` in each line. `{"ready": tools}` when it is connected, and for each call
// `{"progress": [...], "result"}`.
//
//   node mcp_client.mjs <url>
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [url] = process.argv.slice(2);
if (!url) {
  console.error("usage: node mcp_client.mjs <url>");
  process.exit(2);
}
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const transport = new StreamableHTTPClientTransport(new URL(url));
const client = new Client({ name: "tidemill-tests", version: "1" });
await client.connect(transport);
const { tools } = await client.listTools();
say({ ready: tools.map(({ name }) => name), session: Boolean(transport.sessionId), server: client.getServerVersion() });
for await (const line of createInterface({ input: process.stdin })) {
  const progress = [];
  const onprogress = ({ progress: done }) => progress.push(done);
  const result = await client.callTool(JSON.parse(line), undefined, { onprogress });
  say({ progress, result });
}
await transport.terminateSession();
await client.close();
