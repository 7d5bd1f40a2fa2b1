// Owns the reading of JSON that nobody has checked: texts of strangers.
//
// Engines read nested values by calls within calls, which use up the stack of a component: a text of brackets would end it.

const LEVELS = 128; // as in other SDKs
const STEP = 100; // of a run of 200 digits two are at multiples of it
const EXPONENT = /^\+?\d{3,}\s*(?:[,\]}]|$)/;
const NUMBER = /-?\d[\d.eE+-]*/g;
const SHOWN_MAX = 40; // digits

/** The value of a JSON text. Throws a `SyntaxError`, also for a text of more than 128 levels, and for a number that would be infinite. */
export function parse(text) {
  if (brackets(text) && deep(text)) throw new SyntaxError(`more than ${LEVELS} lists and objects within each other`);
  const value = JSON.parse(text);
  const number = large(text) ? infinite(text) : undefined;
  if (number !== undefined) throw new SyntaxError(`the number ${number.slice(0, SHOWN_MAX)} is too large`);
  return value;
}

/** Whether there are so many brackets that the text may be too deep. Most texts have fewer: they are not read twice. */
const brackets = (text) => text.split('[', LEVELS + 2).length + text.split('{', LEVELS + 2).length - 2 > LEVELS;

/** Whether a number may be too large: it has an exponent of three digits, or hundreds of digits. Most texts have none, as above. */
function large(text) {
  for (const mark of ['e', 'E']) {
    const pieces = text.split(mark);
    for (let n = 1; n < pieces.length; n++) {
      const unit = pieces[n].charCodeAt(0);
      if (unit <= 0x39 && unit >= 0x2b && EXPONENT.test(pieces[n])) return true;
    }
  }
  let digits = 0;
  for (let at = STEP; at < text.length && digits < 2; at += STEP) {
    const unit = text.charCodeAt(at);
    digits = unit >= 0x30 && unit <= 0x39 ? digits + 1 : 0;
  }
  return digits === 2;
}

/** The first such number. */
function infinite(text) {
  for (const piece of outside(text)) {
    const found = piece.match(NUMBER)?.find((number) => Math.abs(Number(number)) === Infinity);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What is outside of strings. */
function outside(text) {
  // Without what is escaped, quotes are ends of strings alone, and every second piece is outside.
  const pieces = (text.includes('\\') ? text.replace(/\\[^]/g, '') : text).split('"');
  return pieces.filter((_, n) => n % 2 === 0);
}

/** Whether a text is too deep as far as it is JSON: brackets count outside of strings. */
function deep(text) {
  let depth = 0;
  for (const piece of outside(text)) {
    if (piece === ':' || piece === ',' || piece === ': ' || piece === ', ') continue; // as most are
    for (let at = 0; at < piece.length; at++) {
      const unit = piece.charCodeAt(at) | 0x20; // makes `{` of `[`, and `}` of `]`
      if (unit === 0x7b && ++depth > LEVELS) return true;
      if (unit === 0x7d) depth--;
    }
  }
  return false;
}
