let reconnectAttempts = 0;
const maxReconnectAttempts = 5;

function connectSSE() {
  const eventSource = new EventSource('/sse');
  
  eventSource.onerror = () => {
    eventSource.close();
    
    if (reconnectAttempts < maxReconnectAttempts) {
      reconnectAttempts++;
      setTimeout(connectSSE, 1000 * reconnectAttempts);
    }
  };
  
  eventSource.onopen = () => {
    reconnectAttempts = 0;
  };
}

connectSSE();
