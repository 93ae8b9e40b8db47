import { roundKey, stepKey, type ShardRef } from '../../checkpoints/keys.ts';
import type { OpenBatch } from '../../checkpoints/shard/shard-end.ts';
import type { Failure } from '../../errors.ts';
import { jsonLine } from '../../jsonl/json-line.ts';
import { parseRequest } from '../round/evidence/request-line.ts';
import { deadLetter, notOk } from '../round/writing/not-ok-lines.ts';
import type { FilesBeside } from './files-beside.ts';

/** One row's final lines with newlines; an ok row has no dead letter. */
export interface RowLines {
  readonly result: Buffer | string;
  readonly deadLetter: Buffer | string;
}

/** A row whose lines are in the rounds of the next step. */
export interface RaisedRow {
  /** Its request line, as the first step sent it. */
  readonly raised: Buffer;
  /** Its answer, which is kept unless a later step has a better one. */
  readonly kept?: Buffer | undefined;
}

/** A round's rows in order; a `deferred` row has its lines in the next round. */
export type RoundRows = AsyncGenerator<RowLines | RaisedRow | 'deferred', undefined>;

const SPACE = 0x20;

/** The rows of a step from which rows went up, in order. */
export async function* readStep(
  files: FilesBeside,
  ref: ShardRef,
  step: number,
): AsyncGenerator<RowLines | RaisedRow, undefined> {
  const deadLetters = files.of(stepKey(ref, step, 'dead-letters.jsonl'));
  const requests = files.of(stepKey(ref, step, 'raised.jsonl'));
  const results = files.of(stepKey(ref, step, 'results.jsonl'));
  for (let result = await results.next(); result !== undefined; result = await results.next()) {
    const letter = await deadLetters.next();
    const isKept = result[0] === SPACE;
    if (result.length > 1 && !isKept) yield { result, deadLetter: letterOf(letter) };
    else {
      const raised = (await requests.next()) ?? Buffer.alloc(0);
      yield { raised, ...(isKept && { kept: result.subarray(1) }) };
    }
  }
  return undefined;
}

const letterOf = (letter: Buffer | undefined): Buffer | '' =>
  letter === undefined || letter.length === 1 ? '' : letter;

/** The rows of a round that was collected, or of round 0. */
export async function* readRoundRows(
  files: FilesBeside,
  ref: ShardRef,
  round: number,
): AsyncGenerator<RowLines | 'deferred', undefined> {
  const results = files.of(roundKey(ref, round, 'results.jsonl'));
  const deadLetters = files.of(roundKey(ref, round, 'dead-letters.jsonl'));
  for (let result = await results.next(); result !== undefined; result = await results.next()) {
    const letter = await deadLetters.next();
    if (result.length === 1) yield 'deferred';
    else yield { result, deadLetter: letterOf(letter) };
  }
  return undefined;
}

export interface FailedRound {
  readonly ref: ShardRef;
  readonly nextRound: number;
  readonly failure: Failure;
  /** The open batch with the answers of its rows. */
  readonly open?: OpenBatch | undefined;
}

/** The rows of a round that was never collected: all exhausted, with the failure that stopped the shard. */
export async function* failRound(
  files: FilesBeside,
  { ref, nextRound, failure, open }: FailedRound,
): AsyncGenerator<RowLines | 'deferred', undefined> {
  const warning = open && warnOf(ref, open);
  const requests = files.of(roundKey(ref, nextRound, 'requests.jsonl'));
  for (let bytes = await requests.next(); bytes !== undefined; bytes = await requests.next()) {
    const request = parseRequest(bytes);
    const line = notOk(request.custom_id, 'exhausted', failure, nextRound - 1);
    yield { result: jsonLine(line), deadLetter: deadLetter(request, bytes, line, warning) };
  }
  return undefined;
}

function warnOf({ jobId }: ShardRef, { batchId }: OpenBatch): string {
  const batch = batchId === undefined ? 'A batch that may exist' : `Batch ${batchId}`;
  return `${batch} is still open and may have answered this row: dropping this dead letter again may pay for it again. Resume job ${jobId} instead.`;
}
