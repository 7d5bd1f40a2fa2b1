// Takes out of events what nobody should keep: members by their names, and e-mail addresses and card numbers in any text.
import { emit, keep } from '@tidemill/sdk';
import * as meter from '@tidemill/sdk/meter';

const EMAIL = /[\w.+-]+@[\w-]+(\.[\w-]+)+/g;
const CARD = /\b\d(?:[ -]?\d){12,18}\b/g;
const HIDDEN = '[redacted]';

/** @type {import('@tidemill/sdk').Manifest} */
export const manifest = {
  summary: 'Redacts secrets, e-mail addresses and card numbers',
  subscribes: ['*'],
  configSchema: {
    type: 'object',
    properties: { fields: { type: 'array', items: { type: 'string', minLength: 1 } } },
    additionalProperties: false,
  },
};

let fields = new Set();

/** @param {{ fields?: string[] }} config */
export function configure(config) {
  fields = new Set((config.fields ?? ['password', 'secret', 'token']).map((name) => name.toLowerCase()));
}

/**
 * @param {import('@tidemill/sdk').Event} event
 * @returns {import('@tidemill/sdk').Outcome}
 */
export function apply(event) {
  if (!event.isJson || event.data.length === 0) return keep;
  const found = { count: 0 };
  const json = redacted(event.json(), found);
  if (found.count === 0) return keep;
  meter.add('redacted', found.count);
  return emit({ json, extensions: { redacted: found.count } });
}

/** A value without what is to be hidden; `found` counts that. */
function redacted(value, found) {
  if (typeof value === 'string') return hidden(value, found);
  if (Array.isArray(value)) return value.map((one) => redacted(one, found));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      if (!fields.has(name.toLowerCase())) return [name, redacted(one, found)];
      found.count += 1;
      return [name, HIDDEN];
    }),
  );
}

function hidden(text, found) {
  const hide = () => {
    found.count += 1;
    return HIDDEN;
  };
  return text.replace(EMAIL, hide).replace(CARD, (number) => (isCard(number) ? hide() : number));
}

/** Card numbers end with a digit that the others make (Luhn); order numbers of that length mostly do not. */
function isCard(number) {
  const digits = [...number].filter((digit) => digit >= '0').map(Number).reverse();
  const sum = digits.reduce((all, digit, place) => all + (place % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)), 0);
  return sum % 10 === 0;
}
