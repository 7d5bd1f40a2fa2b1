import type { Event, Output } from './index.js';

/** An event of this type, with id `1`, source `/test`, and what `members` say. */
export function event(type: string, members?: Output & { id?: string; source?: string; timeMs?: number }): Event;
/** What the plugin logged, published, reported, counted and told clients since `clear`. */
export const seen: {
  logged: { level: string; message: string; fields: { [name: string]: string } }[];
  published: { type: string; subject?: string; data: Uint8Array }[];
  reported: { done: number; total?: number; message?: string }[];
  figures: { [name: string]: number | number[] };
  /** Lists that `call.changed` named, and addresses that `call.updated` did. */
  changedLists: string[];
  updatedResources: string[];
  /** What `server.streams()` answers; a test sets it. */
  openStreams: number | undefined;
};
/** Forgets all that, and what the plugin kept. */
export function clear(): void;
