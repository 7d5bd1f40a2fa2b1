curl -X POST http://127.0.0.1:8005/mcp \
  -H "Content-Type: application/json" \
  -d '{
    "jsonrpc": "2.0",
    "method": "tools/call",
    "params": {
      "name": "simulate_progress",
      "arguments": {
        "task_name": "File Processing",
        "duration_seconds": 15,
        "step_count": 10
      }
    },
    "id": "2"
  }'
