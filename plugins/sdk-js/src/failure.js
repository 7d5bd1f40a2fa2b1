// Owns what an author throws instead of an ordinary answer.

/** What is wrong with an event. Thrown, it rejects the event (event types: it is invalid); several are thrown as a list. */
export class Problem extends Error {
  constructor(at, detail) {
    super(at === '' ? detail : `${at}: ${detail}`);
    this.name = 'Problem';
    this.at = at;
    this.detail = detail;
  }
}

/** The plugin as a whole cannot go on with this batch. */
export class Fault extends Error {
  constructor(tag, why) {
    super(why);
    this.name = 'Fault';
    this.tag = tag;
  }

  /** Something outside of the event is missing for the moment; the host asks again, within bounds. */
  static retry(why) {
    return new Fault('retry', why);
  }

  /** The plugin cannot work. */
  static broken(why) {
    return new Fault('broken', why);
  }
}

/** Why a delivery is not taken: a status of 400 to 499, or 503. */
export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.name = 'Refusal';
    this.status = status;
  }
}
