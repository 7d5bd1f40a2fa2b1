// Owns events beside those that pass through. Only where their types are granted (`[grants] publish = ["alert.*"]`).
import { publish as hostPublish } from '#host/bus';
import { data as dataOf, only, pairs, texts } from './answer.js';
import { calling } from './texts.js';

const host = calling(hostPublish);

/** Publishes events once those of the batch are stored. Throws if none of them is taken. */
export function publish(...events) {
  try {
    host(events.flat().map(wire));
  } catch (error) {
    const why = error?.payload ?? error;
    throw typeof why === 'string' ? new Error(why) : error;
  }
}

const TEXTS = ['id', 'source', 'subject', 'contentType'];

function wire(event) {
  only('an event', event, ['type', ...TEXTS, 'extensions', 'data', 'json']);
  texts('an event', event, TEXTS, ['type']);
  const { type, id, source, subject, contentType, extensions } = event;
  const data = dataOf('an event', event) ?? new Uint8Array(0);
  return { type, id, source, subject, contentType, extensions: pairs(extensions), data };
}
