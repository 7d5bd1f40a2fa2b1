// Owns the event type `order.placed`: what such an event must say, what is filled in, and how people see it.
import { escapeHtml, invalid, normalised, Problem, valid } from '@tidemill/sdk';
import type { Event, EventType, Manifest, Validity } from '@tidemill/sdk';

export const manifest: Manifest = { summary: 'Orders: order.placed' };

interface Line {
  sku: string;
  count: number;
  price: number;
}

interface Order {
  customer: string;
  currency: string;
  lines: Line[];
  total: number;
}

export const types: EventType[] = [
  {
    name: 'order.placed',
    version: '1.0.0',
    summary: 'A customer placed an order',
    schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      required: ['customer', 'currency', 'lines'],
      properties: {
        customer: { type: 'string', minLength: 1 },
        currency: { type: 'string', pattern: '^[A-Za-z]{3}$' },
        lines: {
          type: 'array',
          minItems: 1,
          items: {
            type: 'object',
            required: ['sku', 'count', 'price'],
            properties: {
              sku: { type: 'string', minLength: 1 },
              count: { type: 'integer', minimum: 1 },
              price: { type: 'number', minimum: 0 },
            },
          },
        },
        total: { type: 'number', description: 'The sum of the lines; filled in.' },
      },
    },
    examples: [{ customer: 'alice', currency: 'EUR', lines: [{ sku: 'A-1', count: 2, price: 9.5 }], total: 19 }],
  },
];

/** Checks an order; its currency is written in capitals and its total filled in. */
export function validate(event: Event): Validity {
  const wrong: Problem[] = [];
  const check = (holds: boolean, at: string, detail: string): void => {
    if (!holds) wrong.push(new Problem(at, detail));
  };
  const order = event.json<unknown>();
  if (!isObject(order)) return invalid(new Problem('', 'expected an object'));
  check(isText(order.customer), '/customer', 'expected a text with at least one character');
  check(typeof order.currency === 'string' && /^[A-Za-z]{3}$/.test(order.currency), '/currency', 'expected three letters, such as EUR');
  check(order.total === undefined || typeof order.total === 'number', '/total', 'expected a number');
  const lines: unknown[] = Array.isArray(order.lines) ? order.lines : [];
  check(lines.length > 0, '/lines', 'expected a list with at least one line');
  lines.forEach((line, place) => {
    const at = `/lines/${place}`;
    if (!isObject(line)) return check(false, at, 'expected an object');
    check(isText(line.sku), `${at}/sku`, 'expected a text with at least one character');
    check(Number.isInteger(line.count) && Number(line.count) >= 1, `${at}/count`, 'expected a whole number that is 1 or more');
    check(typeof line.price === 'number' && line.price >= 0, `${at}/price`, 'expected a number that is 0 or more');
  });
  if (wrong.length > 0) return invalid(wrong.slice(0, 64));
  return completed(order as unknown as Order);
}

function completed(order: Order): Validity {
  const cents = order.lines.reduce((sum, { count, price }) => sum + count * Math.round(price * 100), 0);
  const [currency, total] = [order.currency.toUpperCase(), cents / 100];
  if (order.currency === currency && order.total === total) return valid;
  return normalised({ json: { ...order, currency, total } });
}

/** How a person sees an order: as text, or as a fragment of HTML. */
export function render(event: Event, target: 'text' | 'html'): string {
  const { customer, currency, lines, total } = event.json<Order>();
  const count = lines.reduce((sum, line) => sum + line.count, 0);
  const line = `${customer} ordered ${count} ${count === 1 ? 'item' : 'items'} for ${total} ${currency}`;
  return target === 'html' ? escapeHtml(line) : line;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
