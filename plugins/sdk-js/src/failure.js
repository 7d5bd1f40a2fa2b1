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

/** What was thrown as a list of problems: that of a mistake of whoever sent the event. */
export function problemsOf(thrown) {
  if (thrown instanceof Problem) return [thrown];
  return Array.isArray(thrown) && thrown.every((one) => one instanceof Problem) ? thrown : undefined;
}

/** The same in one line, for those who are told a text. */
export const mistake = (thrown) => problemsOf(thrown)?.map((problem) => problem.message).join('; ');

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

/** A client asked for a tool that the plugin does not have. */
export class UnknownTool extends Error {}

/** A client asked for a prompt that the plugin does not have. */
export class UnknownPrompt extends Error {}

/** There is no resource at this address. */
export class NotFound extends Error {}
