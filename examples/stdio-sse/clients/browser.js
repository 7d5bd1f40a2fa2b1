// Connect to SSE endpoint
const eventSource = new EventSource('http://localhost:3000/sse');

// Handle connection open
eventSource.onopen = () => {
  console.log('Connected to MCP server');
};

// Handle incoming messages
eventSource.onmessage = (event) => {
  const data = JSON.parse(event.data);
  console.log('Received:', data);
  
  switch(data.type) {
    case 'connection':
      console.log('Connection established');
      break;
    case 'heartbeat':
      console.log('Heartbeat received');
      break;
    case 'error':
      console.error('Error:', data.message);
      break;
    default:
      console.log('Data:', data);
  }
};

// Handle errors
eventSource.onerror = (error) => {
  console.error('SSE Error:', error);
  eventSource.close();
};

// Close connection when done
// eventSource.close();
