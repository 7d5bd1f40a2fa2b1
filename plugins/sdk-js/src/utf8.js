// Owns UTF-8: bytes to text and back, the same with and without TextDecoder.
//
// QuickJS has none, but functions for base64 and for addresses. A detour by these is several times as quick as a loop.

const BEYOND_ASCII = /[^\x00-\x7f]/;

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
  return joined(all) ?? marked(bytes, all);
}

/** What is a text as it is, and U+FFFD for what begins like a character, or is a byte too many. */
function marked(bytes, all) {
  const [parts, end] = [[], bytes.length];
  let [from, ascii] = [0, true];
  const keep = (to) => from < to && parts.push(ascii ? all.slice(from, to) : joined(all.slice(from, to)));
  for (let at = 0; at < end; at++) {
    const lead = bytes[at];
    if (lead < 0x80) continue;
    const length = lead < 0xc2 || lead > 0xf4 ? -1 : sequence(lead, bytes, at);
    if (length > 0) {
      ascii = false;
      at += length - 1;
      continue;
    }
    keep(at);
    parts.push('\ufffd');
    from = at - length;
    at = from - 1;
    ascii = true;
  }
  keep(end);
  return parts.join('');
}

/** How long the character is that begins here; below 0, of how many bytes it is none. */
function sequence(lead, bytes, at) {
  const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  let low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  let high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  for (let n = 1; n <= more; n++) {
    const next = bytes[at + n];
    if (!(next >= low && next <= high)) return -n;
    [low, high] = [0x80, 0xbf];
  }
  return more + 1;
}

export function encodeByBase64(text) {
  return Uint8Array.fromBase64(btoa(BEYOND_ASCII.test(text) ? unescape(encodeURIComponent(text.toWellFormed())) : text));
}
