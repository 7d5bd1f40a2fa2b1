// Owns the host of tests that run in node: what the modules of the host are there. State lives as long as the process, and
// nothing expires.
const kept = new Map();
let version = 0;

/** What was logged, published, reported, counted and told to clients since `clear`; `openStreams` is what the host has. */
export const seen = nothing();

function nothing() {
  return { logged: [], published: [], reported: [], figures: {}, changedLists: [], updatedResources: [], openStreams: undefined };
}

/** Forgets everything, state too. */
export function clear() {
  kept.clear();
  Object.assign(seen, nothing());
}

export const log = (level, message, fields) => seen.logged.push({ level, message, fields: Object.fromEntries(fields) });
export const publish = (events) => seen.published.push(...events);
export const report = (done, total, message) => seen.reported.push({ done, total, message });
export const cancelled = () => false;
export const sleep = () => {};
export const changed = (what) => seen.changedLists.push(what);
export const updated = (uri) => seen.updatedResources.push(uri);
export const streams = (path) => (path === undefined ? seen.openStreams : undefined);
export const record = (name, value) => (seen.figures[name] ??= []).push(value);
export const add = (name, delta) => {
  seen.figures[name] = (seen.figures[name] ?? 0) + Number(delta);
};

/** There is no network in tests. */
export function send(_, failed) {
  throw failed('failed', 'there is no network in native tests');
}

export const getMany = (keys) => keys.map((key) => kept.get(key));

export function put(key, value, ifVersion) {
  const current = kept.get(key);
  if (ifVersion !== undefined && Number(ifVersion) !== (current?.version ?? 0)) throw { tag: 'stale', val: current };
  kept.set(key, { value: Uint8Array.from(value), version: ++version });
  return version;
}

export function increment(key, by) {
  const bytes = kept.get(key)?.value ?? new Uint8Array(8);
  if (bytes.length !== 8) throw { tag: 'other', val: 'its value is no number, which has eight bytes' };
  const sum = saturated(new DataView(bytes.buffer).getBigInt64(0, true) + BigInt(by));
  const value = new Uint8Array(8);
  new DataView(value.buffer).setBigInt64(0, sum, true);
  put(key, value);
  return sum;
}

/** A sum stays within 64 bits, as the host's does. */
function saturated(sum) {
  if (BigInt.asIntN(64, sum) === sum) return sum;
  return sum < 0n ? -(2n ** 63n) : 2n ** 63n - 1n;
}

function remove(key) {
  return kept.delete(key);
}

export { remove as delete };

export const keys = (prefix, after, limit) =>
  [...kept.keys()].sort().filter((key) => key.startsWith(prefix) && key > after).slice(0, limit);
