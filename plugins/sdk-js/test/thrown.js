// What tests of bindings share: a call that has to throw.
import assert from 'node:assert/strict';

/** What a call throws. */
export function thrown(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was thrown');
}
