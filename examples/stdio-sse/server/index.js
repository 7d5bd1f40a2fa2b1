// A small MCP server on standard input and output: one JSON-RPC message per line. No packages.
//
// What it has to say beside the protocol goes to standard error, as MCP wants it. It ends when its input does.
"use strict";

const readline = require("node:readline");

const ORDERS = [
  { id: "1001", status: "delivered", from: "Warehouse 4", to: "12 Mill Lane" },
  { id: "1002", status: "on its way", from: "Warehouse 4", to: "3 Tide Street" },
];

const text = (value) => ({ content: [{ type: "text", text: typeof value === "string" ? value : JSON.stringify(value) }] });

const TOOLS = {
  echo: {
    description: "Says what it is told",
    inputSchema: { type: "object", required: ["message"], properties: { message: { type: "string" } } },
    call: ({ message }) => text(message),
  },
  get_order_list: {
    description: "Orders of the account; all, or those with a status",
    inputSchema: { type: "object", properties: { status: { type: "string" } } },
    call: ({ status }) => text(ORDERS.filter((order) => !status || order.status === status)),
  },
  fail: {
    description: "Fails, to show how that looks",
    inputSchema: { type: "object" },
    call: () => {
      console.error("fail: it was asked to");
      return { ...text("it was asked to fail"), isError: true };
    },
  },
};

class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const METHODS = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion: protocolVersion ?? "2025-06-18",
    capabilities: { tools: {} },
    serverInfo: { name: "stdio-sse-example", version: "1.0.0" },
  }),
  ping: () => ({}),
  "tools/list": () => ({
    tools: Object.entries(TOOLS).map(([name, { description, inputSchema }]) => ({ name, description, inputSchema })),
  }),
  "tools/call": ({ name, arguments: given = {} }) => {
    if (!Object.hasOwn(TOOLS, name)) throw new Refused(-32602, `Unknown tool: ${name}`);
    const missing = (TOOLS[name].inputSchema.required ?? []).filter((member) => !(member in given));
    if (missing.length) throw new Refused(-32602, `${name}: \`${missing.join("`, `")}\` is missing`);
    return TOOLS[name].call(given);
  },
};

const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  let message;
  try {
    message = JSON.parse(line);
  } catch {
    return say({ id: null, error: { code: -32700, message: "Parse error" } });
  }
  const { id, method, params } = message ?? {};
  if (id === undefined) return; // A notification: nobody waits for an answer.
  try {
    if (!Object.hasOwn(METHODS, method)) throw new Refused(-32601, `Method not found: ${method}`);
    say({ id, result: METHODS[method](params ?? {}) });
  } catch (error) {
    say({ id, error: { code: error.code ?? -32603, message: error.message } });
  }
});

const account = process.env.SENPEX_CLIENT_ID || "nobody";
const secret = process.env.SENPEX_SECRET_ID ? "with" : "without";
console.error(`MCP server ready on stdio: account ${account}, ${secret} a secret, port ${process.env.PORT || 3000}`);
