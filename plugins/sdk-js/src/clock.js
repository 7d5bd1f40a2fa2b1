// Owns what is said where there is no clock: the engine's own would end the component, without a line.

const OWN = Date;

function missing(name) {
  return new ReferenceError(`${name} is not there: a plugin has no clock; when an event happened says its \`timeMs\``);
}

const now = () => {
  throw missing('Date.now()');
};

/** `Date` as it is, but for what asks what time it is. */
export const Timeless = new Proxy(OWN, {
  get: (own, name) => (name === 'now' ? now : own[name]),
  apply() {
    throw missing('Date()');
  },
  construct(own, given, made) {
    if (given.length === 0) throw missing('new Date()');
    return Reflect.construct(own, given, made);
  },
});

/** Takes the clock from all that is called from now on. */
export function withoutClock() {
  globalThis.Date = Timeless;
  Object.defineProperty(OWN.prototype, 'constructor', { value: Timeless });
  if (globalThis.performance !== undefined) {
    globalThis.performance = {
      now() {
        throw missing('performance.now()');
      },
    };
  }
}
