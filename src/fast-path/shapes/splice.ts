import { fillShape, type Shape, type SlotKind } from './shape.ts';

/** A rule's transformation of lines of one shape: fixed bytes, with the slots' bytes between them. */
export interface Splice {
  /** Has one entry more than `slots`. */
  readonly literals: readonly Buffer[];
  /** Number of the shape's slot that follows each literal. */
  readonly slots: readonly number[];
  /** Total size of the literals in bytes. */
  readonly literalBytes: number;
}

/** A line of a shape with unique values in its slots, which show where a rule copies them. */
export interface Probe {
  readonly line: string;
  /** The slot that has this value; undefined if there is none. */
  readonly slotOf: (value: string) => number | undefined;
  readonly values: readonly string[];
}

/** Two probes without common values: what is equal in both results was added by the rule itself. */
export type Probes = readonly [Probe, Probe];

export function createProbes(shape: Shape): Probes {
  return [createProbe(shape, 7_301), createProbe(shape, 8_642)];
}

/**
 * A probe whose texts need escapes, except in one slot. It reveals a rule that embeds JSON in a text, because the escapes would
 * then be escaped again.
 */
export function createEscapedProbe(shape: Shape, plainSlot: number | undefined): Probe {
  return createProbe(shape, 9_753, (value, n) =>
    shape.slots[n] === 'text' && n !== plainSlot ? `\\"${value}\\\\` : value,
  );
}

/** A probe whose texts are empty. It reveals a rule that depends on whether there is a text. */
export function createEmptyProbe(shape: Shape): Probe {
  return createProbe(shape, 6_427, (value, n) => (shape.slots[n] === 'text' ? '' : value));
}

function createProbe(
  shape: Shape,
  salt: number,
  written: (value: string, slot: number) => string = (value) => value,
): Probe {
  const values = shape.slots.map((kind, n) =>
    written(probeValue(kind, `${salt}${String(n).padStart(3, '0')}${salt}`), n),
  );
  return {
    line: fillShape(shape, values),
    values,
    slotOf: (value) => {
      const slot = values.indexOf(value);
      return slot === -1 ? undefined : slot;
    },
  };
}

/** Applies a splice to a probe. */
export function spliceProbe({ literals, slots }: Splice, { values }: Probe): string {
  return fillShape(
    { literals, slots: slots.map(() => 'text') },
    slots.map((slot) => values[slot] ?? ''),
  );
}

function probeValue(kind: SlotKind, digits: string): string {
  return kind === 'text' ? `x${digits}x` : digits;
}

/** The slot that has the given value in both probes. */
export function commonSlot(probes: Probes, values: readonly [string, string]): number | undefined {
  const slot = probes[0].slotOf(values[0]);
  return slot === probes[1].slotOf(values[1]) ? slot : undefined;
}

/**
 * Derives a splice from a rule's results for two probes, so that the rule stays the only definition. The rule must either copy
 * the values of slots unchanged or omit them.
 */
export function learnSplice(probes: Probes, made: readonly [string, string]): Splice | undefined {
  const first = cutAtProbes(made[0], probes[0]);
  return sameSplice(first, cutAtProbes(made[1], probes[1])) ? first : undefined;
}

function cutAtProbes(made: string, { values, slotOf }: Probe): Splice {
  const literals: Buffer[] = [];
  const slots: number[] = [];
  let from = 0;
  for (const { 0: value, index } of made.matchAll(new RegExp(values.join('|'), 'g'))) {
    literals.push(Buffer.from(made.slice(from, index)));
    slots.push(slotOf(value) as number);
    from = index + value.length;
  }
  literals.push(Buffer.from(made.slice(from)));
  return { literals, slots, literalBytes: literals.reduce((sum, { length }) => sum + length, 0) };
}

function sameSplice(a: Splice, b: Splice): boolean {
  return (
    a.slots.join() === b.slots.join() && Buffer.concat([...a.literals]).equals(Buffer.concat([...b.literals]))
  );
}

/** Positions of a line's slots: start and end of each, as `matchShape` sets them. */
export type Spans = Readonly<ArrayLike<number>>;

/** Length of the resulting line in bytes. */
export function splicedBytes({ slots, literalBytes }: Splice, spans: Spans): number {
  let bytes = literalBytes;
  for (const slot of slots) bytes += (spans[2 * slot + 1] as number) - (spans[2 * slot] as number);
  return bytes;
}
