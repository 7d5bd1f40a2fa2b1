// Owns texts at the border to the host, which are UTF-8: half of a surrogate pair, which a text here may have, becomes U+FFFD, as in
// other languages. The bindings would end the component at one.
//
// All that goes out goes through here: what is answered and thrown (`answering`), and what the host is called with (`calling`).

/** A value of the contract with such texts. */
export function wellFormed(value) {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(wellFormed);
  return mapped(value, wellFormed);
}

/** A function of the host that is called with such texts. */
export const calling = (host) => (...given) => host(...given.map(wellFormed));

/** Interfaces whose functions answer, and throw, such texts. An `Error` is no answer, and is left alone. */
export const answering = (interfaces) => mapped(interfaces, (functions) => mapped(functions, told));

const told = (call) => (...given) => {
  try {
    return wellFormed(call(...given));
  } catch (error) {
    throw error instanceof Error ? error : wellFormed(error);
  }
};

const mapped = (members, make) => Object.fromEntries(Object.entries(members).map(([name, value]) => [name, make(value)]));
