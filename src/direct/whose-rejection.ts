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

/**
 * How long a row is waited for that the provider rejects while it takes others, in milliseconds. One that is to wait longer ends with
 * the provider's error.
 */
export const ROW_PATIENCE_MS = 900_000;

/** So many rows have to be told of such a wait before it counts as the provider's, and not as theirs. */
const ROWS_THAT_AGREE = 5;

/** Whether a wait that a rejection asks for is longer than a row is waited for. */
export const isLongWait = (askedMs: number | undefined): boolean =>
  askedMs !== undefined && askedMs > ROW_PATIENCE_MS;

/** Whether the others wait, too, when a rejection asks all of them to: a wait of hours may be one row's alone. */
export function isEverybodysWait(recent: readonly RecentRow[], askedMs: number | undefined): boolean {
  return !isLongWait(askedMs) || recent.length >= ROWS_THAT_AGREE;
}

/** First wait of a row that the provider does not take; doubles with each further rejection. */
const FIRST_ROW_WAIT_MS = 1_000;
const MAX_ROW_WAIT_MS = 60_000;

/** Milliseconds until a row is sent again that was rejected so often: as long as it is asked to wait, and longer each time. */
export function rowWaitMs(rejections: number, askedMs: number | undefined, random: number): number {
  const wait = Math.min(MAX_ROW_WAIT_MS, FIRST_ROW_WAIT_MS * 2 ** Math.min(rejections - 1, 20));
  return Math.max(askedMs ?? 0, Math.ceil(wait * (1 - 0.25 * random)));
}
