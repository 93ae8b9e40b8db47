/**
 * Finds the end of a list of numbers, reading every byte by JSON's rules. A loop over single bytes takes a quarter of a collect's
 * time. This reads eight bytes at a time with tables: each pair of bytes is one of 23 state changes, two pairs are one of 90, and
 * so on. Only one look-up of the eight needs the state before them, so the processor can do the others in advance. Measured on a
 * busy machine: 0.6 ns a byte; 0.9 ns with four bytes at a time; 2 ns with a table for single bytes.
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

/** All different changes, each with a number. */
class Changes {
  readonly all: Change[] = [];
  /**
   * Numbers by change. The key is the change as one number: its twelve states have four bits each, which a double holds exactly.
   */
  readonly #numbers = new Map<number, number>();

  numberOf(change: Change): number {
    return this.#find(
      change.reduce((key, state) => key * 16 + state, 0),
      () => change,
    );
  }

  /** The number of two changes in turn. Thousands of them are looked up, so a look-up creates no list. */
  numberInTurn(first: Change, second: Change): number {
    let key = 0;
    for (const state of first) key = key * 16 + (second[state] as number);
    return this.#find(key, () => first.map((state) => second[state] as number));
  }

  #find(key: number, create: () => Change): number {
    const known = this.#numbers.get(key) ?? this.all.push(create()) - 1;
    this.#numbers.set(key, known);
    return known;
  }
}

/** Number of bits for a state, for the change of a pair of bytes, and for that of four bytes. */
const [STATE_BITS, PAIR_BITS, FOUR_BITS] = [4, 6, 7];

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
const PAIR_KINDS = kinds.all.map((first) => kinds.all.map((second) => changes.numberInTurn(first, second)));
/** The change of two bytes in memory order, by `first | second << 8`: one row per second byte, and few rows differ. */
const PAIR = new Uint8Array(65_536);
const ROWS = kinds.all.map((_, second) =>
  Uint8Array.from(KIND, (first) => PAIR_KINDS[first]?.[second] as number),
);
for (const [byte, kind] of KIND.entries()) PAIR.set(ROWS[kind] as Uint8Array, byte << 8);
/** The change of two changes in turn, by `first << bits | second`. It adds changes that were not known before. */
function tableInTurn(known: readonly Change[], bits: number): Uint16Array {
  const table = new Uint16Array(known.length << bits);
  for (const [first, change] of known.entries())
    for (const [second, other] of known.entries())
      table[(first << bits) | second] = changes.numberInTurn(change, other);
  return table;
}

/** The change of two pairs, that is of four bytes; and of eight bytes, shifted for {@link AFTER}. */
const FOUR = tableInTurn([...changes.all], PAIR_BITS);
const EIGHT = tableInTurn([...changes.all], FOUR_BITS).map((change) => change << STATE_BITS);
/** The state after eight bytes, by `change << STATE_BITS | state`. */
const AFTER = new Uint8Array(changes.all.length << STATE_BITS);
for (const [number, change] of changes.all.entries()) AFTER.set(change, number << STATE_BITS);

/** Position of the bracket that closes the list beginning at `from`; -1 if it is not a list of JSON numbers. */
export function numberListEnd(bytes: Uint8Array, from: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lastEight = bytes.length - 8;
  let state = 0;
  let at = from;
  for (; at <= lastEight; at += 8) {
    const first = view.getUint32(at, true);
    const second = view.getUint32(at + 4, true);
    const change = EIGHT[
      ((FOUR[((PAIR[first & 0xffff] as number) << PAIR_BITS) | (PAIR[first >>> 16] as number)] as number) <<
        FOUR_BITS) |
        (FOUR[((PAIR[second & 0xffff] as number) << PAIR_BITS) | (PAIR[second >>> 16] as number)] as number)
    ] as number;
    const next = AFTER[change | state] as number;
    if (next >= FIRST_FINAL) break;
    state = next;
  }
  for (; state < FIRST_FINAL && at < bytes.length; at += 1)
    state = NEXT[(state << 8) | (bytes[at] as number)] as number;
  return state === END ? at - 1 : -1;
}
