/**
 * Tells a provider that takes nothing now from rows that it never takes. Both answer 429 or 5xx: of the first every call fails, of
 * the second the others' calls go through.
 */
export interface RecentRow {
  readonly customId: string;
  /** Its last call was answered with something other than a rejection. */
  readonly isTaken: boolean;
}

/** Rows that are remembered: so many failing rows in a row slow everybody down, until another one is taken. */
const REMEMBERED = 8;

/** The rows that were answered last, each with its last answer, the newest at the end. */
export function remember(recent: readonly RecentRow[], row: RecentRow): readonly RecentRow[] {
  return [...recent.filter(({ customId }) => customId !== row.customId), row].slice(-REMEMBERED);
}

/**
 * Whom a rejection is about: the `row` alone; `all`, when no row was taken lately; or `most`, when the provider says of most rows
 * that it limits the rate, and takes a few.
 */
export function whoseRejection(recent: readonly RecentRow[], isLimit: boolean): 'row' | 'most' | 'all' {
  const rejected = recent.filter(({ isTaken }) => !isTaken).length;
  if (rejected === recent.length) return 'all';
  return isLimit && rejected * 2 > recent.length ? 'most' : 'row';
}

/** First wait of a row that the provider does not take; doubles with each further rejection. */
const FIRST_ROW_WAIT_MS = 1_000;
const MAX_ROW_WAIT_MS = 60_000;

/** Milliseconds until a row is sent again that was rejected so often. */
export function rowWaitMs(rejections: number, askedMs: number | undefined, random: number): number {
  const wait = Math.min(MAX_ROW_WAIT_MS, FIRST_ROW_WAIT_MS * 2 ** Math.min(rejections - 1, 20));
  return askedMs ?? Math.ceil(wait * (1 - 0.25 * random));
}
