// Subscribe to events
integrationManager.addEventListener((event) => {
  switch (event.type) {
    case 'server_connected':
      console.log(`New server connected: ${event.data.connection.name}`);
      break;
    case 'workflow_completed':
      console.log(`Workflow ${event.data.workflowId} completed successfully`);
      break;
    case 'server_disconnected':
      console.log(`Server disconnected: ${event.serverId}`);
      break;
  }
});
