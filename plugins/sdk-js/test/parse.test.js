// JSON that nobody has checked: what is refused before the engine's parser sees it, and what is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { component } from '../src/component.js';
import * as http from '../src/http.js';
import { Problem } from '../src/index.js';
import { parse } from '../src/parse.js';
import { event } from '../src/testing.js';

const lists = (levels) => '['.repeat(levels) + ']'.repeat(levels);
const TOO_DEEP = /more than 128 lists and objects within each other/;

test('128 levels are read, and more of them refused', () => {
  assert.equal(JSON.stringify(parse(lists(128))), lists(128));
  assert.throws(() => parse(lists(129)), TOO_DEEP);
  assert.throws(() => parse('{"a":'.repeat(129) + '1' + '}'.repeat(129)), TOO_DEEP);
  assert.throws(() => parse('['.repeat(200_000)), TOO_DEEP);
});

test('brackets beside and within texts are no levels', () => {
  const beside = JSON.stringify(Array.from({ length: 500 }, () => [{}]));
  assert.equal(parse(beside).length, 500);
  const within = JSON.stringify({ a: `${'['.repeat(300)}"\\`, b: '{'.repeat(300), '"[': ['\\"'] });
  assert.deepEqual(parse(within), JSON.parse(within));
  // A quote that is escaped ends no text: those that close within it do not hide those that open after it.
  assert.throws(() => parse(`[["\\"${']'.repeat(300)}\\\\",${'['.repeat(127)}`), TOO_DEEP);
});

test('a number that would be infinite is refused, and one that is large is read', () => {
  const [digits, most] = ['2'.repeat(309), '1'.repeat(309)];
  for (const number of ['1e400', '-1e999', '1E+400', '1e0000400', '0.5e310', `2${digits}`, `-${digits}.5`, `${digits}e-0`, `${'9'.repeat(210)}e99`]) {
    for (const text of [number, `[${number}]`, `{"a": [1, ${number} ], "b": 2}`, `{"a\\"": "x",\n"b":${number}\n}`]) {
      assert.throws(() => parse(text), (error) => error instanceof SyntaxError && error.message === `the number ${number.slice(0, 40)} is too large`, text);
    }
  }
  for (const text of [most, `[${most}e0]`, '[1e308,-1e-999,1e-400,0e999]', `"${digits}"`, '"1e400"', '["a1e400,","1e999"]', '{"1e400":"\\"1e400"}', '["e400", 1]']) {
    assert.deepEqual(parse(text), JSON.parse(text));
  }
});

test('deep data, deliveries and answers are told as what they are', () => {
  assert.throws(() => event('a', { data: '{"total":1e400}' }).json(), /the data is not JSON: the number 1e400 is too large/);
  assert.throws(() => event('a', { data: lists(129), contentType: 'text/plain' }).json(), (error) => error instanceof Problem && TOO_DEEP.test(error.message));
  const { webhook } = component({ manifest: { summary: 'test' }, receive: (one) => one.json() }, { name: 'mine', version: '1', kinds: ['webhook'] });
  const body = new TextEncoder().encode(lists(129));
  assert.throws(() => webhook.receive({ headers: [], query: '', body }), ({ status, detail }) => status === 400 && TOO_DEEP.test(detail));
  const answer = new http.Response({ status: 200, headers: [], body });
  assert.throws(() => answer.json(), (error) => error instanceof http.HttpError && TOO_DEEP.test(error.message));
});
