eventSource.onmessage = (event) => {
  console.log('[DEBUG]', event.data);
};
