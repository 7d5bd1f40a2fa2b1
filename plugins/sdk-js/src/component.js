// Owns the component boundary: the contract's calls, answered by an author's module. The build makes the entry that calls this.
//
// Knows nothing about rows and about what a plugin does. Kinds that somebody outside asks are in calls.js and clients.js.
import { atOnce, outcome, validity, verdict } from './answer.js';
import { batch } from './batch.js';
import { view, webhook } from './calls.js';
import { completions, prompts, resources, tools } from './clients.js';
import { Problem } from './failure.js';
import { escapeHtml } from './html.js';
import { describe } from './stack.js';
import { answering, calling } from './texts.js';

const KINDS = {
  filter: { needs: ['decide'], make: filter },
  transform: { needs: ['apply'], make: transform },
  'event-types': { needs: ['types', 'validate'], make: eventTypes },
  view: { needs: ['classify', 'visible'], make: view },
  webhook: { needs: ['receive'], make: webhook },
  tools: { needs: ['tools', 'call'], make: tools },
  prompts: { needs: ['prompts', 'get'], make: prompts },
  resources: { needs: ['resources', 'read'], make: resources },
};

/**
 * The exports of a component from an author's module. `about` says its name and version, its kinds, and `log` if the host's
 * log is there. Throws, while the component is built, what the author has to add.
 */
export function component(plugin, about) {
  const { manifest } = plugin;
  if (typeof manifest?.summary !== 'string') {
    throw new Error("export const manifest = { summary: 'What the plugin does' } is missing");
  }
  const self = { plugin, configured: false, log: about.log && calling(about.log) };
  const made = { manifest: boundary(self, about) };
  for (const kind of about.kinds) {
    const { needs, make } = KINDS[kind];
    const missing = needs.find((name) => plugin[name] === undefined);
    if (missing !== undefined) throw new Error(`a plugin of kind ${kind} exports \`${missing}\`, which is missing`);
    made[kind === 'event-types' ? 'eventTypes' : kind] = make(self);
  }
  // Worlds ask for these where they belong to something else.
  return answering({ ...made, completions: completions(self), wants: { httpHosts: () => listOf(plugin.httpHosts) } });
}

function boundary(self, about) {
  const { manifest } = self.plugin;
  return {
    describe: () => ({
      name: manifest.name ?? about.name,
      version: manifest.version ?? about.version,
      summary: manifest.summary,
      subscribes: manifest.subscribes ?? [],
      needsData: manifest.needsData ?? true,
      configSchema: text(manifest.configSchema),
    }),
    configure(json) {
      try {
        settings(self.plugin, JSON.parse(json));
        // What is asked for after this cannot say what is wrong with it, so it is read now.
        self.types = typesOf(self.plugin);
        for (const name of ['tools', 'prompts', 'resources', 'templates']) self[name] = listOf(self.plugin[name]);
      } catch (error) {
        throw error instanceof Problem || error?.constructor === Error ? error.message : describe(error);
      }
    },
  };
}

/** Hands settings over. What a plugin has no place for is refused, not forgotten. */
function settings(plugin, config) {
  if (plugin.configure !== undefined) return atOnce('configure', plugin.configure(config));
  const [unknown] = Object.keys(config ?? {});
  if (unknown !== undefined) throw new Error(`config: unknown setting ${JSON.stringify(unknown)}; this plugin has none`);
}

function filter(self) {
  const rejected = (list) => {
    for (const { at, detail } of list) self.log?.('debug', `rejected: ${detail}`, [['at', at]]);
    return 'reject';
  };
  return { decide: (events) => batch(events, (event) => verdict(self.plugin.decide(event)), rejected) };
}

function transform(self) {
  const rejected = (list) => ({ tag: 'reject', val: list });
  return { apply: (events) => batch(events, (event) => outcome(self.plugin.apply(event)), rejected) };
}

function eventTypes(self) {
  const invalid = (list) => ({ tag: 'invalid', val: list });
  const plain = (event) => `${event.type} ${event.subject ?? event.id}`;
  const own = (event, target) => (target === 'html' ? escapeHtml(plain(event)) : plain(event));
  const shown = (event, target) => self.plugin.render?.(event, target) ?? own(event, target);
  return {
    types: () => self.types,
    validate: (events) => batch(events, (event) => validity(self.plugin.validate(event)), invalid),
    render: (events, target) => batch(events, (event) => String(atOnce('render', shown(event, target))), () => ''),
  };
}

function typesOf(plugin) {
  return listOf(plugin.types).map(({ name, version, summary, schema, examples }) => ({
    name,
    version: version ?? '1.0.0',
    summary: summary ?? '',
    schemaJson: text(schema) ?? 'true',
    examples: (examples ?? []).map(text),
  }));
}

const listOf = (given) => (typeof given === 'function' ? given() : (given ?? []));
const text = (json) => (json === undefined || typeof json === 'string' ? json : JSON.stringify(json));
