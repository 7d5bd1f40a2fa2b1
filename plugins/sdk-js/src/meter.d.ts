/** Adds to a counter. Names are 1 to 64 characters of `a` to `z`, `0` to `9` and `_`, and begin with a letter. */
export function add(name: string, delta?: number): void;
/** Puts a value into a histogram. */
export function record(name: string, value: number): void;
