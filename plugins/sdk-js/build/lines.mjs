// Owns the reading of a source map (version 3), as far as lines go.

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** For each line of the bundle two numbers: which source (-1: none), and its line there, from 1. */
export function lines(mappings) {
  let [source, row] = [0, 0];
  return mappings.split(';').flatMap((line) => {
    let first;
    for (const segment of line === '' ? [] : line.split(',')) {
      const [, sources, rows] = numbers(segment);
      if (sources === undefined) continue;
      source += sources;
      row += rows;
      first ??= [source, row + 1];
    }
    return first ?? [-1, 0];
  });
}

/** Base 64 VLQ. */
function numbers(segment) {
  const all = [];
  let [value, shift] = [0, 0];
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value |= (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    all.push(value & 1 ? -(value >>> 1) : value >>> 1);
    [value, shift] = [0, 0];
  }
  return all;
}
