import { lostIdsObject } from '../../checkpoints/lost-ids.ts';
import type { ShardRef } from '../../checkpoints/keys.ts';
import type { Failure } from '../../errors.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { readCollected, type UnreadableLine } from '../../checkpoints/collected.ts';
import type { RoundIndex } from './round-index.ts';

/**
 * Rows without a result although their lines are there: the lines cannot be read, or belong to no row. They are paid for,
 * so each is asked again at most once.
 */
export class LostRows {
  readonly #index: RoundIndex;
  readonly #before: ReadonlySet<string>;
  readonly #accounted: boolean;
  readonly #sent: number;
  /** Ids of the rows that are asked again. */
  readonly again: string[] = [];

  /** @param before ids that were asked again in earlier rounds */
  constructor(index: RoundIndex, sent: number, before: ReadonlySet<string>) {
    this.#index = index;
    this.#before = before;
    this.#sent = sent;
    const missing = Math.max(0, sent - index.answered - index.brokenRows);
    const strays = index.unknown + index.unreadable - index.brokenRows;
    this.#accounted = missing > 0 && strays >= missing;
  }

  /** The error of a row without a result; undefined when no line explains it. */
  errorOf(ordinal: number): Pick<Failure, 'code' | 'message'> | undefined {
    const broken = this.#index.brokenLine(ordinal);
    if (broken !== undefined) return { code: CODE, message: describeLine(broken) };
    if (!this.#accounted || ordinal >= this.#sent) return undefined;
    const { unknown, unreadable, unreadableLines } = this.#index;
    const [first] = unreadableLines;
    const example = first === undefined ? '' : ` ${describeLine(first)}`;
    const message = `The batch’s files have ${unreadable} lines that cannot be read and ${unknown} of unknown rows; one of them may be this row’s.${example}`;
    return { code: CODE, message };
  }

  /** Whether the row may be asked again; it is then counted as paid for twice. */
  askAgain(customId: string): boolean {
    if (this.#before.has(customId)) return false;
    this.again.push(customId);
    return true;
  }
}

const CODE = 'UNREADABLE_RESULT';

const NAMES = { output: 'output file', errors: 'error file' } as const;

function describeLine({ file, line, excerpt }: UnreadableLine): string {
  return `Line ${line} of the ${NAMES[file]} cannot be read; it begins with: ${excerpt}`;
}

/** Ids of the rows that earlier rounds have asked again. */
export async function askedAgainBefore(
  store: ObjectStore,
  ref: ShardRef,
  round: number,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const collected of await readCollected(store, ref)) {
    if (collected.round >= round || (collected.paidTwice ?? 0) === 0) continue;
    for (const id of (await lostIdsObject.read(store, { ...ref, round: collected.round })) ?? []) ids.add(id);
  }
  return ids;
}
