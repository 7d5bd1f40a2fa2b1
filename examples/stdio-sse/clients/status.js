eventSource.onmessage = (event) => {
  const data = JSON.parse(event.data);
  if (data.type === 'heartbeat') {
    updateConnectionStatus('Connected');
  }
};
