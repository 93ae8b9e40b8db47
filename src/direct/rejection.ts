import type { Failed } from '../collect/lines/classify-line.ts';
import { duration } from '../text/duration.ts';
import type { DirectAnswer } from '../provider/batch-provider.ts';
import { answerLine } from './answers.ts';
import type { CalledRow } from './call-row.ts';
import type { DirectRow } from './held-rows.ts';
import { isLongWait } from './whose-rejection.ts';

/** A row whose call was rejected, or whose answer is unusable: it may be sent again. */
export interface Rejection extends CalledRow {
  readonly verdict: Failed;
}

/** Longest rejection that is kept, in characters; up to 256 rows may wait. */
const MAX_REJECTION = 65_536;

export function withoutRetryAfter(answer: DirectAnswer): DirectAnswer {
  const { 'retry-after': _asked, ...headers } = answer.headers;
  return { ...answer, headers };
}

/** The line that a row ends with if it is not sent again; undefined if it would be too long to keep. */
export function rejectionLine(
  { customId }: DirectRow,
  { line, verdict }: Rejection,
  askedMs: number | undefined,
): string | undefined {
  if (askedMs !== undefined && isLongWait(askedMs)) return longWaitLine(customId, verdict, askedMs);
  return line.length > MAX_REJECTION ? undefined : line;
}

/** The answer to a row that is not sent again, because the provider asks to wait too long first. */
function longWaitLine(
  customId: string,
  { status, code, message }: Pick<Failed, 'status' | 'code' | 'message'>,
  askedMs: number,
): string {
  const asked = duration(askedMs / 1_000);
  const explained = `${message} The provider asks to wait another ${asked} (Retry-After), longer than the row is waited for: retry the job after that.`;
  return answerLine(customId, { status, body: JSON.stringify({ error: { code, message: explained } }) });
}
