// Owns the reading of JSON that nobody has checked: texts of strangers.
//
// Engines read nested values by calls within calls, which use up the stack of a component: a text of brackets would end it.

const LEVELS = 128; // as in other SDKs
const NUMBER = /-?\d[\d.eE+-]*/g;
const SHOWN_MAX = 40; // digits

/** The value of a JSON text. Throws a `SyntaxError`, also for a text of more than 128 levels, and for a number that would be infinite. */
export function parse(text) {
  if (brackets(text) && deep(text)) throw new SyntaxError(`more than ${LEVELS} lists and objects within each other`);
  const value = JSON.parse(text);
  if (infinite(value)) throw new SyntaxError(`the number ${tooLarge(text)} is too large`);
  return value;
}

/** Whether there are so many brackets that the text may be too deep. Most texts have fewer: they are not read twice. */
const brackets = (text) => text.split('[', LEVELS + 2).length + text.split('{', LEVELS + 2).length - 2 > LEVELS;

/** Whether a number is, or is within. To look at values is quicker than to look for digits in a text. */
function infinite(value) {
  if (typeof value === 'number') return value === Infinity || value === -Infinity;
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const own = value[at];
      if (typeof own !== 'string' && infinite(own)) return true;
    }
    return false;
  }
  for (const name in value) {
    const own = value[name];
    if (typeof own !== 'string' && infinite(own)) return true;
  }
  return false;
}

/** The first such number, as it is written. */
function tooLarge(text) {
  const numbers = outside(text).flatMap((piece, n) => (n % 2 === 0 && piece.match(NUMBER)) || []);
  return numbers.find((number) => Math.abs(Number(number)) === Infinity)?.slice(0, SHOWN_MAX);
}

/** Pieces of a text, of which every second one, from the first, is outside of strings. */
function outside(text) {
  // Without what is escaped, quotes are ends of strings alone.
  return (text.includes('\\') ? text.replace(/\\[^]/g, '') : text).split('"');
}

/** Whether a text is too deep as far as it is JSON: brackets count outside of strings. */
function deep(text) {
  const pieces = outside(text);
  let depth = 0;
  for (let n = 0; n < pieces.length; n += 2) {
    const piece = pieces[n];
    if (piece === ':' || piece === ',' || piece === ': ' || piece === ', ') continue; // as most are
    for (let at = 0; at < piece.length; at++) {
      const unit = piece.charCodeAt(at) | 0x20; // makes `{` of `[`, and `}` of `]`
      if (unit === 0x7b && ++depth > LEVELS) return true;
      if (unit === 0x7d) depth--;
    }
  }
  return false;
}
