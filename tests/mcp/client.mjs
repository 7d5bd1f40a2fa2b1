// A client of MCP on one of the TypeScript SDKs, at an address. It says what it sees as JSON lines, one for each step, and
// ends by itself. What it does is what client.py does.
const [kind, url] = process.argv.slice(2);
const say = (line) => console.log(JSON.stringify(line));
const about = { name: 'client.mjs', version: '1' };

/// The first version of the SDK: its client, and how a notice is awaited.
async function first(transport) {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const notices = await import('@modelcontextprotocol/sdk/types.js');
  const client = new Client(about);
  await client.connect(transport);
  const on = (what, take) => client.setNotificationHandler(notices[what], take);
  return {
    client,
    transport,
    onUpdate: (take) => on('ResourceUpdatedNotificationSchema', take),
    onTools: (take) => on('ToolListChangedNotificationSchema', take),
    call: (params, options) => client.callTool(params, undefined, options),
  };
}

/// The second version.
async function second(mode) {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const client = new Client(about, { versionNegotiation: { mode } });
  const transport = new StreamableHTTPClientTransport(new URL(url));
  await client.connect(transport);
  return {
    client,
    transport,
    onUpdate: (take) => client.setNotificationHandler('notifications/resources/updated', take),
    onTools: (take) => client.setNotificationHandler('notifications/tools/list_changed', take),
    call: (params, options) => client.callTool(params, options),
  };
}

const kinds = {
  'v1-sessions': async () => {
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
    return first(new StreamableHTTPClientTransport(new URL(url)));
  },
  'v1-sse': async () => {
    const { SSEClientTransport } = await import('@modelcontextprotocol/sdk/client/sse.js');
    return first(new SSEClientTransport(new URL(url)));
  },
  'v2-sessions': () => second('legacy'),
  'v2-stateless': () => second({ pin: '2026-07-28' }),
};

const { client, transport, onUpdate, onTools, call } = await kinds[kind]();
const isStateless = kind.endsWith('stateless');
say({ connected: client.getServerVersion().name, session: Boolean(transport.sessionId) });

const names = async () => (await client.listTools()).tools.map((tool) => tool.name);
say({ tools: await names() });

const reports = [];
const onprogress = ({ progress, total }) => reports.push([progress, total]);
const done = await call({ name: 'test_tool_with_progress', arguments: {} }, { onprogress });
say({ progress: reports, text: done.content[0].text });

const wrong = await call({ name: 'simulate_progress', arguments: { task_name: 'Backup', duration_seconds: 61 } });
say({ mistake: wrong.content[0].text, isError: wrong.isError });

const stop = new AbortController();
const long = { name: 'simulate_progress', arguments: { task_name: 'Backup', duration_seconds: 50 } };
const ended = call(long, { signal: stop.signal, onprogress: () => stop.abort('enough') });
await ended.then(() => say({ cancelled: false }), () => say({ cancelled: true }));

const uri = 'events://topic/order.*';
const updated = new Promise((resolve) => onUpdate((notice) => resolve(notice.params.uri)));
const changed = new Promise((resolve) => onTools(resolve));
let listening;
if (isStateless) {
  listening = await client.listen({ resourceSubscriptions: [uri], toolsListChanged: true });
} else {
  await client.subscribeResource({ uri });
}
await call({ name: 'publish_event', arguments: { type: 'order.created', data: { id: 7 } } });
const told = await updated;
const { contents } = await client.readResource({ uri: told });
say({ updated: told, events: JSON.parse(contents[0].text).events.map(({ event }) => event.data) });

// Now a plugin is dropped into the directory.
const before = new Set(await names());
say({ waiting: true });
await changed;
say({ appeared: (await names()).filter((name) => !before.has(name)) });

await listening?.close();
if (kind.endsWith('sessions')) await transport.terminateSession();
await client.close();
say({ ended: true });
