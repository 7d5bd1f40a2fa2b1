import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import * as call from '../src/call.js';
import { component } from '../src/component.js';
import * as http from '../src/http.js';
import { Fault, NotFound, Problem, UnknownPrompt } from '../src/index.js';
import * as server from '../src/server.js';
import { clear, seen } from '../src/testing.js';
import { thrown } from './thrown.js';

const about = (...kinds) => ({ name: 'mine', version: '1.2.3', kinds });
const manifest = { summary: 'test' };
const text = (val) => ({ tag: 'text', val });

afterEach(clear);

/** A component that was configured. */
function made(kind, members) {
  const component_ = component({ manifest, ...members }, about(kind));
  component_.manifest.configure('{}');
  return component_;
}

test('prompts are described, filled in, and refused', () => {
  const answers = {
    line: ({ arguments: { who } }) => `Greet ${who}`,
    talk: () => ({ description: 'd', messages: ['Hi', { role: 'assistant', content: { tag: 'image', val: { data: new Uint8Array([1]), mediaType: 'i' } } }] }),
    list: () => ['a', { content: 'b' }],
    ask: (asked) => ({ ask: [{ name: 'n', method: 'roots/list' }], state: asked.state ?? 's' }),
    none: () => { throw new UnknownPrompt(); },
    wrong: () => { throw new Problem('who', 'expected a name'); },
    late: async () => 'x',
    odd: () => ({ message: 'x' }),
  };
  const list = [{ name: 'line', arguments: [{ name: 'who' }, { name: 'how', required: false }] }];
  const { prompts } = made('prompts', { prompts: list, get: (asked) => answers[asked.name](asked) });
  assert.deepEqual(prompts.prompts()[0].arguments.map(({ name, required }) => [name, required]), [['who', true], ['how', false]]);
  const get = (name) => prompts.get({ name, arguments: [['who', 'Zoë']], caller: null, accepts: [], responses: [], state: null });
  assert.deepEqual(get('line'), { tag: 'complete', val: { description: undefined, messages: [{ role: 'user', content: text('Greet Zoë') }] } });
  assert.deepEqual(get('talk').val.messages.map(({ role }) => role), ['user', 'assistant']);
  assert.deepEqual(get('list').val.messages.map(({ role, content }) => [role, content.val]), [['user', 'a'], ['user', 'b']]);
  assert.deepEqual(get('ask').val, { requests: [{ name: 'n', method: 'roots/list', paramsJson: '{}' }], state: 's' });
  assert.deepEqual(thrown(() => get('none')), { tag: 'unknown-prompt' });
  assert.deepEqual(thrown(() => get('wrong')), { tag: 'invalid-arguments', val: 'who: expected a name' });
  assert.match(thrown(() => get('late')).val, /get answered a promise/);
  assert.match(thrown(() => get('odd')).val, /get answered \{"message":"x"\}; expected a string, or an object with messages, ask/);
});

test('resources are listed and read, as text, bytes or JSON', () => {
  const answers = { 'a:text': 't', 'a:bytes': new Uint8Array([1]), 'a:json': { json: { a: 1 } }, 'a:both': ['x', { text: 'y', uri: 'a:other', mediaType: 'm' }] };
  const read = (uri, caller) => answers[uri] ?? (() => { throw caller === 'root' ? new Problem('uri', 'no') : new NotFound(); })();
  const members = { resources: () => [{ uri: 'a:text', name: 'A' }], templates: [{ uriTemplate: 'a:{x}', name: 'T', mediaType: 'm' }], read };
  const { resources } = made('resources', members);
  assert.deepEqual([resources.resources()[0].about.name, resources.templates()[0].about.mediaType], ['A', 'm']);
  const bodies = (uri) => resources.read(uri, null).map(({ uri, mediaType, body }) => [uri, mediaType, body.tag, body.val]);
  assert.deepEqual(bodies('a:text'), [['a:text', undefined, 'text', 't']]);
  assert.deepEqual(bodies('a:bytes'), [['a:bytes', undefined, 'blob', new Uint8Array([1])]]);
  assert.deepEqual(bodies('a:json'), [['a:json', 'application/json', 'text', '{"a":1}']]);
  assert.deepEqual(bodies('a:both'), [['a:both', undefined, 'text', 'x'], ['a:other', 'm', 'text', 'y']]);
  assert.deepEqual(thrown(() => resources.read('a:none', null)), { tag: 'not-found' });
  assert.deepEqual(thrown(() => resources.read('a:none', 'root')), { tag: 'failed', val: 'uri: no' });
  assert.deepEqual(component({ manifest, resources: [], read }, about('resources')).wants.httpHosts(), []);
});

