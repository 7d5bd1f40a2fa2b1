// Owns sending by `wasi:http`: the request's head, its body, then the answer until its end.
//
// While a component is built the package stands under `host:`, for the engine has no WASI of its own. What belongs to something
// else is given back before that, in this order: the collector knows none.
import { handle } from 'host:http/outgoing-handler@0.2.0';
import { Fields, OutgoingBody, OutgoingRequest, RequestOptions } from 'host:http/types@0.2.0';
import { long } from '../build.js';

const WRITE_BYTES = 4096; // of a blocking write, at most
const READ_BYTES = 64 << 10;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'];

/** Sends a request that `http.js` read. `failed` makes the error of a reason and a detail. */
export function send(wanted, failed) {
  const request = head(wanted, failed);
  const body = attempt(() => request.body(), () => failed('request', '`content-length` is no number'));
  const options = new RequestOptions();
  // A host that cannot do that has a limit of its own.
  if (wanted.timeoutMs !== undefined) quietly(() => options.setFirstByteTimeout(long(Math.round(wanted.timeoutMs * 1e6))));
  const answer = attempt(() => handle(request, options), (code) => {
    dispose(body);
    return failed(...reason(code));
  });
  // A request that was ended meanwhile takes no more; why, its answer says, which may be a whole one.
  dispose(quietly(() => write(body, wanted.data))?.val);
  quietly(() => OutgoingBody.finish(body, null));
  const arrival = answer.subscribe();
  arrival.block();
  dispose(arrival);
  const got = answer.get()?.val;
  dispose(answer);
  if (got === undefined) throw failed('failed', 'there is no answer');
  if (got.tag === 'err') throw failed(...reason(got.val));
  return read(got.val, failed);
}

function head({ method, secure, authority, path, fields }, failed) {
  const wrong = (what, text) => () => failed('request', `${what} \`${text}\` is wrong or too long`);
  const list = attempt(() => Fields.fromList(fields), (error) => failed('request', `a header: ${error?.tag}`));
  const request = new OutgoingRequest(list);
  const known = METHODS.includes(method) ? { tag: method.toLowerCase() } : { tag: 'other', val: method };
  attempt(() => request.setMethod(known), wrong('the method', method));
  request.setScheme({ tag: secure ? 'HTTPS' : 'HTTP' });
  attempt(() => request.setAuthority(authority), wrong('the host', authority));
  attempt(() => request.setPathWithQuery(path), wrong('the path', path));
  return request;
}

function write(body, bytes) {
  const stream = body.write();
  try {
    for (let at = 0; at < bytes.length; at += WRITE_BYTES) stream.blockingWriteAndFlush(bytes.subarray(at, at + WRITE_BYTES));
  } finally {
    dispose(stream);
  }
}

function read(response, failed) {
  const fields = response.headers();
  const [status, headers] = [response.status(), fields.entries()];
  const body = response.consume();
  const stream = body.stream();
  const parts = [];
  const next = () => parts.push(stream.blockingRead(long(READ_BYTES)));
  let end;
  while (end === undefined) end = quietly(next);
  const why = end.tag === 'closed' ? undefined : end.val.toDebugString();
  [end.val, stream, body, fields, response].forEach(dispose);
  if (why !== undefined) throw failed('failed', why);
  return { status, headers, body: joined(parts) };
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

const dispose = (resource) => resource?.[Symbol.dispose ?? Symbol.for('dispose')]();

/** What a call answers; `wrong` makes an exception of the host's error. */
function attempt(call, wrong) {
  try {
    return call();
  } catch (error) {
    throw wrong(told(error));
  }
}

/** The host's error, if there is one. */
function quietly(call) {
  try {
    call();
    return undefined;
  } catch (error) {
    return told(error) ?? null;
  }
}

/** What the host answered instead of a result; anything else that is thrown goes on. */
function told(error) {
  let found = error;
  while (typeof found === 'object' && found !== null && 'payload' in found) found = found.payload;
  if (found instanceof Error) throw found;
  return found;
}

const REASONS = {
  'HTTP-request-denied': ['denied', 'the host was not granted'],
  'destination-IP-prohibited': ['denied', 'its address is not public and was not granted'],
  'DNS-timeout': ['timed-out', 'looking up its name'],
  'connection-timeout': ['timed-out', 'connecting to it'],
  'connection-read-timeout': ['timed-out', 'waiting for its answer'],
  'HTTP-response-timeout': ['timed-out', 'waiting for its answer'],
  'connection-write-timeout': ['timed-out', 'sending the request'],
  'HTTP-request-body-size': ['too-large', 'the body of the request'],
  'HTTP-response-body-size': ['too-large', 'the body of the answer'],
  'HTTP-response-header-section-size': ['too-large', 'the head of the answer'],
  'HTTP-request-method-invalid': ['request', 'its method is not one that may be sent'],
  'HTTP-request-URI-invalid': ['request', 'its URL names no host that a request can go to'],
  'connection-refused': ['failed', 'the host takes no connection'],
  'TLS-certificate-error': ['failed', "the host's certificate is not trusted"],
};

/** An error of the host in the SDK's terms. */
function reason({ tag, val }) {
  const known = Object.entries(REASONS).find(([name]) => name.toLowerCase() === tag.toLowerCase());
  return known?.[1] ?? ['failed', val === undefined || val === null ? tag : `${tag}: ${JSON.stringify(val)}`];
}
