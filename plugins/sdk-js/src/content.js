// Owns what answers to clients are made of, what a call may ask of the client's side, and what somebody is told of an exception.
import { Refusal } from './failure.js';
import { describe } from './stack.js';

/** What a client wants: of what name, who asks, what they can be asked back, and what they answered. */
export class Asked {
  #accepted;
  #responses;

  constructor({ name, caller, accepts, responses, state }) {
    Object.assign(this, { name, caller: caller ?? undefined, state: state ?? undefined });
    this.#accepted = accepts;
    this.#responses = responses;
  }

  /** Whether the client's side can be asked for this, such as `elicitation/create`. */
  accepts(method) {
    return this.#accepted.includes(method);
  }

  /** The answer to what was asked for under this name. */
  response(name) {
    const found = this.#responses.find((response) => response.name === name);
    return found && JSON.parse(found.resultJson);
  }
}

/** The answer that goes on once the client's side was asked. */
export function inputRequired(ask, state) {
  const requests = ask.map(({ name, method, params }) => ({ name, method, paramsJson: JSON.stringify(params ?? {}) }));
  return { tag: 'input-required', val: { requests, state } };
}

/** A part of the contract, or a text. */
export const part = (given) => (typeof given === 'string' ? { tag: 'text', val: given } : given);

/** What a person is told; the rest of an unexpected exception goes to the log. */
export function reason(self, error) {
  if (!(error instanceof Error)) return String(error);
  if (error.constructor !== Error && !(error instanceof Refusal)) self.log?.('error', describe(error), []);
  return error.message;
}
