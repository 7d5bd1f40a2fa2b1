/** What a key holds. */
export class Entry {
  private constructor();
  readonly value: Uint8Array;
  /** Changes with every write. */
  readonly version: number;
  text(): string | undefined;
  json<T = any>(): T;
}

/** Why something was not written. */
export class WriteError extends Error {
  private constructor();
  readonly reason: 'stale' | 'quota' | 'other';
  /** With `stale`: what the key holds now. */
  readonly current: Entry | undefined;
}

type Bytes = Uint8Array | string;
interface Put {
  /** Only if the key has this version; 0 is that of a key that is not there. */
  ifVersion?: number;
  /** The key is gone after so many milliseconds. */
  ttlMs?: number;
}

export function get(key: string): Entry | undefined;
/** What keys hold, in order; at most 1,000. */
export function getMany(keys: string[]): (Entry | undefined)[];
/** Sets a key; its new version. Throws a `WriteError`. */
export function put(key: string, value: Bytes, options?: Put): number;
export function putJson(key: string, value: unknown, options?: Put): number;
/**
 * Adds to a number, which is 0 if the key is not there; the sum, rounded beyond 2^53. It is kept in 64 bits, and stays at their ends.
 * `ttlMs` counts from when the key is made.
 */
export function increment(key: string, by?: number, options?: { ttlMs?: number }): number;
declare function remove(key: string): boolean;
export { remove as delete };
/** Keys that begin with `prefix` and come after `after`, in order; at most 1,000. */
export function keys(prefix: string, after?: string, limit?: number): string[];
