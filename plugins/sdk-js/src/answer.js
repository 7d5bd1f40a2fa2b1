// Owns answers: what an author says about an event, and what the contract calls it.
import { Problem } from './failure.js';
import { shown } from './shown.js';
import { encode } from './utf8.js';

export const keep = 'keep';
export const drop = 'drop';
export const valid = 'valid';

/** These go on in place of the event: one for a change, more for a split. */
export const emit = (...outputs) => ({ tag: 'emit', val: outputs.flat().map(output) });

/** The event ends here as a mistake of its publisher, who is told the problems. */
export const reject = (...list) => ({ tag: 'reject', val: problems(list) });

/** The event cannot be handled at the moment; its publisher is told to send it again. */
export function retry(why) {
  texts('retry', { why }, [], ['why']);
  return { tag: 'retry', val: why };
}

/** Accepted with these changes. */
export const normalised = (change) => ({ tag: 'normalised', val: output(change) });

/** Not an event of this type. */
export const invalid = (...list) => ({ tag: 'invalid', val: problems(list) });

/** Reads the answer of `decide`. */
export function verdict(said) {
  if (said === true) return 'keep';
  if (said === false) return 'drop';
  if (said === 'keep' || said === 'drop' || said === 'reject') return said;
  throw unknown('decide', said, "true or 'keep', false or 'drop', or 'reject'");
}

/** Reads the answer of `apply`. */
export function outcome(said) {
  if (said === 'keep' || said === 'drop') return { tag: said };
  if (said?.tag === 'emit' || said?.tag === 'reject' || said?.tag === 'retry') return said;
  throw unknown('apply', said, "'keep', 'drop', emit(…), reject(…) or retry(…)");
}

/** Reads the answer of `validate`. */
export function validity(said) {
  if (said === 'valid') return { tag: said };
  if (said?.tag === 'normalised' || said?.tag === 'invalid') return said;
  throw unknown('validate', said, "'valid', normalised(…) or invalid(…)");
}

/** Reads the answer of `classify`. */
export function className(said) {
  if (typeof said === 'string') return said;
  throw unknown('classify', said, 'the name of a class, a string');
}

/** Reads the answer of `visible`: whoever may see an event was never said by accident. */
export function visibility(said) {
  if (typeof said === 'boolean') return said;
  throw unknown('visible', said, 'true or false');
}

/** What a function answered at once. */
export function atOnce(name, said) {
  if (isPromise(said)) throw unknown(name, said);
  return said;
}

/** Problems in the words of the contract. */
export function problems(list) {
  return list.flat().map((problem) => {
    const { at, detail } = typeof problem === 'string' ? new Problem('', problem) : (problem ?? {});
    if (typeof at === 'string' && typeof detail === 'string') return { at, detail };
    throw new TypeError(`a problem is ${shown(problem)}; expected new Problem(at, detail), two strings, or a string`);
  });
}

const TEXTS = ['type', 'subject', 'contentType'];

function output(change) {
  only('an output', change, [...TEXTS, 'extensions', 'data', 'json']);
  texts('an output', change, TEXTS);
  return {
    type: change.type,
    subject: change.subject === null ? '' : change.subject,
    contentType: change.contentType === null ? '' : change.contentType,
    extensions: isThere(change.extensions) ? pairs(change.extensions) : undefined,
    data: data('an output', change),
  };
}

/** Names and values: an object, or a list of pairs; `null` removes. */
export function pairs(values) {
  if (!isThere(values)) return [];
  if (typeof values !== 'object') throw new TypeError(`\`extensions\` is ${shown(values)}; expected an object, or a list of [name, value]`);
  return (Array.isArray(values) ? values : Object.entries(values)).map(pair);
}

function pair(given) {
  const [name, value] = Array.isArray(given) ? given : [];
  if (typeof name !== 'string') throw new TypeError(`one of \`extensions\` is ${shown(given)}; expected [name, value]`);
  if (isThere(value) && !['string', 'number', 'bigint', 'boolean'].includes(typeof value)) {
    throw new TypeError(`\`${name}\` of \`extensions\` is ${shown(value)}; expected a string, a number or a boolean`);
  }
  return [name, isThere(value) ? String(value) : ''];
}

/** The data of an event, which has it as a value or as bytes; `undefined` without any. */
export function data(what, given) {
  if (!('json' in given)) return bytes(given.data);
  if (isThere(given.data)) throw new TypeError(`${what} has both \`json\` and \`data\`, of which one alone is its data`);
  return json(given.json);
}

/** What is `null` is left out. */
export const isThere = (value) => value !== undefined && value !== null;

/** A value as compact JSON. */
export const json = (value) => encode(jsonText(value));

/** The same as a text. */
export function jsonText(value) {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`${typeof value} is no JSON`);
  return text;
}

/** Data that is given as bytes or as text. */
export function bytes(data) {
  if (typeof data === 'string') return encode(data);
  if (!isThere(data) || data instanceof Uint8Array) return data ?? undefined;
  throw new TypeError(`data is ${shown(data)}; expected a Uint8Array or a string, and \`json\` for other values`);
}

/** Refuses members that nothing would be made of. */
export function only(what, given, names) {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`${what} is ${shown(given)}; expected an object with ${names.join(', ')}`);
  }
  const odd = Object.keys(given).find((name) => !names.includes(name));
  if (odd !== undefined) throw new TypeError(`${what} has no member \`${odd}\`; it has ${names.join(', ')}`);
}

/** Refuses members that are no strings; those of `needed` have to be there. */
export function texts(what, given, names, needed = []) {
  const missing = (name) => !isThere(given[name]) && !needed.includes(name);
  const wrong = [...names, ...needed].find((name) => typeof given[name] !== 'string' && !missing(name));
  if (wrong !== undefined) throw new TypeError(`${what}: \`${wrong}\` is ${shown(given[wrong])}; expected a string`);
}

export function unknown(name, said, expected) {
  if (isPromise(said)) {
    return new TypeError(`${name} answered a promise; async functions are not possible here, the answer is wanted at once`);
  }
  return new TypeError(`${name} answered ${shown(said)}; expected ${expected}`);
}

const isPromise = (said) => typeof said?.then === 'function';
