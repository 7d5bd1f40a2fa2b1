/** How far the call is; `done` has to increase from report to report. */
export function progress(done: number, total?: number, message?: string): void;
/** Whether nobody waits for the call any more. */
export function cancelled(): boolean;
/** Sleeps, unless the call is cancelled meanwhile: then it throws `Cancelled`. In tests it takes no time. */
export function sleep(ms: number): void;
/** The call was cancelled; there is a second to tidy up. */
export class Cancelled extends Error {}
/** Tells clients that what they know of a list may not be so any more. */
export function changed(what: 'tools' | 'prompts' | 'resources'): void;
/** Tells those who follow a resource that its content changed. */
export function updated(uri: string): void;
