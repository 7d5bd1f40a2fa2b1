// Owns the stack of an exception as the author knows it: places in the bundle become places in their files.
//
// Reads the table of lines that the build left in the bundle.
import { build } from './build.js';
import { shown } from './shown.js';

const OWN = /(@tidemill\/sdk|sdk-js\/src|\.tidemill\/sdk\/src)\//; // calls of the SDK say nothing to an author
const FRAMES_MAX = 16; // a fault is one line in a log: the innermost calls say enough

/** The message and the stack of whatever was thrown. */
export function describe(thrown) {
  if (!(thrown instanceof Error)) return `threw ${typeof thrown === 'string' ? thrown : shown(thrown)}`;
  const frames = (thrown.stack ?? '')
    .split('\n')
    .map((line) => place(line.trim()))
    .filter((frame) => frame !== undefined && !OWN.test(frame))
    .slice(0, FRAMES_MAX);
  const cause = thrown.cause === undefined ? [] : [`because of ${describe(thrown.cause)}`];
  return [`${thrown.name}: ${thrown.message}`, ...frames.map((frame) => `    at ${frame}`), ...cause].join('\n');
}

/** One frame: V8 and QuickJS write `at name (file:line:column)`, SpiderMonkey `name@file:line:column`. */
function place(line) {
  const found = /^at (?:async )?(?:(.*?) \()?(.*?):(\d+)(?::\d+)?\)?$/.exec(line) ?? /^(.*?)@(.*?):(\d+)(?::\d+)?$/.exec(line);
  if (found === null) return undefined;
  const [, name, file, row] = found;
  const own = mapped(file, Number(row)) ?? `${file}:${row}`;
  return name === undefined || name === '' || name === '<anonymous>' ? own : `${name} (${own})`;
}

function mapped(file, row) {
  const { file: bundle, sources, lines } = build();
  if (bundle === undefined || !file.endsWith(bundle)) return undefined;
  const source = lines[2 * (row - 1)];
  return source >= 0 ? `${sources[source]}:${lines[2 * row - 1]}` : undefined;
}
