import type { Halving } from '../../checkpoints/round/collected.ts';

/**
 * Finding the rows that make a provider fail a whole file without naming them: the part that failed is halved until one
 * row is left, and the rows beside it are answered on the way. A file that fails costs nothing, so its round is given back.
 */

/** What became of the part that was sent. */
export interface SentPart {
  readonly sent: number;
  /** Of those, how many have a line. */
  readonly answered: number;
  readonly failedWhole: boolean;
}

/** Whether another half is worth trying: for each of a few rows, as many files as its search takes. */
export function mayHalve(before: Halving | undefined, requests: number): boolean {
  if (before === undefined) return true;
  return before.failed < SPARE_FILES + MOST_GUILTY * Math.ceil(Math.log2(Math.max(2, requests)));
}

/** About how many rejected rows of a shard are searched for: each costs one upload per halving. */
const MOST_GUILTY = 8;
const SPARE_FILES = 8;

/** The search after a part, or what is left of it. @returns undefined when there is nothing to search for */
export function afterPart(before: Halving | undefined, part: SentPart): Halving | undefined {
  const { sent, failedWhole } = part;
  const { suspects, failed, guilty, answered } = before ?? NOTHING_FOUND;
  if (!failedWhole) {
    if (before === undefined) return undefined;
    // A part that was answered in part has named its guilty rows, or will be asked again: the others are behind it.
    const left = suspects > sent && part.answered === sent ? suspects - sent : 0;
    return { suspects: left, failed, guilty, answered: answered || part.answered > 0 };
  }
  const alone = sent === 1;
  return { suspects: alone ? 0 : sent, failed: failed + 1, guilty: guilty + (alone ? 1 : 0), answered };
}

const NOTHING_FOUND: Halving = { suspects: 0, failed: 0, guilty: 0, answered: false };
