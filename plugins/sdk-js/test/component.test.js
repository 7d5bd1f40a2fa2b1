import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { lines } from '../build/lines.mjs';
import * as bus from '../src/bus.js';
import { component } from '../src/component.js';
import { emit, Problem, Refusal } from '../src/index.js';
import * as log from '../src/log.js';
import * as meter from '../src/meter.js';
import { describe } from '../src/stack.js';
import * as state from '../src/state.js';
import { clear, event, rows, seen } from '../src/testing.js';
import { thrown } from './thrown.js';

const about = (...kinds) => ({ name: 'mine', version: '1.2.3', kinds, log: (level, message) => logged.push([level, message]) });
const manifest = { summary: 'test' };
const batch = (...types) => rows(types.map((type) => ({ id: '1', source: '/test', type, json: {} })));
let logged = [];

afterEach(() => {
  clear();
  logged = [];
  delete globalThis.tidemillBuild;
});

test('the manifest has defaults, and what is missing is named while it is built', () => {
  const { manifest: made } = component({ manifest, decide: () => true }, about('filter'));
  assert.deepEqual(made.describe(), {
    name: 'mine', version: '1.2.3', summary: 'test', subscribes: [], needsData: true, configSchema: undefined,
  });
  assert.throws(() => component({ decide() {} }, about('filter')), /export const manifest .* is missing/);
  assert.throws(() => component({ manifest }, about('filter')), /kind filter exports `decide`, which is missing/);
});

test('a refused configuration says why, in the words of the author', () => {
  const refuse = (error) => component({ manifest, configure: () => { throw error; } }, about()).manifest;
  assert.equal(thrown(() => refuse(new Error('config.path is missing')).configure('{}')), 'config.path is missing');
  assert.match(thrown(() => refuse(new TypeError('no')).configure('{}')), /^TypeError: no\n    at .*component\.test\.js:\d+/);
});

test('an exception is told with its stack for one event, and left alone among several', () => {
  const { filter } = component({ manifest, decide: (one) => one.json().missing.x }, about('filter'));
  const { tag, val } = thrown(() => filter.decide(batch('a')));
  assert.equal(tag, 'broken');
  assert.match(val, /^TypeError: .*\n    at (Object\.)?decide \(.*component\.test\.js:\d+\)$/m);
  assert.ok(thrown(() => filter.decide(batch('a', 'b'))) instanceof TypeError);
});

test('an answer of another kind is an error that says what is expected', () => {
  const { val } = thrown(() => component({ manifest, apply: () => undefined }, about('transform')).transform.apply(batch('a')));
  assert.match(val, /^TypeError: apply answered undefined; expected 'keep', 'drop', emit/);
  const { val: member } = thrown(() => component({ manifest, apply: () => emit({ kind: 'x' }) }, about('transform')).transform.apply(batch('a')));
  assert.match(member, /an output has no member `kind`/);
});

test('places in the bundle are told as places of the author', () => {
  const error = new Error('no');
  error.stack = 'Error: no\n    at f (/bundle.js:3:9)\n    at sdk (bundle.js:2:1)\n    at <anonymous> (bundle.js:1:1)';
  globalThis.tidemillBuild = { file: 'bundle.js', sources: ['plugin.ts', '@tidemill/sdk/batch.js'], lines: [-1, 0, 1, 9, 0, 7] };
  assert.equal(describe(error), 'Error: no\n    at f (plugin.ts:7)\n    at /bundle.js:1'.replace('/b', 'b'));
  error.stack = 'f@bundle.js:3:9\n@bundle.js:2:1\n';
  assert.equal(describe(error), 'Error: no\n    at f (plugin.ts:7)');
  assert.equal(describe('text'), 'threw text');
});

test('a source map becomes a table of lines', () => {
  // Lines: none, source 0 line 1, source 0 line 3 (twice), source 1 line 2.
  assert.deepEqual(lines(';AAAA;AAEA,CAAC;ACDA'), [-1, 0, 0, 1, 0, 3, 1, 2]);
});

