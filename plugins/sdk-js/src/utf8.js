// Owns UTF-8: bytes to text and back, the same with and without TextDecoder.
//
// QuickJS has none, but functions for base64 and for addresses. A detour by these is several times as quick as a loop.

const BEYOND_ASCII = /[^\x00-\x7f]/;
const NEXT = String.raw`[\x80-\xbf]`;
const THREE = String.raw`(?:\xe0[\xa0-\xbf]|\xed[\x80-\x9f]|[\xe1-\xec\xee\xef]${NEXT})`; // begins a character of so many bytes
const FOUR = String.raw`(?:\xf0[\x90-\xbf]|\xf4[\x80-\x8f]|[\xf1-\xf3]${NEXT})`;
/** A character in UTF-8, each byte as a unit of text; as a group what begins like one, or is a byte too many. */
const SEQUENCE = new RegExp(String.raw`[\xc2-\xdf]${NEXT}|${THREE}${NEXT}|${FOUR}${NEXT}{2}|(${THREE}|${FOUR}${NEXT}?|[\x80-\xff])`, 'g');

const has = (name) => typeof globalThis[name] === 'function';

/** The text of `bytes`; `undefined` if they are not UTF-8. A byte order mark is part of the text. */
export const decode = has('TextDecoder') ? native({ fatal: true, ignoreBOM: true }) : decodeByBase64;

/** The text of `bytes`; what is not UTF-8 becomes U+FFFD. */
export const decodeAnyway = has('TextDecoder') ? native({ ignoreBOM: true }) : decodeAnywayByBase64;

/** The bytes of `text` in UTF-8; half a surrogate pair becomes U+FFFD. */
export const encode = has('TextEncoder') ? (text) => new TextEncoder().encode(text) : encodeByBase64;

function native(options) {
  const decoder = new TextDecoder('utf-8', options);
  return (bytes) => {
    try {
      return decoder.decode(bytes);
    } catch {
      return undefined;
    }
  };
}

/** Bytes as units of text, as they were before there was Unicode. */
const units = (bytes) => atob(bytes.toBase64());

function joined(units) {
  try {
    return BEYOND_ASCII.test(units) ? decodeURIComponent(escape(units)) : units;
  } catch {
    return undefined;
  }
}

export function decodeByBase64(bytes) {
  return joined(units(bytes));
}

export function decodeAnywayByBase64(bytes) {
  const all = units(bytes);
  return joined(all) ?? joined(all.replace(SEQUENCE, (found, wrong) => (wrong === undefined ? found : '\xef\xbf\xbd')));
}

export function encodeByBase64(text) {
  return Uint8Array.fromBase64(btoa(BEYOND_ASCII.test(text) ? unescape(encodeURIComponent(text.toWellFormed())) : text));
}
