// Sends a request for each event, and says what came of it.
import { emit } from '@tidemill/sdk';
import * as http from '@tidemill/sdk/http';

export const manifest = { summary: 'Sends requests', subscribes: ['send'] };
export const httpHosts = ['http://wanted.test'];

export function apply(event) {
  const { length, ...asked } = event.json();
  const headers = { 'x-mine': 'yes', ...(length && { 'Content-Length': length }) };
  try {
    const answer = http.send({ ...asked, headers, timeoutMs: 200 });
    return emit({ json: { status: answer.status, served: answer.header('X-Served'), body: answer.text() } });
  } catch (error) {
    if (!(error instanceof http.HttpError)) throw error;
    return emit({ json: { error: error.message } });
  }
}
