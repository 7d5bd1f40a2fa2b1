eventSource.onerror = (error) => {
  console.error("SSE Error:", error);
  // Automatic reconnection by browser
};
