type Fields = { [name: string]: unknown };
export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Writes one line under the plugin's name in the host's log, with names and values that belong to it. */
export function write(level: Level, message: string, fields?: Fields): void;
export function trace(message: string, fields?: Fields): void;
export function debug(message: string, fields?: Fields): void;
export function info(message: string, fields?: Fields): void;
export function warn(message: string, fields?: Fields): void;
export function error(message: string, fields?: Fields): void;
