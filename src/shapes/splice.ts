import { fillShape, type Shape, type SlotKind } from './shape.ts';

/** The line that a rule makes of a line of one shape: bytes of its own, and the slots' bytes between them. */
export interface Splice {
  /** One more than there are `slots`. */
  readonly literals: readonly Buffer[];
  /** Which slot comes behind each literal, by its place in the shape. */
  readonly slots: readonly number[];
  /** How many bytes the literals are together. */
  readonly literalBytes: number;
}

/** What stands in the slots while a rule is watched: values that nothing else holds, told from their neighbours. */
export interface Probe {
  readonly values: readonly string[];
  /** The slot that this text is of, as text and as number. */
  slotOf(value: string): number | undefined;
}

/** Two probes whose values have nothing in common: what is the same for both is the rule's own. */
export function createProbes(shape: Shape): readonly [Probe, Probe] {
  return [createProbe(shape, 7_301), createProbe(shape, 8_642)];
}

function createProbe({ slots }: Shape, salt: number): Probe {
  const values = slots.map((kind, n) => probeValue(kind, `${salt}${String(n).padStart(3, '0')}${salt}`));
  return {
    values,
    slotOf: (value) => {
      const n = values.indexOf(value);
      return n === -1 ? undefined : n;
    },
  };
}

function probeValue(kind: SlotKind, digits: string): string {
  return kind === 'text' ? `x${digits}x` : digits;
}

/**
 * Finds out how a rule puts lines of this shape together, by watching what it makes of the probes. The rule itself
 * stays the only place that knows.
 * @param rule from a line to the line it becomes; `undefined` where it becomes none. It must hand the values in the slots
 * on as they are, or not at all
 */
export function learnSplice(
  shape: Shape,
  probes: readonly [Probe, Probe],
  rule: (line: string) => string | undefined,
): Splice | undefined {
  const [first, second] = probes.map((probe) => {
    const made = rule(fillShape(shape, probe.values));
    return made === undefined ? undefined : cutAtProbes(made, probe);
  });
  if (first === undefined || second === undefined) return undefined;
  return sameSplice(first, second) ? first : undefined;
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

/** How long the line becomes. `spans` as `matchShape` fills them. */
export function splicedBytes({ slots, literalBytes }: Splice, spans: Int32Array): number {
  let bytes = literalBytes;
  for (const slot of slots) bytes += (spans[2 * slot + 1] as number) - (spans[2 * slot] as number);
  return bytes;
}

/** Writes the line into a buffer that has room for it. @returns where it ends there */
export function writeSpliced(
  { literals, slots }: Splice,
  line: Buffer,
  spans: Int32Array,
  into: Buffer,
  start: number,
): number {
  let at = start;
  for (let n = 0; n < literals.length; n += 1) {
    const literal = literals[n] as Buffer;
    into.set(literal, at);
    at += literal.length;
    if (n === slots.length) break;
    const slot = slots[n] as number;
    at += line.copy(into, at, spans[2 * slot], spans[2 * slot + 1]);
  }
  return at;
}
