import type { Draft } from './index.js';

/** Publishes events once those of the batch are stored. Throws, with the reason, if none of them is taken. */
export function publish(...events: (Omit<Draft, 'timeMs'> | Omit<Draft, 'timeMs'>[])[]): void;
