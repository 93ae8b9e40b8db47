import { asWire, type Wire } from '../provider/wire.ts';
import type { Shown } from './endpoint.ts';

/** Texts and numbers of any body that `compact` leaves out, because they say nothing about the answer. */
export const LEFT_OUT = ['id', 'object', 'created', 'system_fingerprint', 'service_tier'] as const;

const SCALARS: ReadonlySet<string> = new Set(LEFT_OUT);

/** Model, usage, and under `body` whatever would otherwise be lost: what is kept, and fields that nothing else shows. */
export function common(body: unknown, shown: ReadonlySet<string>, kept: Wire = {}): Shown {
  const wire = asWire(body) ?? {};
  const { model, usage } = wire;
  const hasName = typeof model === 'string';
  const others = Object.entries(wire).filter(
    ([name, value]) =>
      !shown.has(name) ||
      (name === 'model' && !hasName && !isNothing(value)) ||
      (SCALARS.has(name) && (asWire(value) !== undefined || Array.isArray(value))),
  );
  const rest = { ...kept, ...Object.fromEntries(others) };
  return {
    ...(hasName && { model }),
    ...(!isNothing(usage) && { usage }),
    ...(Object.keys(rest).length > 0 && { body: rest }),
  };
}

/** Fields of a body that are shown in another way or left out: these, and those of any body. */
export function envelope(...shown: readonly string[]): ReadonlySet<string> {
  return new Set([...LEFT_OUT, 'model', 'usage', ...shown]);
}

/** Whether an object says nothing beside these fields; a null says nothing. */
export function isPlain(wire: Wire, fields: ReadonlySet<string>): boolean {
  return Object.entries(wire).every(([name, value]) => isNothing(value) || fields.has(name));
}

/** Whether a field is absent, null, or one of these values, which say no more than that. */
export function isUsual(value: unknown, ...usual: readonly unknown[]): boolean {
  return isNothing(value) || usual.includes(value);
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

/** A finish reason, where the provider names one. */
export function reason(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Whether a finish reason is shown as it came. */
export function isReason(value: unknown): boolean {
  return isNothing(value) || typeof value === 'string';
}
