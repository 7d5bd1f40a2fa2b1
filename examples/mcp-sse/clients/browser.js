// Establish SSE connection
const eventSource = new EventSource("/mcp/sse?token=your-token");

// Handle connection events
eventSource.addEventListener("mcp-notification", (event) => {
  const data = JSON.parse(event.data);
  console.log("Welcome:", data);
});

// Handle MCP responses
eventSource.addEventListener("mcp-response", (event) => {
  const data = JSON.parse(event.data);
  console.log("Response:", data.result);
});

// Handle heartbeats
eventSource.addEventListener("heartbeat", (event) => {
  console.log("Server alive");
});
