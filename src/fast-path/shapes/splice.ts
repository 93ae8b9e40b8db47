import { fillShape, type Shape, type SlotKind } from './shape.ts';

/** The line that a rule makes of a line of one shape: bytes of its own, and the slots' bytes between them. */
export interface Splice {
  /** One more than there are `slots`. */
  readonly literals: readonly Buffer[];
  /** Which slot comes behind each literal, by its number in the shape. */
  readonly slots: readonly number[];
  /** How many bytes the literals are together. */
  readonly literalBytes: number;
}

/** A line of a shape whose slots have unique values, which show where a rule copies them. */
export interface Probe {
  readonly line: string;
  /** The slot that a value stands in. */
  readonly slotOf: (value: string) => number | undefined;
  readonly values: readonly string[];
}

/** Two probes whose values have nothing in common: what is the same of both is the rule's own. */
export type Probes = readonly [Probe, Probe];

export function createProbes(shape: Shape): Probes {
  return [createProbe(shape, 7_301), createProbe(shape, 8_642)];
}

/**
 * A probe whose texts need escapes, but for one slot's: it tells a rule that puts JSON into a text, where they would have to
 * be escaped once more, from one that hands texts on.
 */
export function createEscapedProbe(shape: Shape, plainSlot: number | undefined): Probe {
  return createProbe(shape, 9_753, (value, n) =>
    shape.slots[n] === 'text' && n !== plainSlot ? `\\"${value}\\\\` : value,
  );
}

/** A probe whose texts are empty: it tells a rule that asks whether there is a text from one that hands texts on. */
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

/** What a splice makes of a probe. */
export function spliceProbe({ literals, slots }: Splice, { values }: Probe): string {
  return fillShape(
    { literals, slots: slots.map(() => 'text') },
    slots.map((slot) => values[slot] ?? ''),
  );
}

function probeValue(kind: SlotKind, digits: string): string {
  return kind === 'text' ? `x${digits}x` : digits;
}

/** The slot that a value of both probes stands in. */
export function commonSlot(probes: Probes, values: readonly [string, string]): number | undefined {
  const slot = probes[0].slotOf(values[0]);
  return slot === probes[1].slotOf(values[1]) ? slot : undefined;
}

/**
 * How a rule puts lines of a shape together, from what it made of the probes. The rule itself stays the only place that
 * knows. It must hand on the values in the slots as they are, or not at all.
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

/** Where the slots of a line are: the start and the end of each, as `matchShape` fills them. */
export type Spans = Readonly<ArrayLike<number>>;

/** How long the line becomes. */
export function splicedBytes({ slots, literalBytes }: Splice, spans: Spans): number {
  let bytes = literalBytes;
  for (const slot of slots) bytes += (spans[2 * slot + 1] as number) - (spans[2 * slot] as number);
  return bytes;
}

/** Writes the line to the front of a buffer that has room for it. */
export function writeSpliced({ literals, slots }: Splice, line: Buffer, spans: Spans, into: Buffer): void {
  let at = 0;
  for (let n = 0; n < literals.length; n += 1) {
    const literal = literals[n] as Buffer;
    into.set(literal, at);
    at += literal.length;
    if (n === slots.length) break;
    const slot = slots[n] as number;
    at += line.copy(into, at, spans[2 * slot], spans[2 * slot + 1]);
  }
}
