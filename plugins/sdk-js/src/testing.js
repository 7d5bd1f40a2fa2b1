// Owns what unit tests of a plugin need in node: events to give it, and what it did beside its answers.
import { Batch } from './event.js';
import { json } from './answer.js';
import { clear, seen } from './native.js';
import { encode } from './utf8.js';

export { clear, seen };

/** An event of this type, with id `1`, source `/test`, and what `members` say: those of an event, and `json` or `data`. */
export function event(type, members = {}) {
  return new Batch(rows([{ id: '1', source: '/test', type, ...members }])).at(0);
}

/** Rows and arena, as a host makes them. */
export function rows(events) {
  const row = new Uint8Array(events.length * 64);
  const view = new DataView(row.buffer);
  const parts = [];
  let length = 0;
  events.forEach((given, index) => {
    const extensions = given.extensions && JSON.stringify(given.extensions);
    const data = 'json' in given ? json(given.json) : given.data;
    [given.id, given.source, given.type, given.subject, given.contentType, extensions, data].forEach((value, field) => {
      const bytes = typeof value === 'string' ? encode(value) : (value ?? new Uint8Array(0));
      view.setUint32(index * 64 + field * 8, length, true);
      view.setUint32(index * 64 + field * 8 + 4, bytes.length, true);
      parts.push(bytes);
      length += bytes.length;
    });
    view.setBigUint64(index * 64 + 56, BigInt(given.timeMs ?? 0), true);
  });
  const arena = new Uint8Array(length);
  parts.reduce((at, bytes) => (arena.set(bytes, at), at + bytes.length), 0);
  return { rows: row, arena };
}
