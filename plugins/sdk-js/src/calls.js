// Owns the kinds that are asked by somebody outside: views by subscribers, webhooks by senders, tools by clients.
//
// Knows nothing about rows.
import { atOnce, bytes, className, json, pairs, unknown, visibility } from './answer.js';
import { batch } from './batch.js';
import { long } from './build.js';
import { mistake, Refusal } from './failure.js';
import { describe } from './stack.js';
import { decode } from './utf8.js';

export function view(self) {
  return {
    classify(who) {
      try {
        const first = (list) => (name) => list.find(([own]) => own === name)?.[1];
        const asked = { ...who, claim: first(who.claims), parameter: first(who.parameters) };
        return className(self.plugin.classify(asked));
      } catch (error) {
        const told = error instanceof Refusal ? error.message : mistake(error);
        if (told !== undefined) throw told;
        self.log?.('error', describe(error), []);
        throw 'the view failed; its log says why';
      }
    },
    visible: (name, events) => batch(events, (event) => visibility(self.plugin.visible(name, event)), () => false),
  };
}

export function webhook(self) {
  return {
    receive(delivered) {
      try {
        return [atOnce('receive', self.plugin.receive(new Delivery(delivered))) ?? []].flat().map(draft);
      } catch (error) {
        if (error instanceof Refusal) throw { status: error.status, detail: error.message };
        const detail = mistake(error);
        if (detail !== undefined) throw { status: 400, detail };
        self.log?.('error', describe(error), []);
        throw error;
      }
    },
  };
}

export function tools(self) {
  return {
    tools: () => self.tools.map(tool),
    call(invoked) {
      try {
        return answer(self.plugin.call(new Call(invoked)));
      } catch (error) {
        if (error instanceof UnknownTool) throw { tag: 'unknown-tool' };
        const wrong = mistake(error);
        if (wrong !== undefined) throw { tag: 'invalid-arguments', val: wrong };
        throw { tag: 'failed', val: reason(self, error) };
      }
    },
  };
}

/** A client asked for a tool that the plugin does not have. */
export class UnknownTool extends Error {}

/** One delivery of another system. */
export class Delivery {
  constructor({ headers, query, body }) {
    Object.assign(this, { headers, query, body });
  }

  /** The value of a header field, by its name in lower case; of several, the first. */
  header(name) {
    return this.headers.find(([own]) => own === name)?.[1];
  }

  text() {
    const text = decode(this.body);
    if (text === undefined) throw new Refusal(400, 'the body is not UTF-8');
    return text;
  }

  json() {
    try {
      return JSON.parse(this.text());
    } catch (error) {
      throw new Refusal(400, `the body is not JSON: ${error.message}`);
    }
  }
}

/** One call of a tool. */
export class Call {
  #responses;

  constructor({ name, argumentsJson, caller, accepts, responses, state }) {
    Object.assign(this, { name, arguments: JSON.parse(argumentsJson), caller: caller ?? undefined, state: state ?? undefined });
    this.accepts = (method) => accepts.includes(method);
    this.#responses = responses;
  }

  /** The answer to what was asked for under this name. */
  response(name) {
    const found = this.#responses.find((response) => response.name === name);
    return found && JSON.parse(found.resultJson);
  }
}

/** What a person is told; the rest of an unexpected exception goes to the log. */
function reason(self, error) {
  if (!(error instanceof Error)) return String(error);
  if (error.constructor !== Error && !(error instanceof Refusal)) self.log?.('error', describe(error), []);
  return error.message;
}

function draft(event) {
  return {
    type: event.type,
    id: event.id,
    source: event.source,
    subject: event.subject,
    timeMs: long(event.timeMs),
    contentType: event.contentType,
    extensions: pairs(event.extensions),
    data: 'json' in event ? json(event.json) : (bytes(event.data) ?? new Uint8Array(0)),
  };
}

function tool({ name, title, description, inputSchema, outputSchema, permission, hints }) {
  const text = (schema) => (schema === undefined || typeof schema === 'string' ? schema : JSON.stringify(schema));
  const { readOnly = false, destructive = false, idempotent = false, openWorld = false } = hints ?? {};
  return {
    name,
    title,
    description: description ?? '',
    inputSchema: text(inputSchema) ?? '{"type":"object","properties":{}}',
    outputSchema: text(outputSchema),
    permission,
    hints: { readOnly, destructive, idempotent, openWorld },
  };
}

const TOLD = ['text', 'content', 'structured', 'error', 'ask'];

function answer(said) {
  const { text, content, structured, error, ask, state } = typeof said === 'string' ? { text: said } : members(said);
  if (ask !== undefined) {
    const requests = ask.map(({ name, method, params }) => ({ name, method, paramsJson: JSON.stringify(params ?? {}) }));
    return { tag: 'input-required', val: { requests, state } };
  }
  const told = error ?? text;
  return {
    tag: 'complete',
    val: {
      content: [...(told === undefined ? [] : [told]), ...(content ?? [])].map(part),
      structuredJson: structured === undefined ? undefined : JSON.stringify(structured),
      isError: error !== undefined,
    },
  };
}

/** What is not known is not left out: an answer that loses half of what it says would pass for a success. */
function members(said) {
  const names = Object.keys(said ?? {}).filter((name) => said[name] !== undefined);
  const known = names.every((name) => TOLD.includes(name) || name === 'state') && names.some((name) => TOLD.includes(name));
  if (typeof said !== 'object' || !known) throw unknown('call', said, `a string, or an object with ${TOLD.join(', ')}`);
  return said;
}

/** A part of the contract, or a text. */
const part = (given) => (typeof given === 'string' ? { tag: 'text', val: given } : given);
