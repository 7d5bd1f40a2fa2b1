// Owns the plugin's voice in the host's log. Offered to every plugin.
import { log } from '#host/log';
import { calling } from './texts.js';

const host = calling(log);

/** Writes one line; `fields` are names and values that belong to it. */
export function write(level, message, fields = {}) {
  host(level, String(message), Object.entries(fields).map(([name, value]) => [name, String(value)]));
}

export const trace = (message, fields) => write('trace', message, fields);
export const debug = (message, fields) => write('debug', message, fields);
export const info = (message, fields) => write('info', message, fields);
export const warn = (message, fields) => write('warn', message, fields);
export const error = (message, fields) => write('error', message, fields);
