import type { NotOkLine } from '../../../checkpoints/result-line.ts';
import type { Failure } from '../../../errors.ts';
import { jsonLine, tryJsonLine } from '../../../jsonl/json-line.ts';
import type { RequestLine } from '../evidence/request-line.ts';

/** The result line of a row that failed, or that has no rounds left. */
export function notOk(
  custom_id: string,
  outcome: 'failed' | 'exhausted',
  { code, message }: Pick<Failure, 'code' | 'message'>,
  round: number,
): NotOkLine {
  return { custom_id, ok: false, outcome, error: { code, message }, retry: outcome === 'exhausted', round };
}

/**
 * The row with its request and its last error: a valid input row.
 * @param requestBytes its request line, which is copied if it is nested too deeply to be written again
 */
export function deadLetter(
  { custom_id, body }: RequestLine,
  requestBytes: Buffer,
  { outcome, error, retry, round }: NotOkLine,
  warning?: string,
): string {
  const end = { outcome, error, retry, round, warning };
  const request = requestBytes.toString('utf8').trimEnd();
  return tryJsonLine({ custom_id, body, ...end }) ?? `${request.slice(0, -1)},${jsonLine(end).slice(1)}`;
}
