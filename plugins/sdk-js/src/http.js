// Owns requests to other hosts. Only to those that the operator grants (`[grants] http = ["api.example.com"]`). They block until
// the whole answer is there; redirects are answers.
import { send as hostSend } from '#host/http';
import { bytes, isThere, json as encoded } from './answer.js';
import { Fault } from './failure.js';
import { parse } from './parse.js';
import { calling } from './texts.js';
import { decode, decodeAnyway, encode } from './utf8.js';

const host = calling(hostSend);

/**
 * Why there is no answer: `reason` is `denied`, `timed-out`, `too-large`, `request` or `failed`. Left alone in `decide` or `apply` it
 * is a fault: the host asks again where that may help.
 */
export class HttpError extends Fault {
  constructor(reason, detail) {
    const said = { denied: 'denied: ', 'timed-out': 'timed out: ', 'too-large': 'too large: ' }[reason] ?? '';
    super(reason === 'timed-out' || reason === 'failed' ? 'retry' : 'broken', said + detail);
    this.name = 'HttpError';
    this.reason = reason;
  }
}

/** A whole answer. */
export class Response {
  #headers;

  constructor({ status, headers, body }) {
    this.status = status;
    this.body = body;
    this.#headers = headers;
  }

  /** Whether the status is 200 to 299. */
  get isSuccess() {
    return this.status >= 200 && this.status <= 299;
  }

  /** A header field that is text; of several, the first. */
  header(name) {
    const found = this.#headers.find(([own]) => own.toLowerCase() === name.toLowerCase());
    return found && decode(found[1]);
  }

  text() {
    return decodeAnyway(this.body);
  }

  json() {
    const text = decode(this.body);
    if (text === undefined) throw new HttpError('failed', 'the answer is not UTF-8');
    try {
      return parse(text);
    } catch (error) {
      throw new HttpError('failed', `the answer is not JSON: ${error.message}`);
    }
  }
}

/** The answer to a GET. */
export const get = (url, options) => send({ ...options, method: 'GET', url });

/** The answer to a POST with this body. */
export const post = (url, body, options) => send({ ...options, method: 'POST', url, body });

const MEMBERS = ['method', 'url', 'headers', 'body', 'json', 'timeoutMs'];
const WITH_BODY = ['POST', 'PUT', 'PATCH'];

/** Sends a request, and waits for the whole answer, whatever its status. */
export function send(request) {
  const unknown = Object.keys(request).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) throw new TypeError(`a request has no member \`${unknown}\`; it has ${MEMBERS.join(', ')}`);
  const { method = 'GET', url, headers = [], body, timeoutMs } = request;
  const [, scheme, authority, target] = /^(https?):\/\/([^/?#]*)([^#]*)/.exec(url) ?? [];
  if (scheme === undefined) throw new HttpError('request', `\`${url}\` does not begin with \`https://\` or \`http://\``);
  if ('json' in request && isThere(body)) throw new TypeError('a request has both `json` and `body`, of which one alone is sent');
  const data = 'json' in request ? encoded(request.json) : (bytes(body) ?? new Uint8Array(0));
  const fields = (Array.isArray(headers) ? headers : Object.entries(headers)).map(([name, value]) => [name, bytes(value)]);
  const has = (wanted) => fields.some(([name]) => name.toLowerCase() === wanted);
  if ('json' in request && !has('content-type')) fields.push(['content-type', encode('application/json')]);
  fields.filter(([name]) => name.toLowerCase() === 'content-length').forEach(([, value]) => sameLength(value, data.length));
  if (!has('content-length') && (data.length > 0 || WITH_BODY.includes(method))) {
    fields.push(['content-length', encode(String(data.length))]);
  }
  const path = target.startsWith('/') ? target : `/${target}`;
  const sent = { method, secure: scheme === 'https', authority, path, fields, data, timeoutMs };
  return new Response(host(sent, (reason, detail) => new HttpError(reason, detail)));
}

/** Refuses a length that is not the body's: the request would be cut off, and might pass for a whole one. */
function sameLength(value, length) {
  const said = value === undefined ? '' : decodeAnyway(value);
  if (!/^\d+$/.test(said)) throw new HttpError('request', '`content-length` is no number');
  if (Number(said) === length) return;
  throw new HttpError('request', `the header content-length says ${said} bytes, the body has ${length}; leave the header out`);
}
