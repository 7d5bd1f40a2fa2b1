// Owns the kinds that are asked by somebody outside: views by subscribers, webhooks by senders. Those for clients are in
// clients.js.
//
// Knows nothing about rows.
import { atOnce, className, data, isThere, only, pairs, texts, visibility } from './answer.js';
import { batch } from './batch.js';
import { long } from './build.js';
import { mistake, Refusal } from './failure.js';
import { parse } from './parse.js';
import { shown } from './shown.js';
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
      return parse(this.text());
    } catch (error) {
      throw error instanceof Refusal ? error : new Refusal(400, `the body is not JSON: ${error.message}`);
    }
  }
}

const TEXTS = ['id', 'source', 'subject', 'contentType'];

function draft(event) {
  only('a draft', event, ['type', ...TEXTS, 'timeMs', 'extensions', 'data', 'json']);
  texts('a draft', event, TEXTS, ['type']);
  if (isThere(event.timeMs) && !(Number.isSafeInteger(event.timeMs) && event.timeMs >= 0)) {
    throw new TypeError(`a draft: \`timeMs\` is ${shown(event.timeMs)}; expected whole milliseconds since 1970`);
  }
  return {
    type: event.type,
    id: event.id,
    source: event.source,
    subject: event.subject,
    timeMs: long(event.timeMs ?? undefined),
    contentType: event.contentType,
    extensions: pairs(event.extensions),
    data: data('a draft', event) ?? new Uint8Array(0),
  };
}
