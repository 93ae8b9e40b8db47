import { classifyLine, type RowCodes, type Verdict } from '../collect/lines/classify-line.ts';
import { askedIn, mayList, ONE_INPUT } from '../endpoints/asked.ts';
import { endpointAt } from '../endpoints/endpoints.ts';
import { ProviderUnavailable } from '../errors.ts';
import { readAnswer } from '../jsonl/answer-json.ts';
import type { BatchProvider, DirectAnswer } from '../provider/batch-provider.ts';
import { asWire } from '../provider/wire.ts';
import { answerLine } from './answers.ts';
import type { DirectRow } from './held-rows.ts';

/** The settings for the calls of rows. */
export interface Calling {
  readonly endpoint: string;
  readonly provider: BatchProvider;
  readonly codes: RowCodes;
}

/** The answer to the call of one row. */
export interface CalledRow {
  readonly answer: DirectAnswer;
  /** The answer as a result line. */
  readonly line: string;
  readonly verdict: Verdict;
  /** True if the provider accepted the call, even if its answer is unusable. */
  readonly isTaken: boolean;
  /** True if the answer names a rate limit. */
  readonly isLimit: boolean;
}

/** Sends a row to the realtime endpoint, and reads its answer by the rules of result lines. */
export async function callRow(
  { endpoint: path, provider, codes }: Calling,
  { customId, body }: DirectRow,
): Promise<CalledRow> {
  const answer = await send(provider, path, body);
  const line = answerLine(customId, answer);
  const endpoint = endpointAt(path);
  const asked = mayList(body, endpoint) ? askedIn(asWire(JSON.parse(body)) ?? {}, endpoint) : ONE_INPUT;
  const verdict = classifyLine(asWire(readAnswer(line)) ?? {}, { endpoint, codes }, asked);
  // A gateway may report a rate limit in the body of a success. An empty answer does not change the rate.
  const status = verdict.kind === 'ok' ? answer.status : verdict.status;
  const isSuccess = status >= 200 && status < 300;
  const isTaken = verdict.kind !== 'retriable' || isSuccess;
  return { answer, line, verdict, isTaken, isLimit: status === 429 };
}

/** Sends a row. A call without an answer becomes an answer with status 0. */
async function send(provider: BatchProvider, endpoint: string, body: string): Promise<DirectAnswer> {
  try {
    return await provider.send(endpoint, body);
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) throw error;
    return {
      status: 0,
      headers: {},
      body: JSON.stringify({ error: { code: 'NO_ANSWER', message: error.message } }),
    };
  }
}
