import type { Wire } from '../provider/wire.ts';
import type { Shown } from './endpoint.ts';

/** Fields of any body that are shown in another way, or say nothing about the answer. */
const ENVELOPE = ['id', 'object', 'created', 'model', 'usage', 'system_fingerprint', 'service_tier'];

/** Model, usage, and under `body` whatever would otherwise be lost: what is kept, and fields that nothing else shows. */
export function common(body: Wire, shown: ReadonlySet<string>, kept: Wire = {}): Shown {
  const others = Object.entries(body).filter(([name]) => !shown.has(name));
  const rest = { ...kept, ...Object.fromEntries(others) };
  return {
    ...(typeof body['model'] === 'string' && { model: body['model'] }),
    ...(body['usage'] !== undefined && body['usage'] !== null && { usage: body['usage'] }),
    ...(Object.keys(rest).length > 0 && { body: rest }),
  };
}

/** An envelope's fields, with those that an endpoint shows. */
export function envelope(...shown: readonly string[]): ReadonlySet<string> {
  return new Set([...ENVELOPE, ...shown]);
}

/** Whether an object says nothing beside these fields; a null says nothing. */
export function isPlain(wire: Wire, fields: ReadonlySet<string>): boolean {
  const others = Object.entries(wire).filter(([name, value]) => value !== null && !fields.has(name));
  return others.length === 0;
}

/** A finish reason, where the provider names one. */
export function reason(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
