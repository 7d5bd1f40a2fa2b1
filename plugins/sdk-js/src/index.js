// Write Tidemill plugins in JavaScript and TypeScript: what an author's module needs beside its own functions.
export { drop, emit, invalid, keep, normalised, reject, retry, valid } from './answer.js';
export { audio, embedded, image, link } from './content.js';
export { Fault, NotFound, Problem, Refusal, UnknownPrompt, UnknownTool } from './failure.js';
export { escapeHtml } from './html.js';