test('deliveries become events or refusals', () => {
  const receive = (delivery) => {
    if (delivery.header('x-key') !== 'k') throw new Refusal(401, 'x-key is wrong');
    return { type: 'a.b', subject: 's', json: delivery.json(), extensions: { n: 1 } };
  };
  const { webhook } = component({ manifest, receive }, about('webhook'));
  const delivered = (text, key) => ({ headers: [['x-key', key]], query: '', body: new TextEncoder().encode(text) });
  const [draft] = webhook.receive(delivered('{"a":1}', 'k'));
  assert.deepEqual([draft.type, draft.subject, draft.extensions, Buffer.from(draft.data).toString()], ['a.b', 's', [['n', '1']], '{"a":1}']);
  assert.deepEqual(thrown(() => webhook.receive(delivered('{}', 'x'))), { status: 401, detail: 'x-key is wrong' });
  assert.equal(thrown(() => webhook.receive(delivered('{', 'k'))).status, 400);
  assert.deepEqual(component({ manifest, receive() {} }, about('webhook')).webhook.receive(delivered('', '')), []);
});

test('subscribers are classified by what they bring', () => {
  const plugin = {
    manifest,
    classify: (who) => who.parameter('team') ?? (() => { throw new Refusal(400, 'view.team is missing'); })(),
    visible: (name, one) => one.type === name,
  };
  const { view } = component(plugin, about('view'));
  assert.equal(view.classify({ principal: '', claims: [], parameters: [['team', 'red'], ['team', 'blue']] }), 'red');
  assert.equal(thrown(() => view.classify({ principal: '', claims: [], parameters: [] })), 'view.team is missing');
  assert.deepEqual(view.visible('b', batch('a', 'b')), [false, true]);
});

test('tools answer, fail, and say what is wrong with arguments', () => {
  const answers = {
    text: () => 'done', json: (call) => ({ text: 'ok', structured: call.arguments }), no: () => ({ error: 'cannot' }),
    ask: (call) => call.response('name')?.action ?? { ask: [{ name: 'name', method: 'elicitation/create' }], state: 's' },
    wrong: () => { throw new Problem('/a', 'expected a number'); }, broken: () => undefined.x,
  };
  const plugin = { manifest, tools: [{ name: 'add', description: 'Adds', hints: { readOnly: true } }], call: (call) => answers[call.name](call) };
  const made = component(plugin, about('tools'));
  made.manifest.configure('{}');
  assert.deepEqual(made.tools.tools()[0].hints, { readOnly: true, destructive: false, idempotent: false, openWorld: false });
  const call = (name, responses = []) => made.tools.call({ name, argumentsJson: '{"a":1}', accepts: [], responses });
  assert.deepEqual(call('text').val, { content: [{ tag: 'text', val: 'done' }], structuredJson: undefined, isError: false });
  assert.equal(call('json').val.structuredJson, '{"a":1}');
  assert.equal(call('no').val.isError, true);
  assert.deepEqual(call('ask'), { tag: 'input-required', val: { requests: [{ name: 'name', method: 'elicitation/create', paramsJson: '{}' }], state: 's' } });
  assert.equal(call('ask', [{ name: 'name', resultJson: '{"action":"accept"}' }]).val.content[0].val, 'accept');
  assert.deepEqual(thrown(() => call('wrong')), { tag: 'invalid-arguments', val: '/a: expected a number' });
  assert.equal(thrown(() => call('broken')).tag, 'failed');
  assert.match(logged[0][1], /component\.test\.js/);
});

test('what is asked of the host is kept in node', () => {
  log.info('paid', { order: 7 });
  meter.add('orders', 2);
  bus.publish({ type: 'alert.high', json: { n: 1 } });
  assert.deepEqual([seen.logged, seen.figures], [[{ level: 'info', message: 'paid', fields: { order: '7' } }], { orders: 2 }]);
  assert.equal(seen.published[0].type, 'alert.high');
  const first = state.putJson('a/1', { x: 1 });
  assert.deepEqual(state.get('a/1').json(), { x: 1 });
  const stale = thrown(() => state.put('a/1', 'y', { ifVersion: 0 }));
  assert.deepEqual([stale.reason, stale.current.version], ['stale', first]);
  assert.ok(state.put('a/1', 'y', { ifVersion: first }) > first);
  assert.deepEqual([state.increment('a/2', 3), state.increment('a/2', -1)], [3, 2]);
  assert.deepEqual([state.increment('b', 2 ** 62), state.increment('b', 2 ** 62), state.increment('b', -1)], [2 ** 62, 2 ** 63, 2 ** 63]);
  assert.equal(new DataView(state.get('b').value.buffer).getBigInt64(0, true), 2n ** 63n - 2n);
  assert.deepEqual([state.keys('a/'), state.keys('a/', 'a/1')], [['a/1', 'a/2'], ['a/2']]);
  assert.deepEqual([state.delete('a/1'), state.delete('a/1'), state.get('a/1')], [true, false, undefined]);
});
