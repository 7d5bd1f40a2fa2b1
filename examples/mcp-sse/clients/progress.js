// Long-running tool execution with progress updates
eventSource.addEventListener("tool-result", (event) => {
  const data = JSON.parse(event.data);
  if (data.metadata?.progress) {
    updateProgressBar(data.metadata.progress);
  }
});
