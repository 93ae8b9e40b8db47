import { classifyLine, type RowCodes, type Verdict } from '../collect/lines/classify-line.ts';
import { askedIn, mayList, ONE_INPUT } from '../endpoints/asked.ts';
import { endpointAt } from '../endpoints/endpoints.ts';
import { ProviderUnavailable } from '../errors.ts';
import { readAnswer } from '../jsonl/answer-json.ts';
import type { BatchProvider, DirectAnswer } from '../provider/batch-provider.ts';
import { asWire } from '../provider/wire.ts';
import { answerLine } from './answers.ts';
import type { DirectRow } from './held-rows.ts';

/** How rows are called. */
export interface Calling {
  readonly endpoint: string;
  readonly provider: BatchProvider;
  readonly codes: RowCodes;
}

/** A call of a row, and what its answer says. */
export interface CalledRow {
  readonly answer: DirectAnswer;
  /** The answer as a result line. */
  readonly line: string;
  readonly verdict: Verdict;
  /** The provider took the call; its answer may be of no use. */
  readonly isTaken: boolean;
  /** The answer names a limit of the rate. */
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
  // A gateway may put its limit into the body of a success. An answer that is empty asks for no other pace.
  const status = verdict.kind === 'ok' ? answer.status : verdict.status;
  const isSuccess = status >= 200 && status < 300;
  const isTaken = verdict.kind !== 'retriable' || isSuccess;
  return { answer, line, verdict, isTaken, isLimit: status === 429 };
}

/** No answer is one like any other: status 0. */
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
