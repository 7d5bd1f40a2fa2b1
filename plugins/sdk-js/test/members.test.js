// What is within answers: wrong members are told, and nothing of an answer is lost.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import * as bus from '../src/bus.js';
import { component } from '../src/component.js';
import { audio, embedded, emit, image, invalid, link, reject, retry } from '../src/index.js';
import { shown } from '../src/shown.js';
import { clear, rows, seen } from '../src/testing.js';

afterEach(clear);

const made = (kind, functions) =>
  component({ manifest: { summary: 'test' }, tools: [], prompts: [], types: [], ...functions }, { name: 'mine', version: '1', kinds: [kind] });
const asked = { name: 'x', argumentsJson: '{}', arguments: [], accepts: [], responses: [] };
const call = (said) => made('tools', { call: () => said }).tools.call(asked);
const get = (said) => made('prompts', { get: () => said }).prompts.get(asked);
const read = (said) => made('resources', { resources: [], read: () => said }).resources.read('a:b', null);
const complete = (said) => made('filter', { decide: () => true, complete: () => said }).completions.complete({ subject: { tag: 'prompt', val: 'p' }, others: [] });
const receive = (said) => made('webhook', { receive: () => said }).webhook.receive({ headers: [], query: '', body: new Uint8Array(0) });
const one = rows([{ id: '1', source: '/test', type: 'a' }]);
const apply = (said) => made('transform', { apply: () => emit(said) }).transform.apply(one);

/** Each answer is refused with these words. */
function refused(answer, cases) {
  for (const [said, words] of cases) {
    assert.throws(() => answer(said), (error) => {
      const told = typeof error === 'string' ? error : (error.val ?? error.message);
      assert.ok(told.includes(words), `${JSON.stringify(said)}: ${told}`);
      return true;
    });
  }
}

test('parts are made by functions', () => {
  const bytes = new Uint8Array([1]);
  const content = [image(bytes, 'image/png'), audio(bytes, 'audio/wav'), link('a:b', 'B'), embedded({ uri: 'a:c', json: 1 }), embedded({ uri: 'a:d', data: bytes })];
  assert.deepEqual(call({ text: 'a', content }).val.content.map(({ tag, val }) => [tag, val.body ?? val]), [
    ['text', 'a'],
    ['image', { data: bytes, mediaType: 'image/png' }],
    ['audio', { data: bytes, mediaType: 'audio/wav' }],
    ['link', { uri: 'a:b', name: 'B', mediaType: undefined }],
    ['embedded', { tag: 'text', val: '1' }],
    ['embedded', { tag: 'blob', val: bytes }],
  ]);
  assert.deepEqual(get([{ role: 'assistant', content: image(bytes, 'i') }]).val.messages[0].role, 'assistant');
});

test('a part that is none is told', () => {
  const parts = [{ type: 'text', text: 'a' }, { tag: 'image' }, { tag: 'image', val: { data: 'a', mediaType: 'i' } }, { tag: 'toString', val: 1 }, 5, null];
  const words = 'expected a string, image(data, mediaType)';
  refused(call, parts.map((part) => [{ content: [part] }, words]));
  refused(get, parts.filter((part) => part !== null).map((part) => [[{ content: part }], words]));
  assert.throws(() => image('text', 'image/png'), /a part of an answer is/);
  assert.throws(() => embedded({ text: 'a' }), /`uri` is undefined; expected a string/);
});

test('answers of tools are told whole or not at all', () => {
  refused(call, [
    [{ text: 5 }, '`text` is 5; expected a string'],
    [{ content: 'a' }, '`content` is "a"; expected a list'],
    [{ ask: [{ name: 'n', method: 'roots/list' }], text: 'a' }, 'call answered both `ask` and `text`'],
    [{ error: 'no', text: 'a' }, 'call answered both `error` and `text`'],
    [{ ask: { name: 'n' } }, 'expected a list of { name, method, params }'],
    [{ ask: [{ name: 'n', methd: 'm' }] }, 'a request in `ask` has no member `methd`'],
    [{ ask: [{ name: 'n' }] }, '`method` is undefined'],
    [{ ask: [], state: 5 }, '`state` is 5'],
  ]);
  assert.equal(call({ error: 'no', structured: 1 }).val.isError, true);
});

test('messages, contents and suggestions are what they should be', () => {
  refused(get, [
    [[{ role: 'assistant', text: 'a' }], 'expected a string, or an object with content'],
    [[{ role: 'model', content: 'a' }], "expected 'user' or 'assistant'"],
    [{ messages: 'a' }, '`messages` is "a"; expected a list'],
    [{ messages: [], description: 5 }, '`description` is 5'],
  ]);
  refused(read, [
    [{ data: 'text' }, '`data` is "text"; expected a Uint8Array, and `text` for a string'],
    [{ text: 5 }, '`text` is 5'],
    [{ text: 'a', mediaType: 5 }, '`mediaType` is 5'],
  ]);
  refused(complete, [[{ values: 'a' }, '`values` is "a"; expected a list'], [[1], '`value` is 1; expected a string']]);
});

test('events that go out are what they should be', () => {
  for (const publish of [receive, bus.publish]) {
    refused(publish, [
      [{ type: 'a', data: { a: 1 } }, 'data is {"a":1}; expected a Uint8Array or a string, and `json` for other values'],
      [{ type: 'a', time_ms: 1 }, 'has no member `time_ms`; it has type'],
      [{ json: 1 }, '`type` is undefined; expected a string'],
      [{ type: 'a', subject: 5 }, '`subject` is 5; expected a string'],
      ['a', 'is "a"; expected an object'],
    ]);
  }
  refused(receive, [[{ type: 'a', timeMs: 1.5 }, '`timeMs` is 1.5; expected whole milliseconds']]);
  refused(apply, [[{ data: [1] }, 'data is [1]'], [{ subject: 5 }, '`subject` is 5']]);
  assert.equal(receive({ type: 'a', id: undefined, subject: null })[0].type, 'a');
  assert.deepEqual(seen.published, []);
});