test('values are suggested, the first hundred, or none', () => {
  const asked = { subject: { tag: 'template', val: 'a:{x}' }, argument: 'x', value: 'v', others: [['y', '1']] };
  const suggested = (complete) => component({ manifest, complete }, about()).completions.complete(asked);
  assert.deepEqual(suggested(undefined), { values: [], total: undefined, more: false });
  assert.deepEqual(suggested(({ template, value, others }) => [template, value, others.y]).values, ['a:{x}', 'v', '1']);
  assert.deepEqual(suggested(() => ({ values: ['a'], total: 7, more: true })), { values: ['a'], total: 7, more: true });
  const { values, total, more } = suggested(() => Array.from({ length: 101 }, String));
  assert.deepEqual([values.length, total, more], [100, 101, true]);
  assert.equal(thrown(() => suggested(() => { throw new Error('not now'); })), 'not now');
});

test('what clients are told, and what the host has open, is kept in node', () => {
  call.changed('prompts');
  call.updated('a:text');
  call.sleep(120);
  seen.openStreams = 3;
  assert.deepEqual([seen.changedLists, seen.updatedResources], [['prompts'], ['a:text']]);
  assert.deepEqual([server.streams(), server.streams('/nowhere')], [3, undefined]);
});

test('a request is read before it is sent, and there is no network in tests', () => {
  const refused = (request) => thrown(() => http.send(request));
  assert.match(refused({ url: 'a.example' }).message, /does not begin with `https:\/\/` or `http:\/\/`/);
  assert.match(refused({ uri: 'x' }).message, /a request has no member `uri`/);
  assert.match(refused({ url: 'https://a.example', json: 1, body: '' }).message, /a request has both `json` and `body`/);
  const error = thrown(() => http.get('https://a.example/b'));
  assert.deepEqual([error instanceof Fault, error.reason, error.tag], [true, 'failed', 'retry']);
  const response = new http.Response({ status: 201, headers: [['X-A', new Uint8Array([98])]], body: new TextEncoder().encode('{"n":1}') });
  assert.deepEqual([response.isSuccess, response.header('x-a'), response.json()], [true, 'b', { n: 1 }]);
  const odd = new http.Response({ status: 200, headers: [], body: new Uint8Array([34, 0xe9, 34]) });
  assert.equal(odd.text(), '"\ufffd"');
  assert.match(thrown(() => odd.json()).message, /the answer is not UTF-8/);
  assert.equal(new http.HttpError('denied', 'x').tag, 'broken');
});

test('a length that is not that of the body is refused, and the right one is sent', () => {
  const said = (length, request) => thrown(() => http.send({ method: 'POST', url: 'https://a.example', headers: { 'Content-Length': length }, ...request }));
  for (const [length, body] of [['50', 'x'.repeat(100)], ['100', 'x'.repeat(50)], ['4', 'grün!'], ['1', undefined]]) {
    const { reason, message } = said(length, { body });
    const bytes = Buffer.byteLength(body ?? '');
    assert.deepEqual([reason, message], ['request', `the header content-length says ${length} bytes, the body has ${bytes}; leave the header out`]);
  }
  for (const length of ['', 'x', '+3', '3.0']) assert.equal(said(length, { body: 'abc' }).message, '`content-length` is no number');
  assert.equal(said('3', { body: 'abc' }).message, 'there is no network in native tests');
  assert.equal(said('7', { json: { a: 1 } }).message, 'there is no network in native tests');
});
