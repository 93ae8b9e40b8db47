/**
 * Finds the end of a list of numbers, reading every byte by JSON's rules. A loop over single bytes takes a quarter of a collect's
 * time. This reads four bytes at a time with tables: each pair of bytes is one of 23 state changes, and two pairs are one of 90.
 * Measured: 0.45 ns a byte; 1.2 ns with a table for single bytes.
 */

/** States of the automaton: the position within a list. The last two are final. */
const STATES = [
  'before a number',
  'minus',
  'zero',
  'whole',
  'point',
  'fraction',
  'exponent letter',
  'exponent sign',
  'exponent',
  'behind a number',
  'end',
  'wrong',
] as const;
type State = (typeof STATES)[number];

const DIGITS: Readonly<Record<string, State>> = { '123456789': 'whole', 0: 'zero' };
const BEHIND: Readonly<Record<string, State>> = {
  ',': 'before a number',
  ' ': 'behind a number',
  ']': 'end',
};
const EXPONENT: Readonly<Record<string, State>> = { eE: 'exponent letter' };

/** The next state by the bytes that are allowed in a state; any other byte is an error. */
const RULES: Readonly<Record<State, Readonly<Record<string, State>>>> = {
  'before a number': { ...DIGITS, '-': 'minus', ' ': 'before a number' },
  minus: DIGITS,
  zero: { ...BEHIND, ...EXPONENT, '.': 'point' },
  whole: { ...BEHIND, ...EXPONENT, '.': 'point', '0123456789': 'whole' },
  point: { '0123456789': 'fraction' },
  fraction: { ...BEHIND, ...EXPONENT, '0123456789': 'fraction' },
  'exponent letter': { '+-': 'exponent sign', '0123456789': 'exponent' },
  'exponent sign': { '0123456789': 'exponent' },
  exponent: { ...BEHIND, '0123456789': 'exponent' },
  'behind a number': BEHIND,
  end: {},
  wrong: {},
};

/** A state change: the next state for each state. */
type Change = readonly number[];

const FIRST_FINAL = STATES.indexOf('end');
const END = FIRST_FINAL;

function changeBy(character: string): Change {
  return STATES.map((state, at) => {
    if (at >= FIRST_FINAL) return at;
    const [, next = 'wrong'] =
      Object.entries(RULES[state]).find(([bytes]) => bytes.includes(character)) ?? [];
    return STATES.indexOf(next);
  });
}

const inTurn = (first: Change, second: Change): Change => first.map((state) => second[state] as number);

/** All different changes, each with a number. */
class Changes {
  readonly all: Change[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(change: Change): number {
    const name = change.join();
    const number = this.#numbers.get(name) ?? this.all.push(change) - 1;
    this.#numbers.set(name, number);
    return number;
  }
}

/** Number of bits for a state, and for the change of a pair of bytes. */
const [STATE_BITS, PAIR_BITS] = [4, 6];

/** Bytes that are allowed in a list; all others are errors in every state. */
const IN_LISTS = '0123456789.-+eE, ]';
const WRONG = changeBy('\0');
const BY_BYTE: Change[] = Array.from({ length: 256 }, () => WRONG);
for (const [at, byte] of Buffer.from(IN_LISTS).entries()) BY_BYTE[byte] = changeBy(IN_LISTS.charAt(at));
/** The state after a byte, by `state << 8 | byte`. */
const NEXT = Uint8Array.from(STATES.flatMap((_, state) => BY_BYTE.map((change) => change[state] as number)));

const changes = new Changes();
const kinds = new Changes();
const KIND = BY_BYTE.map((change) => kinds.numberOf(change));
const PAIR_KINDS = kinds.all.map((first) =>
  kinds.all.map((second) => changes.numberOf(inTurn(first, second))),
);
/** The change of two bytes in memory order, by `first | second << 8`: one row per second byte, and few rows differ. */
const PAIR = new Uint8Array(65_536);
const ROWS = kinds.all.map((_, second) =>
  Uint8Array.from(KIND, (first) => PAIR_KINDS[first]?.[second] as number),
);
for (const [byte, kind] of KIND.entries()) PAIR.set(ROWS[kind] as Uint8Array, byte << 8);
const PAIRS = [...changes.all];
/** The change of two pairs, shifted for {@link AFTER}, by `first << PAIR_BITS | second`. */
const FOUR = new Uint16Array(PAIRS.length << PAIR_BITS);
for (const [first, change] of PAIRS.entries())
  for (const [second, other] of PAIRS.entries())
    FOUR[(first << PAIR_BITS) | second] = changes.numberOf(inTurn(change, other)) << STATE_BITS;
/** The state after four bytes, by `change << STATE_BITS | state`. */
const AFTER = new Uint8Array(changes.all.length << STATE_BITS);
for (const [number, change] of changes.all.entries()) AFTER.set(change, number << STATE_BITS);

/** Position of the bracket that closes the list beginning at `from`; -1 if it is not a list of JSON numbers. */
export function numberListEnd(bytes: Uint8Array, from: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lastFour = bytes.length - 4;
  let state = 0;
  let at = from;
  for (; at <= lastFour; at += 4) {
    const four = view.getUint32(at, true);
    const change = FOUR[
      ((PAIR[four & 0xffff] as number) << PAIR_BITS) | (PAIR[four >>> 16] as number)
    ] as number;
    const next = AFTER[change | state] as number;
    if (next >= FIRST_FINAL) break;
    state = next;
  }
  for (; state < FIRST_FINAL && at < bytes.length; at += 1)
    state = NEXT[(state << 8) | (bytes[at] as number)] as number;
  return state === END ? at - 1 : -1;
}
