# Connect to event stream
curl -N -H "Accept: text/event-stream" http://localhost:3001/events

# Check health
curl http://localhost:3001/events/health

# Get statistics
curl http://localhost:3001/events/stats

# Broadcast custom event
curl -X POST http://localhost:3001/events/broadcast \
  -H "Content-Type: application/json" \
  -d '{"type": "custom_event", "data": {"message": "Hello World"}}'
