// UTF-8 without TextDecoder and TextEncoder: the same is read and written.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decode, decodeAnyway, decodeAnywayByBase64, decodeByBase64, encode, encodeByBase64 } from '../src/utf8.js';

// Node 24 has them.
Uint8Array.prototype.toBase64 ??= function toBase64() {
  return Buffer.from(this).toString('base64');
};
Uint8Array.fromBase64 ??= (text) => new Uint8Array(Buffer.from(text, 'base64'));

const TEXTS = ['', 'plain', '\0\x7f\x80\xff', 'Zoë 東京 🦀', '\ufeffmark', '\ufffd\uffff', '\u{10000}\u{10ffff}', '%41%zz%', 'é'.repeat(70_000), 'x'.repeat(70_000)];
const WRONG = ['80', 'c080', 'c3', 'e0a0', 'e08080', 'eda080', 'f08080aa', 'f4908080', 'f8888080', 'ff', '61c3', 'e6b1', 'f09f', 'f09fa6', 'c361', 'f09fa661e6b1', 'fefe'];
const bytes = (hex) => new Uint8Array(Buffer.from(hex, 'hex'));

test('texts become the same bytes, and these the same texts', () => {
  for (const text of TEXTS) {
    assert.deepEqual(encodeByBase64(text), encode(text));
    assert.ok(decodeByBase64(encode(text)) === text && decode(encode(text)) === text);
    assert.ok(decodeAnywayByBase64(encode(text)) === text && decodeAnyway(encode(text)) === text);
  }
  for (const half of ['a\ud800b', '\udc00', '\ud83d']) assert.deepEqual(encodeByBase64(half), encode(half));
});

test('what is not UTF-8 is no text, or one with marks', () => {
  for (const hex of WRONG) {
    assert.equal(decodeByBase64(bytes(hex)), undefined, hex);
    assert.equal(decode(bytes(hex)), undefined, hex);
    assert.equal(decodeAnywayByBase64(bytes(hex)), decodeAnyway(bytes(hex)), hex);
  }
  // Every pair of bytes, alone and before what may go on with them.
  for (let pair = 0x8000; pair < 0x10000; pair++) {
    for (const after of ['', '80', 'bf41', '8080']) {
      const given = bytes(pair.toString(16) + after);
      assert.equal(decodeAnywayByBase64(given), decodeAnyway(given), Buffer.from(given).toString('hex'));
    }
  }
});

test('a part of a larger buffer is read alone', () => {
  assert.equal(decodeByBase64(encode('abcdef').subarray(2, 4)), 'cd');
});
