// Owns what the build tells the SDK. It is appended to the bundle, as `globalThis.tidemillBuild`:
// `engine` is `qjs` or `starlingmonkey`; `file` is the bundle's name, `lines` has
// for each of its lines the number of one of `sources` (-1: none) and the line there.

/** What the build told; nothing where nothing was built, as in node. */
export const build = () => globalThis.tidemillBuild ?? {};

/** A number of 64 bits as the engine's bindings want it. */
export const long = (number) => (number === undefined || build().engine === 'qjs' ? number : BigInt(number));
