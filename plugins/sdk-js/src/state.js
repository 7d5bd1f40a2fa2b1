// Owns keys of the plugin's own that outlive the host. Only where its operator grants it (`[grants] state = true`), and only
// while events are processed.
import * as host from '#host/state';
import { bytes, json as encoded } from './answer.js';
import { long } from './build.js';
import { calling } from './texts.js';
import { decode } from './utf8.js';

const [remove, hostGetMany, hostIncrement, hostKeys, hostPut] = [host.delete, host.getMany, host.increment, host.keys, host.put].map(calling);

/** What a key holds: bytes, and a version that changes with every write. */
export class Entry {
  constructor({ value, version }) {
    this.value = value;
    this.version = Number(version);
  }

  text() {
    return decode(this.value);
  }

  json() {
    return JSON.parse(this.text());
  }
}

/** Why something was not written. */
export class WriteError extends Error {
  constructor({ tag, val }) {
    super({ stale: 'the key changed meanwhile', quota: 'no room for more state (the limit `state`)' }[tag] ?? val);
    this.name = 'WriteError';
    this.reason = tag;
    this.current = tag === 'stale' ? entry(val) : undefined;
  }
}

export const get = (key) => getMany([key])[0];
export const getMany = (keys) => hostGetMany(keys).map(entry);

/** Sets a key; its new version. `ifVersion`: only if it has that one, 0 being that of a key that is not there. */
export function put(key, value, { ifVersion, ttlMs } = {}) {
  return written(() => hostPut(key, bytes(value), long(ifVersion), long(ttlMs)));
}

/** The same with a value that is kept as JSON. */
export const putJson = (key, value, options) => put(key, encoded(value), options);

/** Adds to a number, which is 0 if the key is not there; the sum. `ttlMs` counts from when the key is made. */
export function increment(key, by = 1, { ttlMs } = {}) {
  return written(() => hostIncrement(key, long(by), long(ttlMs)));
}

export { remove as delete };

/** Keys that begin with `prefix` and come after `after`, in order; at most 1,000. */
export const keys = (prefix, after = '', limit = 1000) => hostKeys(prefix, after, limit);

const entry = (found) => (found === null || found === undefined ? undefined : new Entry(found));

function written(write) {
  try {
    return Number(write());
  } catch (error) {
    const cause = error?.payload ?? error;
    throw typeof cause?.tag === 'string' ? new WriteError(cause) : error;
  }
}
