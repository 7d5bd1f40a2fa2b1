// Owns UTF-8: bytes to text and back, the same with and without TextDecoder (QuickJS has none).

const CHUNK = 4096; // arguments of one call of String.fromCharCode, which engines bound

/** The text of `bytes`; `undefined` if they are not UTF-8. A byte order mark is part of the text. */
export const decode = typeof TextDecoder === 'function' ? native() : decodeByHand;

/** The bytes of `text` in UTF-8; half a surrogate pair becomes U+FFFD. */
export const encode = typeof TextEncoder === 'function' ? (text) => new TextEncoder().encode(text) : encodeByHand;

function native() {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return (bytes) => {
    try {
      return decoder.decode(bytes);
    } catch {
      return undefined;
    }
  };
}

export function decodeByHand(bytes) {
  const length = bytes.length;
  let at = 0;
  while (at < length && bytes[at] < 0x80) at++;
  if (at === length) return ascii(bytes);
  let text = at === 0 ? '' : ascii(bytes.subarray(0, at));
  let units = [];
  while (at < length) {
    const first = bytes[at++];
    let point = first;
    if (first >= 0x80) {
      const more = first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
      if (more < 0 || at + more > length) return undefined;
      point = first & (0x3f >> more);
      for (let n = 0; n < more; n++) {
        const next = bytes[at++];
        if ((next & 0xc0) !== 0x80) return undefined;
        point = (point << 6) | (next & 0x3f);
      }
      if (more === 2 && (point < 0x800 || (point >= 0xd800 && point < 0xe000))) return undefined;
      if (more === 3 && (point < 0x10000 || point > 0x10ffff)) return undefined;
    }
    if (point < 0x10000) {
      units.push(point);
    } else {
      units.push(0xd7c0 + (point >> 10), 0xdc00 + (point & 0x3ff));
    }
    if (units.length >= CHUNK - 1) {
      text += String.fromCharCode.apply(null, units);
      units = [];
    }
  }
  return text + String.fromCharCode.apply(null, units);
}

function ascii(bytes) {
  if (bytes.length <= CHUNK) return String.fromCharCode.apply(null, bytes);
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + CHUNK));
  }
  return text;
}

export function encodeByHand(text) {
  const length = text.length;
  const bytes = new Uint8Array(length * 3);
  let at = 0;
  for (let n = 0; n < length; n++) {
    let point = text.charCodeAt(n);
    if (point < 0x80) {
      bytes[at++] = point;
      continue;
    }
    if (point >= 0xd800 && point < 0xe000) {
      const low = point < 0xdc00 && n + 1 < length ? text.charCodeAt(n + 1) : 0;
      if (low >= 0xdc00 && low < 0xe000) {
        point = ((point - 0xd7c0) << 10) | (low & 0x3ff);
        n++;
      } else {
        point = 0xfffd;
      }
    }
    if (point < 0x800) {
      bytes[at++] = 0xc0 | (point >> 6);
    } else {
      if (point < 0x10000) {
        bytes[at++] = 0xe0 | (point >> 12);
      } else {
        bytes[at++] = 0xf0 | (point >> 18);
        bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
      }
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
    }
    bytes[at++] = 0x80 | (point & 0x3f);
  }
  return bytes.slice(0, at);
}
