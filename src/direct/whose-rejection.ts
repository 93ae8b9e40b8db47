/**
 * A row that was answered recently. Recent rows distinguish a provider that accepts nothing at the moment from a row that it
 * never accepts. The answer is 429 or 5xx in both cases. In the first case every call fails; in the second, calls of other rows
 * succeed.
 */
export interface RecentRow {
  readonly customId: string;
  /** True if its last answer was not a rejection. */
  readonly isTaken: boolean;
}

/** Number of rows that are remembered. This many consecutive failing rows slow down all rows until one is accepted. */
const REMEMBERED = 8;

/** Adds a row to the rows that were answered last, each with its last answer, newest at the end. */
export function remember(recent: readonly RecentRow[], row: RecentRow): readonly RecentRow[] {
  return [...recent.filter(({ customId }) => customId !== row.customId), row].slice(-REMEMBERED);
}

/**
 * Decides which rows a rejection concerns: the `row` alone; `all` rows, if none was accepted recently; or `most`, if the
 * provider names a rate limit for most rows and accepts a few.
 */
export function whoseRejection(recent: readonly RecentRow[], isLimit: boolean): 'row' | 'most' | 'all' {
  const rejected = recent.filter(({ isTaken }) => !isTaken).length;
  if (rejected === recent.length) return 'all';
  return isLimit && rejected * 2 > recent.length ? 'most' : 'row';
}

/**
 * The longest wait, in milliseconds, of a row that is rejected while others are accepted. A row that the provider asks to wait
 * longer ends with the provider's error.
 */
export const ROW_PATIENCE_MS = 900_000;

/** Number of rows that must be asked to wait that long before the wait counts for the whole provider. */
const ROWS_THAT_AGREE = 5;

/** True if a rejection asks for a longer wait than a single row may have. */
export const isLongWait = (askedMs: number | undefined): boolean =>
  askedMs !== undefined && askedMs > ROW_PATIENCE_MS;

/** True if a wait applies to all rows when all are rejected. A wait of hours may concern only a single row. */
export function isEverybodysWait(recent: readonly RecentRow[], askedMs: number | undefined): boolean {
  return !isLongWait(askedMs) || recent.length >= ROWS_THAT_AGREE;
}

/** First wait of a rejected row, in milliseconds; doubles with each further rejection. */
const FIRST_ROW_WAIT_MS = 1_000;
const MAX_ROW_WAIT_MS = 60_000;

/** Milliseconds until a row with this many rejections is sent again: at least as long as the provider asks to wait. */
export function rowWaitMs(rejections: number, askedMs: number | undefined, random: number): number {
  const wait = Math.min(MAX_ROW_WAIT_MS, FIRST_ROW_WAIT_MS * 2 ** Math.min(rejections - 1, 20));
  return Math.max(askedMs ?? 0, Math.ceil(wait * (1 - 0.25 * random)));
}
