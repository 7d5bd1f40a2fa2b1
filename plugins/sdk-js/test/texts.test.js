// Half of a surrogate pair: U+FFFD wherever a text goes to the host.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import * as bus from '../src/bus.js';
import * as call from '../src/call.js';
import { component } from '../src/component.js';
import { emit, Fault, image, Problem, Refusal } from '../src/index.js';
import * as log from '../src/log.js';
import * as meter from '../src/meter.js';
import * as state from '../src/state.js';
import { clear, rows, seen } from '../src/testing.js';
import { wellFormed } from '../src/texts.js';
import { thrown } from './thrown.js';

const HALF = '🦀'.slice(0, 1);
const one = rows([{ id: '1', source: '/test', type: 'a', json: {} }]);
const logged = [];

afterEach(clear);

const made = (kind, functions) =>
  component({ manifest: { summary: HALF }, tools: [], types: [], ...functions }, { name: 'mine', version: '1', kinds: [kind], log: (...line) => logged.push(line) });

test('what is answered has none', () => {
  const { transform, manifest } = made('transform', { apply: () => emit({ subject: HALF, extensions: { a: HALF }, data: HALF }) });
  const [{ val: [output] }] = transform.apply(one);
  assert.deepEqual([output.subject, output.extensions, [...output.data]], ['\ufffd', [['a', '\ufffd']], [0xef, 0xbf, 0xbd]]);
  assert.equal(manifest.describe().summary, '\ufffd');
  const { eventTypes } = made('event-types', { validate: () => 'valid', render: () => `${HALF}a` });
  assert.deepEqual(eventTypes.render(one, 'text'), ['\ufffda']);
  const bytes = new Uint8Array([1]);
  const { tools } = made('tools', { call: () => ({ text: HALF, content: [image(bytes, HALF)] }) });
  const { content } = tools.call({ name: 'x', argumentsJson: '{}', accepts: [], responses: [] }).val;
  assert.deepEqual(content, [{ tag: 'text', val: '\ufffd' }, { tag: 'image', val: { data: bytes, mediaType: '\ufffd' } }]);
});

test('what is thrown has none', () => {
  const apply = (error) => made('transform', { apply: () => { throw error; } }).transform;
  assert.deepEqual(apply(new Problem('/s', HALF)).apply(one), [{ tag: 'reject', val: [{ at: '/s', detail: '\ufffd' }] }]);
  assert.deepEqual(thrown(() => apply(Fault.retry(HALF)).apply(one)), { tag: 'retry', val: '\ufffd' });
  assert.match(thrown(() => apply(new Error(HALF)).apply(one)).val, /^Error: \ufffd\n/);
  const { webhook } = made('webhook', { receive: () => { throw new Refusal(400, HALF); } });
  assert.deepEqual(thrown(() => webhook.receive({ headers: [], query: '', body: new Uint8Array(0) })), { status: 400, detail: '\ufffd' });
});

test('what the host is called with has none', () => {
  log.info(HALF, { [HALF]: HALF });
  bus.publish({ type: 'a', subject: HALF });
  call.progress(1, 2, HALF);
  call.updated(HALF);
  meter.add(HALF);
  state.put(HALF, 'x');
  const { filter } = made('filter', { decide: () => { throw new Problem(HALF, HALF); } });
  filter.decide(one);
  assert.deepEqual(seen.logged, [{ level: 'info', message: '\ufffd', fields: { '\ufffd': '\ufffd' } }]);
  assert.deepEqual([seen.published[0].subject, seen.reported[0].message, seen.updatedResources, seen.figures], ['\ufffd', '\ufffd', ['\ufffd'], { '\ufffd': 1 }]);
  assert.deepEqual([state.keys(''), logged], [['\ufffd'], [['debug', 'rejected: \ufffd', [['at', '\ufffd']]]]]);
});

test('whole pairs and all that is no text stay', () => {
  const bytes = new Uint8Array([1]);
  const given = { a: ['🦀', 1, null, undefined, true, 5n], bytes };
  assert.deepEqual(wellFormed(given), given);
  assert.equal(wellFormed(given).bytes, bytes);
});
