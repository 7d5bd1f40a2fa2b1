// Asks the host for everything that it offers, and says what came of it.
import { emit, UnknownTool } from '@tidemill/sdk';
import * as bus from '@tidemill/sdk/bus';
import * as client from '@tidemill/sdk/call';
import * as log from '@tidemill/sdk/log';
import * as meter from '@tidemill/sdk/meter';
import * as server from '@tidemill/sdk/server';
import * as state from '@tidemill/sdk/state';

export const manifest = { summary: 'Asks the host for everything', subscribes: ['ask.*'] };

export const tools = [
  { name: 'work', description: 'Works for a while' },
  { name: 'greet', description: 'Asks for a name', hints: { readOnly: true } },
];

export function apply(event) {
  return emit({ json: { 'ask.state': askState, 'ask.bus': askBus, 'ask.log': askLog }[event.type]() });
}

/** What becomes of a call that may be refused. */
function why(write) {
  try {
    write();
    return 'written';
  } catch (error) {
    return error.message;
  }
}

function askState() {
  const said = { sum: state.increment('zähler'), empty: why(() => state.put('leer', '')) };
  const empty = state.get('leer');
  said.emptyThere = empty?.value.length === 0;
  said.nothing = state.get('nichts') !== undefined;
  const large = 'x'.repeat(1 << 20);
  said.large = why(() => state.put('groß', large));
  said.tooLarge = why(() => state.put('größer', `${large}x`));
  said.largeSize = state.get('groß').value.length;
  said.noKey = why(() => state.put('', 'x'));
  try {
    state.put('leer', 'y', { ifVersion: 0 });
  } catch (error) {
    said.stale = error.message;
    said.staleVersion = error.reason === 'stale' && error.current.version === empty.version;
  }
  said.newer = state.put('leer', 'y', { ifVersion: empty.version }) > empty.version;
  said.noNumber = why(() => state.increment('leer'));
  state.put('kurz', 'z', { ttlMs: 3_600_000 });
  const [short, nothing] = state.getMany(['kurz', 'nichts']);
  said.many = short.text() === 'z' && nothing === undefined;
  said.window = state.increment('fenster', 5, { ttlMs: 3_600_000 });
  state.delete('fenster');
  const keys = state.keys('', 'kurz', 10);
  said.keys = keys.length;
  said.lines = keys.map((key) => `${key}\n`).join('');
  said.deleted = state.delete('groß');
  said.deletedAgain = state.delete('groß');
  return said;
}

function publish(type) {
  const text = {
    type, id: 'a-1', subject: 'é', source: '/plugins/asks/here', contentType: 'text/plain', extensions: { origin: 'the test' }, data: 'Zoë',
  };
  return why(() => bus.publish(text, { type, json: { plain: true } }));
}

function askBus() {
  const refused = publish('other.high');
  return { published: publish('alert.high') === 'written', refused: refused !== 'written', why: refused };
}

function askLog() {
  log.warn('gezählt', { größe: '', by: 'alice' });
  meter.add('counted', 2);
  meter.record('size', 0.5);
  return { logged: true };
}

export function call(invoked) {
  if (invoked.name === 'work') return work();
  if (invoked.name === 'greet') return greet(invoked);
  throw new UnknownTool();
}

function work() {
  client.progress(1, 2, 'half');
  client.progress(2);
  client.changed('resources');
  client.updated('asks://1');
  client.sleep(60);
  const structured = {
    slept: !client.cancelled(),
    published: publish('alert.tool') === 'written',
    streams: server.streams(),
    nowhere: server.streams('/nowhere') !== undefined,
  };
  const content = [
    { tag: 'image', val: { data: new Uint8Array([1, 2]), mediaType: 'image/png' } },
    { tag: 'link', val: { uri: 'asks://1', name: 'One' } },
    { tag: 'embedded', val: { uri: 'asks://2', mediaType: 'text/plain', body: { tag: 'text', val: 'two' } } },
  ];
  return { text: 'done', structured, content };
}

function greet(invoked) {
  const answer = invoked.response('who');
  if (answer !== undefined) return `${invoked.state} ${answer.content.name}`;
  if (!invoked.accepts('elicitation/create')) return { error: 'nobody can be asked' };
  const requestedSchema = { type: 'object', properties: {} };
  return { ask: [{ name: 'who', method: 'elicitation/create', params: { message: 'Who?', requestedSchema } }], state: 'höflich' };
}
