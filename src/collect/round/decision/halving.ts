import type { Halving } from '../../../checkpoints/round/collected.ts';

/**
 * Finds the rows that make a provider fail a whole file without naming them. The failed part is halved until one row is left; the
 * other rows are answered meanwhile. A failed file costs nothing, so its round does not count.
 */

/** Result of the part that was sent. */
export interface SentPart {
  readonly sent: number;
  /** Number of its requests with a line. */
  readonly answered: number;
  readonly failedWhole: boolean;
}

/** True if another halving is allowed: the limit is the number of files that the search for a few rows takes. */
export function mayHalve(before: Halving | undefined, requests: number): boolean {
  if (before === undefined) return true;
  return before.failed < SPARE_FILES + MOST_GUILTY * Math.ceil(Math.log2(Math.max(2, requests)));
}

/** Approximate number of bad rows to search for in a shard; each costs one upload per halving. */
const MOST_GUILTY = 8;
const SPARE_FILES = 8;

/**
 * The state of the search after a part.
 * @returns undefined if there is nothing left to search for
 */
export function afterPart(before: Halving | undefined, part: SentPart): Halving | undefined {
  const { sent, failedWhole } = part;
  const { suspects, failed, guilty, answered } = before ?? NOTHING_FOUND;
  if (!failedWhole) {
    if (before === undefined) return undefined;
    // If some rows of the part were answered, its bad rows are known or will be sent again. The suspects follow the part.
    const left = suspects > sent && part.answered === sent ? suspects - sent : 0;
    return { suspects: left, failed, guilty, answered: answered || part.answered > 0 };
  }
  const alone = sent === 1;
  return { suspects: alone ? 0 : sent, failed: failed + 1, guilty: guilty + (alone ? 1 : 0), answered };
}

const NOTHING_FOUND: Halving = { suspects: 0, failed: 0, guilty: 0, answered: false };
