// Whom the page asks as: the token that was typed in, for as long as this tab is open.
const KEY = "tidemill.token";
let token = sessionStorage.getItem(KEY);

export const isSignedIn = () => token !== null;

export function signIn(given) {
  token = given;
  sessionStorage.setItem(KEY, given);
}

export function signOut() {
  token = null;
  sessionStorage.removeItem(KEY);
}

export function ask(path, options = {}) {
  const headers = token === null ? options.headers : { ...options.headers, Authorization: `Bearer ${token}` };
  return fetch(path, { ...options, headers });
}

// `EventSource` sends no headers of its own: for one connection a ticket stands for the token. Null if that is not taken.
export async function ticket() {
  const answer = await ask("tickets", { method: "POST" });
  if (answer.status === 401) return null;
  if (!answer.ok) throw new Error(`no ticket: ${answer.status}`);
  return (await answer.json()).ticket;
}
