import { bounded, ProviderUnavailable } from '../errors.ts';
import { readError } from './errors/error-envelope.ts';
import { asWire } from './wire.ts';

/**
 * Returns the value that was read.
 * @param answer the answer that it was read from
 * @throws ProviderUnavailable when the value is undefined
 */
export function required<Value>(action: string, value: Value | undefined, answer?: unknown): Value {
  if (value === undefined)
    throw new ProviderUnavailable(`${action}: the answer is not the expected object${describeForm(answer)}.`);
  return value;
}

/** Most fields of an unexpected answer that are named. */
const MAX_FIELDS = 8;

/** Names the fields of an answer, and its error. Shows no other content. */
function describeForm(answer: unknown): string {
  const wire = asWire(answer);
  if (wire === undefined) return Array.isArray(answer) ? ', but a list' : '';
  const fields = Object.keys(wire)
    .filter((name) => /^[\w.-]{1,40}$/.test(name))
    .slice(0, MAX_FIELDS);
  const { message } = readError(answer);
  const has = fields.length === 0 ? ', but empty' : `; it has ${fields.join(', ')}`;
  return message === undefined ? has : `${has}: ${bounded(message)}`;
}
