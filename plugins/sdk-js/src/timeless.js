// Owns when the clock is taken: the build imports this before the author's module and its packages, which may ask for the time, or keep
// `Date.now`, as soon as they are read.
import { withoutClock } from './clock.js';

withoutClock();
