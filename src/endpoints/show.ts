import { asWire, type Wire } from '../provider/wire.ts';
import type { Shown } from './endpoint.ts';

/** Fields of any body that `compact` leaves out because they do not concern the answer. */
export const LEFT_OUT = ['id', 'object', 'created', 'system_fingerprint', 'service_tier'] as const;

const SCALARS: ReadonlySet<string> = new Set(LEFT_OUT);

/** Model, usage, and in `body` everything that would otherwise be lost: the kept fields, and fields that nothing else shows. */
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

/** Fields of a body that are shown elsewhere or left out: the given ones, and those of every body. */
export function envelope(...shown: readonly string[]): ReadonlySet<string> {
  return new Set([...LEFT_OUT, 'model', 'usage', ...shown]);
}

/** True if an object has no other fields than these, apart from nulls. */
export function isPlain(wire: Wire, fields: ReadonlySet<string>): boolean {
  return Object.entries(wire).every(([name, value]) => isNothing(value) || fields.has(name));
}

/** True if a field is absent, null, or one of these values, which add no information. */
export function isUsual(value: unknown, ...usual: readonly unknown[]): boolean {
  return isNothing(value) || usual.includes(value);
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

/** The finish reason, if the provider names one. */
export function reason(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** True if a finish reason is shown unchanged. */
export function isReason(value: unknown): boolean {
  return isNothing(value) || typeof value === 'string';
}
