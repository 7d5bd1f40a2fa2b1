import type { Event, Output } from './index.js';

/** An event of this type, with id `1`, source `/test`, and what `members` say. */
export function event(type: string, members?: Output & { id?: string; source?: string; timeMs?: number }): Event;
/** What the plugin logged, published, reported and counted since `clear`. */
export const seen: {
  logged: { level: string; message: string; fields: { [name: string]: string } }[];
  published: { type: string; subject?: string; data: Uint8Array }[];
  reported: { done: number; total?: number; message?: string }[];
  figures: { [name: string]: number | number[] };
};
/** Forgets all that, and what the plugin kept. */
export function clear(): void;
