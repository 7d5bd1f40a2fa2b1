// Owns the reading of rows: what the host hands over (`types.batch` in the contract) seen as events.
//
// Nothing is decoded before somebody asks for it. Knows nothing about answers but how a wrong event is told.
import { Fault, Problem } from './failure.js';
import { parse } from './parse.js';
import { decode } from './utf8.js';

const ROW = 64; // bytes: seven spans of two u32, and the time as a u64
const WORDS = 16; // the same in u32
const FIELDS = ['id', 'source', 'type', 'subject', 'content type', 'extensions', 'data'];

/** Some events, in the order in which they were published per source. */
export class Batch {
  /** From the batch of the contract. Throws `Fault.broken` if rows are cut off. */
  constructor({ rows, arena }) {
    if (rows.length % ROW !== 0) throw Fault.broken(`rows: ${rows.length} bytes are not a multiple of ${ROW}`);
    this.arena = arena;
    this.words = words(rows);
    this.length = rows.length / ROW;
  }

  /** The event at this place, from 0. */
  at(index) {
    return new Event(this, index);
  }

  *[Symbol.iterator]() {
    for (let index = 0; index < this.length; index++) yield new Event(this, index);
  }

  /** The bytes of one field. Throws `Fault.broken` if they are outside of the arena. */
  field(row, number) {
    const place = row * WORDS + number * 2;
    const length = this.words[place + 1];
    if (length === 0) return NOTHING;
    const end = this.words[place] + length;
    if (end > this.arena.length) {
      throw Fault.broken(`row ${row}: the ${FIELDS[number]} ends outside the arena of ${this.arena.length} bytes`);
    }
    return this.arena.subarray(this.words[place], end);
  }
}

/** One event. Each attribute is read when it is first asked for. */
export class Event {
  #batch;
  #row;
  #texts = [];

  constructor(batch, row) {
    this.#batch = batch;
    this.#row = row;
  }

  get id() {
    return this.#text(0);
  }

  get source() {
    return this.#text(1);
  }

  get type() {
    return this.#text(2);
  }

  get subject() {
    return this.#text(3) || undefined;
  }

  get contentType() {
    return this.#text(4) || undefined;
  }

  get timeMs() {
    const place = this.#row * WORDS + 14;
    return this.#batch.words[place] + this.#batch.words[place + 1] * 0x100000000;
  }

  get extensions() {
    const text = this.#text(5);
    return text === '' ? {} : JSON.parse(text);
  }

  extension(name) {
    const all = this.extensions;
    return Object.hasOwn(all, name) && all[name] !== null ? String(all[name]) : undefined;
  }

  get data() {
    return this.#batch.field(this.#row, 6);
  }

  get isJson() {
    const type = this.contentType;
    if (type === undefined) return true;
    const essence = type.split(';', 1)[0].trimEnd().toLowerCase();
    return essence === 'application/json' || /^[\x00-\x7f]*\+json$/.test(essence);
  }

  text() {
    const text = decode(this.data);
    if (text === undefined) throw new Problem('', 'the data is not UTF-8');
    return text;
  }

  json() {
    const text = this.text();
    try {
      return parse(text);
    } catch (error) {
      throw new Problem('', `the data is not JSON: ${error.message}`);
    }
  }

  #text(number) {
    return (this.#texts[number] ??= decode(this.#batch.field(this.#row, number)) ?? '');
  }
}

const NOTHING = new Uint8Array(0);
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Rows as numbers: in place where that is possible. */
function words(rows) {
  if (LITTLE_ENDIAN && rows.byteOffset % 4 === 0) return new Uint32Array(rows.buffer, rows.byteOffset, rows.length / 4);
  const view = new DataView(rows.buffer, rows.byteOffset, rows.length);
  return Uint32Array.from({ length: rows.length / 4 }, (_, at) => view.getUint32(at * 4, true));
}
