// Owns events beside those that pass through. Only where their types are granted (`[grants] publish = ["alert.*"]`).
import { publish as host } from '#host/bus';
import { bytes, json, pairs } from './answer.js';

/** Publishes events once those of the batch are stored. Throws if none of them is taken. */
export function publish(...events) {
  try {
    host(events.flat().map(wire));
  } catch (error) {
    const why = error?.payload ?? error;
    throw typeof why === 'string' ? new Error(why) : error;
  }
}

function wire({ type, id, source, subject, contentType, extensions, ...rest }) {
  const data = 'json' in rest ? json(rest.json) : (bytes(rest.data) ?? new Uint8Array(0));
  return { type, id, source, subject, contentType, extensions: pairs(extensions), data };
}
