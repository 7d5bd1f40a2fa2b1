// Owns figures of the host. Only where its operator grants them (`[grants] figures = true`).
import { streams as hostStreams } from '#host/server';
import { calling } from './texts.js';

const host = calling(hostStreams);

/** How many streams are open: all of them, or those of the mount at `path`; `undefined` if there is none at it. */
export const streams = (path) => host(path) ?? undefined;
