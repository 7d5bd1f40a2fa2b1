// Owns how a value is told to whoever reads a message: in some hundred characters, however large it is.

const MAX = 500; // characters, and members of a list

/** A value as somebody reads it in a message. */
export function shown(value) {
  if (ArrayBuffer.isView(value)) return brief(value);
  let text;
  try {
    text = value instanceof Error ? String(value) : JSON.stringify(value, (_, member) => brief(member));
  } catch {
    if (typeof value === 'object') text = Object.prototype.toString.call(value); // it goes in circles
  }
  // A pair may be cut through.
  return (text ?? String(value)).slice(0, MAX).toWellFormed();
}

/** Without most of what would be cut: to write it takes longer than a call has. */
function brief(value) {
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return (typeof value === 'string' || Array.isArray(value)) && value.length > MAX ? value.slice(0, MAX) : value;
}
