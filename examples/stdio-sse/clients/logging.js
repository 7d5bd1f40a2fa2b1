const logContainer = document.getElementById('logs');
eventSource.onmessage = (event) => {
  const data = JSON.parse(event.data);
  logContainer.innerHTML += `<div>${JSON.stringify(data)}</div>`;
};
