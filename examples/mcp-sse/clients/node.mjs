import { EventSource } from "eventsource";

const eventSource = new EventSource(
  "http://localhost:3000/mcp/sse?token=your-token"
);

eventSource.addEventListener("mcp-response", (event) => {
  const data = JSON.parse(event.data);
  console.log("Tools:", data.result.tools);
});
