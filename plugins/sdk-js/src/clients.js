// Owns the kinds for clients: tools, prompts, resources, and what values may be meant.
//
// Knows nothing about rows and about the protocol of clients.
import { unknown } from './answer.js';
import { Asked, inputRequired, part, reason } from './content.js';
import { mistake, NotFound, UnknownPrompt, UnknownTool } from './failure.js';

const SUGGESTIONS_MAX = 100; // the contract's bound

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
  const { text, content, structured, error, ask, state } = typeof said === 'string' ? { text: said } : members('call', said, told, ['state']);
  if (ask !== undefined) return inputRequired(ask, state);
  const first = error ?? text;
  return {
    tag: 'complete',
    val: {
      content: [...(first === undefined ? [] : [first]), ...(content ?? [])].map(part),
      structuredJson: structured === undefined ? undefined : JSON.stringify(structured),
      isError: error !== undefined,
    },
  };
}

function filled(said) {
  const given = typeof said === 'string' || Array.isArray(said) ? { messages: [said].flat() } : said;
  const { messages, description, ask, state } = members('get', given, ['messages', 'ask'], ['description', 'state']);
  if (ask !== undefined) return inputRequired(ask, state);
  const message = (one) => (typeof one === 'string' ? { role: 'user', content: part(one) } : { role: one.role ?? 'user', content: part(one.content) });
  return { tag: 'complete', val: { description, messages: messages.map(message) } };
}

/** What stands at an address: one part or several, each a text, bytes, or an object that says more. */
function contents(asked, said) {
  return [said].flat().map((one) => {
    if (typeof one === 'string') return content(asked, { text: one });
    if (one instanceof Uint8Array) return content(asked, { data: one });
    return content(asked, members('read', one, ['text', 'json', 'data'], ['uri', 'mediaType']));
  });
}

function content(asked, { uri = asked, mediaType, text, json, data }) {
  if (data !== undefined) return { uri, mediaType, body: { tag: 'blob', val: data } };
  if (text !== undefined) return { uri, mediaType, body: { tag: 'text', val: text } };
  return { uri, mediaType: mediaType ?? 'application/json', body: { tag: 'text', val: JSON.stringify(json) } };
}

function suggestions(said) {
  const { values, total, more } = Array.isArray(said) ? { values: said } : members('complete', said, ['values'], ['total', 'more']);
  const cut = values.length > SUGGESTIONS_MAX;
  return { values: values.slice(0, SUGGESTIONS_MAX), total: total ?? (cut ? values.length : undefined), more: more ?? cut };
}

/** What is not known is not left out: an answer that loses half of what it says would pass for a success. */
function members(name, said, some, others) {
  const names = Object.keys(said ?? {}).filter((name) => said[name] !== undefined);
  const known = names.every((name) => some.includes(name) || others.includes(name)) && names.some((name) => some.includes(name));
  if (typeof said !== 'object' || !known) throw unknown(name, said, `a string, or an object with ${some.join(', ')}`);
  return said;
}
