# Establish SSE connection (in one terminal)
curl -N -H "Authorization: Bearer your-token" \
  "http://localhost:3000/mcp/sse"

# Send command (in another terminal)
curl -X POST http://localhost:3000/mcp/sse/send \
  -H "Authorization: Bearer your-token" \
  -H "Content-Type: application/json" \
  -d '{
    "connectionId": "connection-id-from-sse",
    "message": {"method": "tools/list"}
  }'
