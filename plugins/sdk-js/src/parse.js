// Owns the reading of JSON that nobody has checked: texts of strangers.
//
// Engines read nested values by calls within calls, which use up the stack of a component: a text of brackets would end it.

const LEVELS = 128; // as in other SDKs

/** The value of a JSON text. Throws a `SyntaxError`, also for a text of more than 128 levels. */
export function parse(text) {
  if (brackets(text) && deep(text)) throw new SyntaxError(`more than ${LEVELS} lists and objects within each other`);
  return JSON.parse(text);
}

/** Whether there are so many brackets that the text may be too deep. Most texts have fewer: they are not read twice. */
function brackets(text) {
  let count = 0;
  for (const bracket of ['[', '{']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      if (++count > LEVELS) return true;
    }
  }
  return false;
}

/** Whether a text is too deep as far as it is JSON: brackets count outside of strings. */
function deep(text) {
  // Without what is escaped, quotes are ends of strings alone, and every second piece is outside.
  const pieces = (text.includes('\\') ? text.replace(/\\[^]/g, '') : text).split('"');
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
