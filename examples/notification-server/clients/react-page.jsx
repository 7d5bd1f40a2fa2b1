// What shows the document's hook (`react.jsx`) on a page: it comes after it, in one module.
import { createRoot } from 'react-dom/client';

function Page() {
  const { notifications, progress } = useSSENotifications('http://127.0.0.1:8005/mcp');

  return (
    <main>
      <ul id="notifications">
        {notifications.map((it) => (
          <li key={it.notification_id} className={it.notification_type}>{it.message}</li>
        ))}
      </ul>
      {Object.values(progress).map((task) => (
        <label key={task.task_id}>
          {task.task_name} <progress max="100" value={task.progress} /> <span>{task.message}</span>
        </label>
      ))}
    </main>
  );
}

createRoot(document.body.appendChild(document.createElement('div'))).render(<Page />);
