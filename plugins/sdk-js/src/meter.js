// Owns figures of the plugin's own, shown in the host's `GET /metrics`. Offered to every plugin.
import { add as hostAdd, record as hostRecord } from '#host/meter';
import { long } from './build.js';
import { calling } from './texts.js';

const counted = calling(hostAdd);
const recorded = calling(hostRecord);

/** Adds to a counter. */
export const add = (name, delta = 1) => counted(name, long(delta));

/** Puts a value into a histogram. */
export const record = (name, value) => recorded(name, value);
