import { readFollowLine } from '../../reuse/follow-line.ts';
import { eachOwnLine, LinesBeside } from '../../jsonl/own-lines.ts';
import { InvalidInput, type Failure } from '../../errors.ts';
import { parseExact } from '../../exact-json.ts';
import { ErrorTally } from '../counts/error-counts.ts';
import { NO_ROWS } from '../../checkpoints/outcomes.ts';
import type { ErrorCount, Outcome, OutcomeCounts } from '../../checkpoints/counts.ts';
import type { NotOkLine } from '../../checkpoints/result-line.ts';
import type { Collected, ShardStep } from '../../checkpoints/round/collected.ts';
import type { OpenBatch } from '../../checkpoints/shard/shard-end.ts';
import { roundKey, shardKey, stepKey, type ShardRef } from '../../checkpoints/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { jsonLine } from '../../jsonl/json-line.ts';
import { deadLetter, notOk } from '../round/writing/not-ok-lines.ts';
import { parseRequest } from '../round/evidence/request-line.ts';

export interface Merge {
  readonly ref: ShardRef;
  /** The first round without results; 1 for a shard that never ran. */
  readonly nextRound: number;
  /** True if the shard has a round 0. */
  readonly hasRoundZero: boolean;
  /** The error of the rows of `nextRound`. Without it, no rows may be left. */
  readonly failure?: Failure | undefined;
  /** The open batch with the answers of those rows; a resume collects it. */
  readonly open?: OpenBatch | undefined;
  /** Set if the shard has one round and every row ended in it. */
  readonly only?: Collected | undefined;
  /** The step of `nextRound`, if rows went up a ladder. */
  readonly step?: ShardStep | undefined;
}

export interface Merged {
  readonly rows: number;
  readonly deadLetters: number;
  /** Set if rows went up a ladder: final outcomes of all rows, with errors. */
  readonly ends?: RowEnds | undefined;
}

/** Final outcomes of a shard's rows. */
export interface RowEnds {
  readonly counts: OutcomeCounts;
  readonly errors: readonly ErrorCount[];
}

/** One row's final lines with newlines; an ok row has no dead letter. */
interface RowLines {
  readonly result: Buffer | string;
  readonly deadLetter: Buffer | string;
}

/** A row whose lines are in the rounds of the next step. */
interface RaisedRow {
  /** Its request line, as the first step sent it. */
  readonly raised: Buffer;
  /** Its answer, which is kept unless a later step has a better one. */
  readonly kept?: Buffer | undefined;
}

/** A round's rows in order; a `deferred` row has its lines in the next round. */
type RoundRows = AsyncGenerator<RowLines | RaisedRow | 'deferred', undefined>;

/**
 * Joins the rounds of a shard into its `results.jsonl` and `dead-letters.jsonl`, without parsing the lines again. Each round has
 * one line per request, in order, and its empty lines are exactly the requests of the next round.
 */
export async function mergeRounds(store: ObjectStore, merge: Merge): Promise<Merged> {
  const { ref, nextRound, hasRoundZero, only, step } = merge;
  if (only !== undefined && (await store.stat(shardKey(ref, 'sources.jsonl'))) === undefined)
    return takeOver(store, ref, only);
  const rounds: RoundRows[] = [];
  for (let below = 1; below <= (step?.nth ?? 0); below += 1) rounds.push(readStep(store, ref, below));
  const first = step?.from ?? (hasRoundZero ? 0 : 1);
  for (let round = first; round < nextRound; round += 1) rounds.push(readRound(store, ref, round));
  if (merge.failure !== undefined) rounds.push(failRound(store, { ...merge, failure: merge.failure }));
  return writeRows(store, ref, rounds, step === undefined ? undefined : new EndTally());
}

