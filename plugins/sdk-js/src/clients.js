// Owns the kinds for clients: tools, prompts, resources, and what values may be meant.
//
// Knows nothing about rows and about the protocol of clients.
import { isThere, jsonText, texts } from './answer.js';
import { apart, Asked, content, inputRequired, members, part, reason } from './content.js';
import { mistake, NotFound, UnknownPrompt, UnknownTool } from './failure.js';
import { shown } from './shown.js';

const SUGGESTIONS_MAX = 100; // the contract's bound
const TOTAL_MAX = 2 ** 32 - 1;

export function tools(self) {
  return {
    tools: () => self.tools.map(tool),
    call(invoked) {
      try {
        return answer(self.plugin.call(new Call(invoked)));
      } catch (error) {
        throw failure(self, error, UnknownTool, 'unknown-tool');
      }
    },
  };
}

export function prompts(self) {
  return {
    prompts: () => self.prompts.map(prompt),
    get(asked) {
      try {
        return filled(self.plugin.get(new PromptRequest(asked)));
      } catch (error) {
        throw failure(self, error, UnknownPrompt, 'unknown-prompt');
      }
    },
  };
}

export function resources(self) {
  return {
    resources: () => self.resources.map(({ uri, ...of }) => ({ uri, about: about(of) })),
    templates: () => self.templates.map(({ uriTemplate, ...of }) => ({ uriTemplate, about: about(of) })),
    read(uri, caller) {
      try {
        return contents(uri, self.plugin.read(uri, caller ?? undefined));
      } catch (error) {
        if (error instanceof NotFound) throw { tag: 'not-found' };
        throw { tag: 'failed', val: mistake(error) ?? reason(self, error) };
      }
    },
  };
}

export function completions(self) {
  return {
    complete(asked) {
      if (self.plugin.complete === undefined) return suggestions([]);
      try {
        return suggestions(self.plugin.complete(question(asked)));
      } catch (error) {
        throw mistake(error) ?? reason(self, error);
      }
    },
  };
}

/** One call of a tool. */
export class Call extends Asked {
  constructor(invoked) {
    super(invoked);
    this.arguments = JSON.parse(invoked.argumentsJson);
  }
}

/** One request for a prompt. */
export class PromptRequest extends Asked {
  constructor(asked) {
    super(asked);
    this.arguments = Object.fromEntries(asked.arguments);
  }
}

function question({ subject, argument, value, others }) {
  return { [subject.tag]: subject.val, argument, value, others: Object.fromEntries(others) };
}

function failure(self, error, Unknown, tag) {
  if (error instanceof Unknown) return { tag };
  const wrong = mistake(error);
  return wrong !== undefined ? { tag: 'invalid-arguments', val: wrong } : { tag: 'failed', val: reason(self, error) };
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

function prompt({ name, title, description, arguments: list, permission }) {
  const argument = ({ name, description, required }) => ({ name, description, required: required ?? true });
  return { name, title, description, arguments: (list ?? []).map(argument), permission };
}

const about = ({ name, title, description, mediaType, permission }) => ({ name, title, description, mediaType, permission });

function answer(said) {
  const told = ['text', 'content', 'structured', 'error', 'ask'];
  const given = typeof said === 'string' ? { text: said } : members('call', said, told, ['state']);
  apart('call', given, 'ask', ['text', 'content', 'structured', 'error']);
  apart('call', given, 'error', ['text', 'state']);
  apart('call', given, 'state', ['text', 'content', 'structured']);
  const { text, content, structured, error, ask, state } = given;
  if (isThere(ask)) return inputRequired(ask, state);
  texts('an answer', given, ['text', 'error']);
  const first = error ?? text ?? undefined;
  return {
    tag: 'complete',
    val: {
      content: [...(first === undefined ? [] : [first]), ...list('content', content ?? [])].map(part),
      structuredJson: structured === undefined ? undefined : jsonText(structured),
      isError: isThere(error),
    },
  };
}

function filled(said) {
  const given = typeof said === 'string' || Array.isArray(said) ? { messages: [said].flat() } : said;
  const { messages, description, ask, state } = members('get', given, ['messages', 'ask'], ['description', 'state']);
  apart('get', given, 'ask', ['messages', 'description']);
  apart('get', given, 'messages', ['state']);
  if (isThere(ask)) return inputRequired(ask, state);
  texts('a prompt', given, ['description']);
  return { tag: 'complete', val: { description, messages: list('messages', messages).map(message) } };
}

function message(said) {
  const given = typeof said === 'string' ? { content: said } : members('get', said, ['content'], ['role']);
  const { content } = given;
  const role = given.role ?? 'user';
  if (role !== 'user' && role !== 'assistant') throw new TypeError(`the role of a message is ${shown(role)}; expected 'user' or 'assistant'`);
  return { role, content: part(content) };
}

/** What stands at an address: one part or several, each a text, bytes, or an object that says more. */
function contents(asked, said) {
  return [said].flat().map((one) => {
    const given = typeof one === 'string' ? { text: one } : one instanceof Uint8Array ? { data: one } : one;
    return content('read', given, asked);
  });
}

function suggestions(said) {
  const { values, total, more } = Array.isArray(said) ? { values: said } : members('complete', said, ['values'], ['total', 'more']);
  list('values', values).forEach((value) => texts('suggestions', { value }, [], ['value']));
  if (isThere(total) && !(Number.isSafeInteger(total) && total >= 0 && total <= TOTAL_MAX)) {
    throw new TypeError(`suggestions: \`total\` is ${shown(total)}; expected a whole number`);
  }
  if (isThere(more) && typeof more !== 'boolean') throw new TypeError(`suggestions: \`more\` is ${shown(more)}; expected true or false`);
  const cut = values.length > SUGGESTIONS_MAX;
  return { values: values.slice(0, SUGGESTIONS_MAX), total: total ?? (cut ? values.length : undefined), more: more ?? cut };
}

function list(name, given) {
  if (Array.isArray(given)) return given;
  throw new TypeError(`\`${name}\` is ${shown(given)}; expected a list`);
}
