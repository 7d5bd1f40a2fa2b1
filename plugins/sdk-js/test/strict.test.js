// What the SDK refuses to guess: answers of another kind, promises, settings without a place, and what strangers are told.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { component } from '../src/component.js';
import { escapeHtml, Problem, Refusal } from '../src/index.js';
import { rows } from '../src/testing.js';
import { thrown } from './thrown.js';

const one = rows([{ id: '1', source: '/test', type: 'a', json: {} }]);
const nobody = { principal: '', claims: [], parameters: [] };

/** A component of one kind, and what it logs. */
function made(kind, functions) {
  const logged = [];
  const plugin = { manifest: { summary: 'test' }, tools: [], types: [], ...functions };
  const log = (level, message) => logged.push([level, message]);
  return { ...component(plugin, { name: 'mine', version: '1', kinds: [kind], log }), logged };
}

const view = (functions) => made('view', { classify: () => 'all', visible: () => true, ...functions });

test('only true shows an event', () => {
  assert.deepEqual(view({ visible: () => true }).view.visible('all', one), [true]);
  assert.deepEqual(view({ visible: () => false }).view.visible('all', one), [false]);
  for (const said of [undefined, null, 1, 'yes', {}]) {
    const { tag, val } = thrown(() => view({ visible: () => said }).view.visible('all', one));
    assert.equal(tag, 'broken');
    assert.match(val, /^TypeError: visible answered .*; expected true or false/);
  }
  const two = rows([{ type: 'a' }, { type: 'a' }].map((given) => ({ id: '1', source: '/test', ...given })));
  assert.ok(thrown(() => view({ visible: () => 1 }).view.visible('all', two)) instanceof TypeError);
});

test('only a string is a class, and its absence is told to the log alone', () => {
  for (const said of [undefined, null, 7, Promise.resolve('all')]) {
    const { view: asked, logged } = view({ classify: () => said });
    assert.equal(thrown(() => asked.classify(nobody)), 'the view failed; its log says why');
    assert.match(logged[0][1], /^TypeError: classify answered /);
  }
});

test('a subscriber is told refusals, and nothing of other exceptions', () => {
  const told = (error) => thrown(() => view({ classify: () => { throw error; } }).view.classify(nobody));
  assert.equal(told(new Refusal(403, 'members only')), 'members only');
  assert.equal(told(new Problem('team', 'expected a team')), 'team: expected a team');
  for (const error of [new Error('key s3cret is wrong'), new TypeError('s3cret'), 's3cret']) {
    assert.equal(told(error), 'the view failed; its log says why');
  }
});

test('async functions are refused as such', () => {
  const asked = {
    decide: () => made('filter', { decide: async () => false }).filter.decide(one),
    apply: () => made('transform', { apply: async () => 'drop' }).transform.apply(one),
    validate: () => made('event-types', { validate: async () => 'valid' }).eventTypes.validate(one),
    render: () => made('event-types', { validate: () => 'valid', render: async () => '' }).eventTypes.render(one, 'text'),
    visible: () => view({ visible: async () => false }).view.visible('all', one),
    call: () => made('tools', { call: async () => 'done' }).tools.call({ name: 'x', argumentsJson: '{}', accepts: [], responses: [] }),
    receive: () => made('webhook', { receive: async () => [] }).webhook.receive({ headers: [], query: '', body: new Uint8Array(0) }),
    configure: () => made('filter', { decide: () => true, configure: async () => {} }).manifest.configure('{}'),
  };
  for (const [name, call] of Object.entries(asked)) {
    const error = thrown(call);
    const said = typeof error === 'string' ? error : (error.val ?? error.message);
    assert.ok(said.includes(`${name} answered a promise; async functions are not possible here`), `${name}: ${said}`);
  }
});

test('an answer of a tool says something that is known', () => {
  const call = (said) => made('tools', { call: () => said }).tools.call({ name: 'x', argumentsJson: '{}', accepts: [], responses: [] });
  for (const said of [undefined, null, 5, true, [], ['a'], {}, { text: undefined }, { state: 's' }, { text: 'a', isError: true }]) {
    const { tag, val } = thrown(() => call(said));
    assert.equal(tag, 'failed');
    assert.match(val, /^call answered .*; expected a string, or an object with text, content, structured, error, ask$/);
  }
  assert.deepEqual(call({ content: ['a'] }).val.content, [{ tag: 'text', val: 'a' }]);
  assert.equal(call({ structured: null, text: undefined }).val.structuredJson, 'null');
});

test('settings without a place are refused', () => {
  const { manifest } = made('filter', { decide: () => true });
  manifest.configure('{}');
  assert.equal(thrown(() => manifest.configure('{"colour":"red"}')), 'config: unknown setting "colour"; this plugin has none');
  let got;
  made('filter', { decide: () => true, configure: (config) => { got = config; } }).manifest.configure('{"colour":"red"}');
  assert.deepEqual(got, { colour: 'red' });
});

test('several problems of a delivery or of arguments are told as one', () => {
  const fail = () => { throw [new Problem('/a', 'no'), new Problem('/b', 'no')]; };
  const delivered = { headers: [], query: '', body: new Uint8Array(0) };
  assert.deepEqual(thrown(() => made('webhook', { receive: fail }).webhook.receive(delivered)), { status: 400, detail: '/a: no; /b: no' });
  const invoked = { name: 'x', argumentsJson: '{}', accepts: [], responses: [] };
  assert.deepEqual(thrown(() => made('tools', { call: fail }).tools.call(invoked)), { tag: 'invalid-arguments', val: '/a: no; /b: no' });
});

test('a text is escaped for tags and for quoted values', () => {
  assert.equal(escapeHtml('<b a="1" c=\'2\'>&'), '&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;');
  assert.equal(escapeHtml('plain'), 'plain');
});
