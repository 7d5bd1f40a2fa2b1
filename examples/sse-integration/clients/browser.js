// Connect to SSE stream
const eventSource = new EventSource('http://localhost:3001/events');

eventSource.onmessage = function(event) {
  const data = JSON.parse(event.data);
  console.log('Integration event:', data);
};

// Handle specific event types
eventSource.addEventListener('server_connected', function(event) {
  const data = JSON.parse(event.data);
  console.log('New server connected:', data.connection.name);
});
