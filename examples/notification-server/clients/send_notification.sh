curl -X POST http://127.0.0.1:8005/mcp \
  -H "Content-Type: application/json" \
  -d '{
    "jsonrpc": "2.0",
    "method": "tools/call",
    "params": {
      "name": "send_notification",
      "arguments": {
        "message": "System maintenance will begin in 10 minutes",
        "type": "warning",
        "data": {
          "maintenance_window": "2024-01-15T02:00:00Z",
          "expected_duration": "30 minutes"
        }
      }
    },
    "id": "3"
  }'
