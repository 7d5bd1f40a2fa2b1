// Owns what answers to clients are made of, what a call may ask of the client's side, and what somebody is told of an exception.
import { isThere, jsonText, only, texts, unknown } from './answer.js';
import { Refusal } from './failure.js';
import { shown } from './shown.js';
import { describe } from './stack.js';

/** What a client wants: of what name, who asks, what they can be asked back, and what they answered. */
export class Asked {
  #accepted;
  #responses;

  constructor({ name, caller, accepts, responses, state }) {
    Object.assign(this, { name, caller: caller ?? undefined, state: state ?? undefined });
    this.#accepted = accepts;
    this.#responses = responses;
  }

  /** Whether the client's side can be asked for this, such as `elicitation/create`. */
  accepts(method) {
    return this.#accepted.includes(method);
  }

  /** The answer to what was asked for under this name. */
  response(name) {
    const found = this.#responses.find((response) => response.name === name);
    return found && JSON.parse(found.resultJson);
  }
}

/** The answer that goes on once the client's side was asked. */
export function inputRequired(ask, state) {
  if (!Array.isArray(ask)) throw new TypeError(`\`ask\` is ${shown(ask)}; expected a list of { name, method, params }`);
  for (const one of ask) {
    only('a request in `ask`', one, ['name', 'method', 'params']);
    texts('a request in `ask`', one, [], ['name', 'method']);
  }
  texts('an answer', { state }, ['state']);
  const requests = ask.map(({ name, method, params }) => ({ name, method, paramsJson: jsonText(params ?? {}) }));
  return { tag: 'input-required', val: { requests, state } };
}

/** A picture, such as `image/png`. */
export const image = (data, mediaType) => part({ tag: 'image', val: { data, mediaType } });

/** Sound, such as `audio/wav`. */
export const audio = (data, mediaType) => part({ tag: 'audio', val: { data, mediaType } });

/** A resource that can be read, by its address alone. */
export const link = (uri, name, mediaType) => part({ tag: 'link', val: { uri, name, mediaType } });

/** A resource with its content: `{ uri, mediaType }`, and `text`, `json` or `data`. */
export const embedded = (given) => part({ tag: 'embedded', val: content('embedded', given, undefined) });

const isText = (value) => typeof value === 'string';
const mayBeText = (value) => !isThere(value) || isText(value);
const isMedia = ({ data, mediaType }) => data instanceof Uint8Array && isText(mediaType);
const isBody = (body) => (body?.tag === 'text' && isText(body.val)) || (body?.tag === 'blob' && body.val instanceof Uint8Array);
const PARTS = {
  text: isText,
  image: isMedia,
  audio: isMedia,
  embedded: ({ uri, mediaType, body }) => isText(uri) && mayBeText(mediaType) && isBody(body),
  link: ({ uri, name, mediaType }) => isText(uri) && isText(name) && mayBeText(mediaType),
};

/** A part of the contract, or a text. */
export function part(given) {
  if (isText(given)) return { tag: 'text', val: given };
  const right = given?.val !== undefined && given.val !== null && Object.hasOwn(PARTS, given.tag) && PARTS[given.tag](given.val);
  if (right) return given;
  const expected = 'a string, image(data, mediaType), audio(data, mediaType), link(uri, name) or embedded({ uri, text })';
  throw new TypeError(`a part of an answer is ${shown(given)}; expected ${expected}`);
}

/** What stands at an address. `asked` is the one that is meant where none is said. */
export function content(name, given, asked) {
  const { mediaType, text, json, data } = members(name, given, ['text', 'json', 'data'], ['uri', 'mediaType']);
  const uri = given.uri ?? asked;
  apart(name, given, 'data', ['text', 'json']);
  apart(name, given, 'text', ['json']);
  texts('a content', { uri, mediaType, text }, ['mediaType', 'text'], ['uri']);
  if (isThere(data)) {
    if (data instanceof Uint8Array) return { uri, mediaType, body: { tag: 'blob', val: data } };
    throw new TypeError(`a content: \`data\` is ${shown(data)}; expected a Uint8Array, and \`text\` for a string`);
  }
  if (isThere(text)) return { uri, mediaType, body: { tag: 'text', val: text } };
  return { uri, mediaType: mediaType ?? 'application/json', body: { tag: 'text', val: jsonText(json) } };
}

/** What is not known is not left out: an answer that loses half of what it says would pass for a success. */
export function members(name, said, some, others) {
  const names = Object.keys(said ?? {}).filter((name) => has(said, name));
  const known = names.every((name) => some.includes(name) || others.includes(name)) && names.some((name) => some.includes(name));
  if (typeof said !== 'object' || !known) throw unknown(name, said, `a string, or an object with ${some.join(', ')}`);
  return said;
}

/** Refuses members that are never told together. */
export function apart(name, said, one, others) {
  const other = others.find((other) => has(said, other));
  if (has(said, one) && other !== undefined) {
    throw new TypeError(`${name} answered both \`${one}\` and \`${other}\`, of which one alone is told`);
  }
}

/** Whether a member is there: `null` is a value of JSON alone. */
const has = (said, name) => (['json', 'structured'].includes(name) ? said[name] !== undefined : isThere(said[name]));

/** What a person is told; the rest of an unexpected exception goes to the log. */
export function reason(self, error) {
  if (!(error instanceof Error)) return String(error);
  if (error.constructor !== Error && !(error instanceof Refusal)) self.log?.('error', describe(error), []);
  return error.message;
}
