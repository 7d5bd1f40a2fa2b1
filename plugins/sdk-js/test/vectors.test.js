// The test vectors that all SDKs share (tests/vectors of the repository, its README has the format), run against this one.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { component } from '../src/component.js';
import { Batch } from '../src/event.js';
import { emit, Fault, invalid, normalised, Problem, reject, retry } from '../src/index.js';
import { rows } from '../src/testing.js';

const cases = (name) => JSON.parse(readFileSync(new URL(`../../../tests/vectors/${name}.json`, import.meta.url))).cases;
const longText = (value) => [value].flat().length === 1 && typeof value === 'string' ? value : value.map(part).join('');
const part = (given) => (typeof given === 'string' ? given : given[0].repeat(given[1]));
const bytes = (value) => Uint8Array.from(Buffer.from(longText(value), 'hex'));
const hex = (data) => Buffer.from(data).toString('hex');

for (const { name, rows, arena, events, fault } of cases('batches')) {
  test(`batches: ${name}`, () => {
    const read = () => [...new Batch({ rows: bytes(rows), arena: bytes(arena) })].map(everything);
    if (fault) {
      assert.throws(read, (error) => {
        assert.deepEqual({ [error.tag]: error.message }, fault);
        return error instanceof Fault;
      });
      return;
    }
    const batch = new Batch({ rows: bytes(rows), arena: bytes(arena) });
    assert.equal(batch.length, events.length);
    events.forEach((expected, index) => same(batch.at(index), expected));
  });
}

test('rows that are not aligned are read as well', () => {
  const [{ rows, arena, events }] = cases('batches');
  const shifted = new Uint8Array([0, ...bytes(rows)]).subarray(1);
  same(new Batch({ rows: shifted, arena: bytes(arena) }).at(0), events[0]);
});

for (const { name, kind, say, answer, fault } of cases('answers')) {
  test(`answers: ${name} (${kind})`, () => {
    const [calls, exported, called] = {
      filter: ['decide', 'filter', 'decide'],
      transform: ['apply', 'transform', 'apply'],
      'event-types': ['validate', 'eventTypes', 'validate'],
    }[kind];
    const said = [...say];
    const plugin = { manifest: { summary: 'test' }, types: [], [calls]: () => speak(said.shift()) };
    const made = component(plugin, { name: 'test', version: '1', kinds: [kind] });
    const batch = rows(say.map(() => ({ id: '1', source: '/test', type: 'a' })));
    let got;
    try {
      got = { answer: made[exported][called](batch).map(contract) };
    } catch ({ tag, val }) {
      got = { fault: { [tag]: val } };
    }
    assert.deepEqual(got, answer ? { answer } : { fault });
  });
}

function everything(event) {
  for (const name of ['id', 'source', 'type', 'subject', 'contentType', 'extensions', 'data']) event[name];
}

function same(event, expected) {
  for (const name of ['id', 'source', 'type', 'timeMs', 'isJson', 'extensions']) {
    assert.deepEqual(event[name], expected[name], name);
  }
  assert.equal(event.subject, expected.subject ?? undefined);
  assert.equal(event.contentType, expected.contentType ?? undefined);
  for (const [name, value] of Object.entries(expected.extensions)) assert.equal(event.extension(name), String(value));
  assert.ok(Buffer.from(event.data).equals(bytes(expected.data)));
  if (expected.text === null) assert.throws(() => event.text(), Problem);
  else assert.ok(event.text() === longText(expected.text));
  if (expected.invalidJson) assert.throws(() => event.json(), Problem);
  else if (expected.jsonText) assert.ok(event.json() === longText(expected.jsonText));
  else if ('json' in expected) assert.deepEqual(event.json(), expected.json);
}

/** What an author's function does for a case. */
function speak(said) {
  if (typeof said === 'string') return said;
  const problems = (list) => list.map(({ at, detail }) => new Problem(at, detail));
  const output = (given) => (typeof given.data === 'string' ? { ...given, data: bytes(given.data) } : given);
  if (said.raise?.problems) throw problems(said.raise.problems);
  if (said.raise?.retry) throw Fault.retry(said.raise.retry);
  if (said.raise?.broken) throw Fault.broken(said.raise.broken);
  if (said.emit) return emit(said.emit.map(output));
  if (said.reject) return reject(problems(said.reject));
  if (said.retry) return retry(said.retry);
  if (said.normalised) return normalised(output(said.normalised));
  return invalid(problems(said.invalid));
}

/** An answer of the bindings, in the words of the vectors. */
function contract(given) {
  if (typeof given === 'string') return given;
  const { tag, val } = given;
  const output = ({ type, subject, contentType, extensions, data }) => ({
    type: type ?? null,
    subject: subject ?? null,
    contentType: contentType ?? null,
    extensions: extensions ?? null,
    data: data === undefined ? null : hex(data),
  });
  if (val === undefined) return tag;
  return { [tag]: tag === 'emit' ? val.map(output) : tag === 'normalised' ? output(val) : val };
}
