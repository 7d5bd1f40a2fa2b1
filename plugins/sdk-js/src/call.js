// Owns what a call by a client says and hears meanwhile. Outside of such calls all of it does nothing.
import { cancelled as hostCancelled, changed as hostChanged, report as hostReport, sleep as hostSleep, updated as hostUpdated } from '#host/call';
import { calling } from './texts.js';

const [report, tellChanged, tellUpdated] = [hostReport, hostChanged, hostUpdated].map(calling);
const SLICE_MS = 50; // how long a call sleeps before it looks whether somebody still waits

/** The call was cancelled; there is a second to tidy up. */
export class Cancelled extends Error {
  constructor() {
    super('the call was cancelled');
    this.name = 'Cancelled';
  }
}

/** How far the call is; `done` has to increase. */
export const progress = (done, total, message) => report(done, total, message);

/** Whether nobody waits for the call any more. */
export const cancelled = () => hostCancelled();

/** Sleeps, unless the call is cancelled meanwhile: then it throws `Cancelled`. */
export function sleep(ms) {
  for (let left = ms; !cancelled(); left -= SLICE_MS) {
    if (left <= 0) return;
    hostSleep(Math.min(left, SLICE_MS));
  }
  throw new Cancelled();
}

/** Tells clients that a list may have changed: `tools`, `prompts` or `resources`. */
export const changed = (what) => tellChanged(what);

/** Tells those who follow a resource that its content changed. */
export const updated = (uri) => tellUpdated(uri);
