// Dates without a clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Timeless } from '../src/clock.js';

test('what asks for the time is an exception that says where it is', () => {
  for (const ask of [() => Timeless.now(), () => new Timeless(), () => Timeless(), () => Reflect.construct(Timeless, [])]) {
    assert.throws(ask, /^ReferenceError: (new )?Date(\.now)?\(\) is not there: a plugin has no clock; .*`timeMs`$/);
  }
});

test('dates that are said are dates', () => {
  const date = new Timeless(0);
  assert.ok(date instanceof Timeless && date instanceof Date);
  assert.equal(date.toISOString(), '1970-01-01T00:00:00.000Z');
  assert.deepEqual([new Timeless('2026-01-02').getTime(), Timeless.parse('2026-01-02')], [Date.UTC(2026, 0, 2), Timeless.UTC(2026, 0, 2)]);
  class Day extends Timeless {}
  assert.ok(new Day(2026, 0, 2) instanceof Day);
});
