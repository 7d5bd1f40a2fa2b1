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

test('deep data, deliveries and answers are told as what they are', () => {
  assert.throws(() => event('a', { data: lists(129), contentType: 'text/plain' }).json(), (error) => error instanceof Problem && TOO_DEEP.test(error.message));
  const { webhook } = component({ manifest: { summary: 'test' }, receive: (one) => one.json() }, { name: 'mine', version: '1', kinds: ['webhook'] });
  const body = new TextEncoder().encode(lists(129));
  assert.throws(() => webhook.receive({ headers: [], query: '', body }), ({ status, detail }) => status === 400 && TOO_DEEP.test(detail));
  const answer = new http.Response({ status: 200, headers: [], body });
  assert.throws(() => answer.json(), (error) => error instanceof http.HttpError && TOO_DEEP.test(error.message));
});
