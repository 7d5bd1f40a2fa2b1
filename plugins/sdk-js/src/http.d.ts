import type { Fault } from './index.js';

/** Why there is no answer. Left alone in `decide` or `apply` it is a fault: the host asks again where that may help. */
export class HttpError extends Fault {
  private constructor();
  /**
   * `denied`: the host, or its address, was not granted. `timed-out`. `too-large`: more than the plugin's limits allow. `request`: it
   * cannot be sent as it is. `failed`: it could not be sent, or not be answered.
   */
  readonly reason: 'denied' | 'timed-out' | 'too-large' | 'request' | 'failed';
}

/** A whole answer. */
export class Response {
  private constructor();
  readonly status: number;
  readonly body: Uint8Array;
  /** Whether the status is 200 to 299. */
  readonly isSuccess: boolean;
  /** A header field that is text; of several, the first. */
  header(name: string): string | undefined;
  /** The body as text; what is not UTF-8 becomes U+FFFD, which takes many times as long. */
  text(): string;
  /** The body as JSON; what is not is an `HttpError`. */
  json<T = any>(): T;
}

interface Options {
  /** `Host` and those about the connection are the host's; `content-length` is best left out, and has to be that of the body. */
  headers?: { [name: string]: string } | [string, string | Uint8Array][];
  /** Waits for the answer's head at most this long, if that is less than the plugin's limit. */
  timeoutMs?: number;
}

/** A request: `method` is GET if it is left out; `json` is a value that is sent as JSON. */
export interface Request extends Options {
  method?: string;
  /** `https://…` or `http://…`. */
  url: string;
  body?: Uint8Array | string;
  json?: unknown;
}

/** The answer to a GET, whatever its status. Throws an `HttpError`. */
export function get(url: string, options?: Options): Response;
/** The answer to a POST with this body. */
export function post(url: string, body: Uint8Array | string, options?: Options): Response;
/** Sends a request, and waits for the whole answer. */
export function send(request: Request): Response;
