curl -X POST http://127.0.0.1:8005/mcp \
  -H "Content-Type: application/json" \
  -d '{
    "jsonrpc": "2.0",
    "method": "tools/call",
    "params": {
      "name": "connection_status",
      "arguments": {}
    },
    "id": "4"
  }'
