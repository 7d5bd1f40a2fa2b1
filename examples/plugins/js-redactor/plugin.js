// Takes out of events what nobody should keep: members by their names, and e-mail addresses and card numbers in any text.
import { emit, keep } from '@tidemill/sdk';
import * as meter from '@tidemill/sdk/meter';

const EMAIL = /[\w.+-]+@[\w-]+(\.[\w-]+)+/g;
const DIGITS = /\b\d(?:[ -]?\d){12,}\b/g;
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
  return text.replace(EMAIL, hide).replace(DIGITS, (digits) => withoutCards(digits, hide));
}

/**
 * Digits, without the card numbers among them; those that overlap are hidden as one. What is written without a gap is not
 * cut: most long numbers, such as those of orders, have something like a card number somewhere within.
 * @param {string} digits
 * @param {() => string} hide
 */
function withoutCards(digits, hide) {
  let rest = '';
  let done = 0;
  for (const { index } of digits.matchAll(/\b\d/g)) {
    const end = cardEnd(digits, index);
    if (end === undefined) continue;
    if (index >= done) rest += digits.slice(done, index) + hide();
    done = Math.max(done, end);
  }
  return rest + digits.slice(done);
}

/**
 * Where the longest card number ends that begins at this place: 13 to 19 digits, the last of which the others make (Luhn).
 * Every second digit counts double, from the last but one backwards: the sums are those with even and with odd places doubled.
 * @param {string} digits
 * @param {number} start
 */
function cardEnd(digits, start) {
  const sums = [0, 0];
  let count = 0;
  let end;
  for (let at = start; at < digits.length && count < 19; at++) {
    if (!isDigit(digits[at])) continue;
    const digit = Number(digits[at]);
    sums[count % 2] += digit * 2 - (digit > 4 ? 9 : 0);
    sums[1 - (count % 2)] += digit;
    count += 1;
    if (count >= 13 && !isDigit(digits[at + 1]) && sums[count % 2] % 10 === 0) end = at + 1;
  }
  return end;
}

/** @param {string | undefined} one */
const isDigit = (one) => one !== undefined && one >= '0' && one <= '9';