/** Copies the results if one round answered every row, and drops the blank lines of its dead letters. */
async function takeOver(
  store: ObjectStore,
  ref: ShardRef,
  { round, requests, ok }: Collected,
): Promise<Merged> {
  await store.copy(shardKey(ref, 'results.jsonl'), roundKey(ref, round, 'results.jsonl'));
  const dead = requests - ok;
  if (dead === 0) return { rows: requests, deadLetters: 0 };
  const writer = store.write(shardKey(ref, 'dead-letters.jsonl'));
  try {
    for await (const line of eachOwnLine(store, roundKey(ref, round, 'dead-letters.jsonl'))) {
      if (line.length > 1) await writer.write(line);
    }
    await writer.close();
    return { rows: requests, deadLetters: dead };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function writeRows(
  store: ObjectStore,
  ref: ShardRef,
  rounds: readonly RoundRows[],
  ends: EndTally | undefined,
): Promise<Merged> {
  const results = store.write(shardKey(ref, 'results.jsonl'));
  const deadLetters = store.write(shardKey(ref, 'dead-letters.jsonl'));
  await using sources = LinesBeside.of(store, shardKey(ref, 'sources.jsonl'));
  try {
    let rows = 0;
    let dead = 0;
    for (let lines = await take(rounds, 0, ref); lines !== undefined; lines = await take(rounds, 0, ref)) {
      rows += 1;
      if (lines.deadLetter.length > 0) dead += 1;
      ends?.add(lines);
      await results.write(withSource(lines.result, (await sources.next()).value));
      await deadLetters.write(lines.deadLetter);
    }
    await (dead > 0 ? deadLetters.close() : deadLetters.abort());
    // Last, because results show that both files are whole.
    await results.close();
    return { rows, deadLetters: dead, ends: ends?.ends() };
  } catch (error) {
    await results.abort();
    await deadLetters.abort();
    throw error;
  } finally {
    for (const rows of rounds) await rows.return(undefined);
  }
}

/**
 * Counts rows by their final lines. The counts of rounds cannot be used, because a row that went up has another outcome in the
 * lower step.
 */
class EndTally {
  readonly #counts: Record<Outcome, number> = { ...NO_ROWS };
  readonly #errors = new ErrorTally();

  add({ result, deadLetter: letter }: RowLines): void {
    // A row that another row answers is counted when it gets that row's line.
    if (readFollowLine(Buffer.from(result)) !== undefined) return;
    if (letter.length === 0) {
      this.#counts.ok += 1;
      return;
    }
    const { custom_id, outcome, error } = parseExact(result.toString()) as NotOkLine;
    this.#counts[outcome] += 1;
    if (outcome !== 'invalid')
      this.#errors.add({ outcome, code: error.code, rows: 1, custom_id, message: error.message });
  }

  ends(): RowEnds {
    return { counts: this.#counts, errors: this.#errors.list() };
  }
}

/** Inserts the row's source before the closing brace of its result line; unchanged in a job with one input. */
function withSource(result: Buffer | string, source: Buffer | undefined): Buffer | string {
  if (source === undefined) return result;
  const line = Buffer.from(result);
  return Buffer.concat([line.subarray(0, -2), SOURCE_FIELD, source.subarray(0, -1), LINE_END]);
}

const SOURCE_FIELD = Buffer.from(',"source":');
const LINE_END = Buffer.from('}\n');

/** Reads the next row's lines from the first round that has them. */
async function take(
  rounds: readonly RoundRows[],
  from: number,
  ref: ShardRef,
): Promise<RowLines | undefined> {
  let below: RaisedRow | undefined;
  for (let round = from; round < rounds.length; round += 1) {
    const next = await rounds[round]?.next();
    if (next?.done === true && round === from) return undefined;
    if (next === undefined || next.done === true) break;
    const { value } = next;
    if (value === 'deferred') continue;
    if (!('raised' in value)) return below === undefined ? value : raisedLines(value, below);
    below = { raised: below?.raised ?? value.raised, kept: value.kept ?? below?.kept };
  }
  throw new InvalidInput(`Shard ${ref.shard} of job ${ref.jobId} has a row whose last round is missing.`);
}

/**
 * The lines of a row that went up and is not ok: its answer of a lower step if there is one, otherwise the dead letter with the
 * first step's request.
 */
function raisedLines(lines: RowLines, { raised, kept }: RaisedRow): RowLines {
  if (lines.deadLetter.length === 0) return lines;
  if (kept !== undefined) return { result: kept, deadLetter: '' };
  const line = parseExact(lines.result.toString()) as NotOkLine;
  return { result: lines.result, deadLetter: deadLetter(parseRequest(raised), raised, line) };
}

const SPACE = 0x20;

/** The rows of a step from which rows went up, in order. */
async function* readStep(
  store: ObjectStore,
  ref: ShardRef,
  step: number,
): AsyncGenerator<RowLines | RaisedRow, undefined> {
  await using deadLetters = LinesBeside.of(store, stepKey(ref, step, 'dead-letters.jsonl'));
  await using requests = LinesBeside.of(store, stepKey(ref, step, 'raised.jsonl'));
  for await (const result of eachOwnLine(store, stepKey(ref, step, 'results.jsonl'))) {
    const { value: letter } = await deadLetters.next();
    const isKept = result[0] === SPACE;
    if (result.length > 1 && !isKept) yield { result, deadLetter: letterOf(letter) };
    else {
      const { value: raised = Buffer.alloc(0) } = await requests.next();
      yield { raised, ...(isKept && { kept: result.subarray(1) }) };
    }
  }
  return undefined;
}

const letterOf = (letter: Buffer | undefined): Buffer | '' =>
  letter === undefined || letter.length === 1 ? '' : letter;

async function* readRound(
  store: ObjectStore,
  ref: ShardRef,
  round: number,
): AsyncGenerator<RowLines | 'deferred', undefined> {
  const results = eachOwnLine(store, roundKey(ref, round, 'results.jsonl'));
  await using deadLetters = LinesBeside.of(store, roundKey(ref, round, 'dead-letters.jsonl'));
  for await (const result of results) {
    const { value: letter } = await deadLetters.next();
    if (result.length === 1) yield 'deferred';
    else yield { result, deadLetter: letterOf(letter) };
  }
  return undefined;
}

/** The rows of a round that was never collected: all exhausted, with the failure that stopped the shard. */
async function* failRound(
  store: ObjectStore,
  { ref, nextRound, failure, open }: Merge & { readonly failure: Failure },
): AsyncGenerator<RowLines | 'deferred', undefined> {
  const warning = open && warnOf(ref, open);
  for await (const bytes of eachOwnLine(store, roundKey(ref, nextRound, 'requests.jsonl'))) {
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
