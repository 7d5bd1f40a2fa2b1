import { subscribeDuration } from 'host:clocks/monotonic-clock@0.2.0';
import { long } from '../build.js';

export { cancelled, changed, report, updated } from 'tidemill:plugin/call@0.1.0';

/** Sleeps so many milliseconds. */
export function sleep(ms) {
  const over = subscribeDuration(long(Math.round(ms * 1e6)));
  over.block();
  over[Symbol.dispose ?? Symbol.for('dispose')]();
}