test('a line that nobody wrote is escaped where it is HTML', () => {
  const event = rows([{ id: '<1>', source: '/test', type: 'a' }]);
  const render = (target) => made('event-types', { validate: () => 'valid' }).eventTypes.render(event, target);
  assert.deepEqual([render('text'), render('html')], [['a <1>'], ['a &lt;1&gt;']]);
});

test('of members that exclude each other none is lost', () => {
  refused(apply, [[{ json: 1, data: 'a' }, 'an output has both `json` and `data`']]);
  refused(receive, [[{ type: 'a', json: 1, data: 'a' }, 'a draft has both `json` and `data`']]);
  refused(bus.publish, [[{ type: 'a', json: null, data: '' }, 'an event has both `json` and `data`']]);
  refused(read, [[{ text: 'a', data: new Uint8Array(1) }, 'read answered both `data` and `text`'], [{ text: 'a', json: null }, 'read answered both `text` and `json`']]);
  refused(call, [[{ text: 'a', state: 's' }, 'call answered both `state` and `text`'], [{ error: 'a', state: 's' }, 'call answered both `error` and `state`']]);
  refused(get, [
    [{ messages: [], state: 's' }, 'get answered both `messages` and `state`'],
    [{ ask: [], description: 'd' }, 'get answered both `ask` and `description`'],
  ]);
});

test('null is what is left out, but for values of JSON', () => {
  assert.deepEqual(call({ content: ['a'], error: null, ask: null, structured: null }).val, { content: [{ tag: 'text', val: 'a' }], structuredJson: 'null', isError: false });
  assert.equal(call({ text: 'a', error: null, state: null }).val.content.length, 1);
  assert.deepEqual(get({ messages: [{ role: null, content: 'a' }], ask: null, description: null }).val.messages[0].role, 'user');
  assert.deepEqual(read({ uri: null, text: null, json: null, data: null }), [{ uri: 'a:b', mediaType: 'application/json', body: { tag: 'text', val: 'null' } }]);
  assert.deepEqual(complete({ values: [], total: null, more: null }), { values: [], total: undefined, more: false });
  const [draft] = receive({ type: 'a', timeMs: null, extensions: null, data: null });
  assert.deepEqual([draft.timeMs, draft.extensions, draft.data.length], [undefined, [], 0]);
  assert.deepEqual(apply({ json: 1, data: null, extensions: null })[0].val[0].extensions, undefined);
  refused(read, [[{ text: null }, 'read answered {"text":null}; expected a string, or an object with text, json, data']]);
  refused(call, [[{ text: null }, 'call answered {"text":null}']]);
});

test('problems, reasons, extensions and numbers are what they should be', () => {
  const words = 'expected new Problem(at, detail), two strings, or a string';
  const list = [[{ detail: 'x' }, `a problem is {"detail":"x"}; ${words}`], [new Error('x'), `a problem is Error: x; ${words}`], [{ at: '', detail: 5 }, words], [null, words]];
  for (const say of [reject, invalid]) refused(say, list);
  refused(retry, [[undefined, '`why` is undefined; expected a string']]);
  for (const say of [(extensions) => apply({ extensions }), (extensions) => receive({ type: 'a', extensions })]) {
    refused(say, [
      [[[1, 'a']], 'one of `extensions` is [1,"a"]; expected [name, value]'],
      [['ab'], 'one of `extensions` is "ab"'],
      ['ab', '`extensions` is "ab"; expected an object'],
      [{ a: { b: 1 } }, '`a` of `extensions` is {"b":1}; expected a string, a number or a boolean'],
    ]);
  }
  refused(receive, [[{ type: 'a', timeMs: 2 ** 70 }, 'expected whole milliseconds'], [{ type: 'a', timeMs: -1 }, '`timeMs` is -1']]);
  refused(complete, [
    ...['x', 1.5, -1, 2 ** 32].map((total) => [{ values: [], total }, `\`total\` is ${JSON.stringify(total)}; expected a whole number`]),
    [{ values: [], more: 1 }, '`more` is 1; expected true or false'],
  ]);
  refused(call, [[{ structured: () => 1 }, 'function is no JSON']]);
  refused(read, [[{ json: () => 1 }, 'function is no JSON']]);
});

test('what is large is shown in few characters, whole ones', () => {
  assert.equal(shown(new Uint8Array(5_000_000)), '5000000 bytes');
  assert.equal(shown({ data: new Uint8Array(5) }), '{"data":"5 bytes"}');
  assert.equal(shown(`a${'🦀'.repeat(500)}`).length, 500);
  for (const large of [`a${'🦀'.repeat(500)}`, `${'🦀'.repeat(500)}`, ['a', '🦀'.repeat(500)], Array(1_000_000).fill(0), 'x'.repeat(5_000_000)]) {
    assert.ok(shown(large).isWellFormed() && shown(large).length <= 500);
  }
  const circle = [];
  circle.push(circle);
  assert.deepEqual([shown(circle), shown(undefined), shown(5n), shown(new TypeError('no'))], ['[object Array]', 'undefined', '5', 'TypeError: no']);
});
