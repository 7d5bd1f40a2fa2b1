// Owns what a call by a client says and hears meanwhile. Outside of such calls all of it does nothing.
import { cancelled as hostCancelled, changed as hostChanged, report, updated as hostUpdated } from '#host/call';

/** How far the call is; `done` has to increase. */
export const progress = (done, total, message) => report(done, total, message);

/** Whether nobody waits for the call any more. */
export const cancelled = () => hostCancelled();

/** Tells clients that a list may have changed: `tools`, `prompts` or `resources`. */
export const changed = (what) => hostChanged(what);

/** Tells those who follow a resource that its content changed. */
export const updated = (uri) => hostUpdated(uri);
