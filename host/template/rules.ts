import { z } from 'zod';
import type { Resource } from './resources.ts';

/** An EventBridge rule: its pattern, and the ARNs of its target functions. */
export interface EventRule {
  readonly pattern: unknown;
  readonly targets: readonly string[];
}

const ruleSchema = z.object({
  State: z.literal('ENABLED'),
  EventPattern: z.record(z.string(), z.unknown()),
  Targets: z.array(z.object({ Arn: z.string() })),
});

export function readRules(resources: readonly Resource[]): EventRule[] {
  return resources
    .filter(({ type }) => type === 'AWS::Events::Rule')
    .map(({ properties }) => {
      const { EventPattern, Targets } = ruleSchema.parse(properties);
      return { pattern: EventPattern, targets: Targets.map(({ Arn }) => Arn) };
    });
}

/**
 * True if an event matches an EventBridge pattern: every field must match one of its matchers.
 * @throws Error for an unsupported matcher, so that a rule never matches more events here than on AWS.
 */
export function fits(pattern: unknown, event: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.some((matcher) => fitsMatcher(matcher, event));
  const fields = z.record(z.string(), z.unknown()).parse(pattern);
  const given = z.record(z.string(), z.unknown()).safeParse(event).data;
  return given !== undefined && Object.entries(fields).every(([name, inner]) => fits(inner, given[name]));
}

const prefixSchema = z.strictObject({ prefix: z.string() });
const numericSchema = z.strictObject({ numeric: z.tuple([z.enum(['>', '>=', '<', '<=', '=']), z.number()]) });

function fitsMatcher(matcher: unknown, value: unknown): boolean {
  if (typeof matcher !== 'object' || matcher === null) return matcher === value;
  const prefix = prefixSchema.safeParse(matcher).data?.prefix;
  if (prefix !== undefined) return typeof value === 'string' && value.startsWith(prefix);
  const numeric = numericSchema.safeParse(matcher).data?.numeric;
  if (numeric !== undefined) return typeof value === 'number' && compare(value, ...numeric);
  throw new Error(`The matcher ${JSON.stringify(matcher)} of an event rule is not supported.`);
}

function compare(value: number, operator: '>' | '>=' | '<' | '<=' | '=', bound: number): boolean {
  switch (operator) {
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '=':
      return value === bound;
  }
}
