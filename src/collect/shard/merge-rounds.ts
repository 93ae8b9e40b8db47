import { readFollowLine } from '../../reuse/follow-line.ts';
import { eachOwnLine } from '../../jsonl/own-lines.ts';
import { InvalidInput, type Failure } from '../../errors.ts';
import { parseExact } from '../../exact-json.ts';
import { ErrorTally } from '../counts/error-counts.ts';
import { NO_ROWS } from '../../checkpoints/outcomes.ts';
import type { ErrorCount, Outcome, OutcomeCounts } from '../../checkpoints/counts.ts';
import type { NotOkLine } from '../../checkpoints/result-line.ts';
import type { Collected, ShardStep } from '../../checkpoints/round/collected.ts';
import type { OpenBatch } from '../../checkpoints/shard/shard-end.ts';
import { roundKey, shardKey, type ShardRef } from '../../checkpoints/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { deadLetter } from '../round/writing/not-ok-lines.ts';
import { parseRequest } from '../round/evidence/request-line.ts';
import type { FilesBeside } from './files-beside.ts';
import {
  failRound,
  readRoundRows,
  readStep,
  type RaisedRow,
  type RoundRows,
  type RowLines,
} from './round-rows.ts';
import { RowPass, type PassTime } from './row-pass.ts';

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
  /** Absent if one call must suffice. */
  readonly time?: PassTime | undefined;
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

/**
 * Joins the rounds of a shard into its `results.jsonl` and `dead-letters.jsonl`, without parsing the lines again. Each round has
 * one line per request, in order, and its empty lines are exactly the requests of the next round.
 * @throws GoesOnLater when time ran short, and another call must join the rest
 */
export async function mergeRounds(store: ObjectStore, merge: Merge): Promise<Merged> {
  const { ref, only } = merge;
  if (only !== undefined && (await store.stat(shardKey(ref, 'sources.jsonl'))) === undefined)
    return takeOver(store, ref, only);
  return writeRows(store, merge);
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

async function writeRows(store: ObjectStore, merge: Merge): Promise<Merged> {
  const { ref, nextRound, hasRoundZero, failure, open, step, time } = merge;
  const keys = {
    deadLetters: shardKey(ref, 'dead-letters.jsonl'),
    // Last, because the existence of the results shows that both files are complete.
    results: shardKey(ref, 'results.jsonl'),
  };
  const facts = { nextRound, hasRoundZero, failure, open, step };
  const opened = await RowPass.open<keyof typeof keys, Carried>(store, { keys, facts }, time);
  if (!(opened instanceof RowPass)) return { rows: opened.rows, ...opened.carried };
  await using pass = opened;
  const tally = step === undefined ? undefined : new EndTally(pass.carried?.ends);
  const rounds = roundsOf(pass.read, merge);
  const sources = pass.read.of(shardKey(ref, 'sources.jsonl'));
  let dead = pass.carried?.deadLetters ?? 0;
  const carried = (): Carried => ({ deadLetters: dead, ends: tally?.ends() });
  try {
    for (let lines = await take(rounds, 0, ref); lines !== undefined; lines = await take(rounds, 0, ref)) {
      pass.rows += 1;
      if (lines.deadLetter.length > 0) dead += 1;
      tally?.add(lines);
      await pass.writers.results.write(withSource(lines.result, await sources.next()));
      await pass.writers.deadLetters.write(lines.deadLetter);
      if (pass.mustStop) await pass.leave(carried());
    }
    await pass.end(carried(), ['results']);
    return { rows: pass.rows, ...carried() };
  } catch (error) {
    await pass.abort();
    throw error;
  } finally {
    for (const rows of rounds) await rows.return(undefined);
  }
}

type Carried = Pick<Merged, 'deadLetters' | 'ends'>;

function roundsOf(
  files: FilesBeside,
  { ref, nextRound, hasRoundZero, failure, open, step }: Merge,
): RoundRows[] {
  const rounds: RoundRows[] = [];
  for (let below = 1; below <= (step?.nth ?? 0); below += 1) rounds.push(readStep(files, ref, below));
  const first = step?.from ?? (hasRoundZero ? 0 : 1);
  for (let round = first; round < nextRound; round += 1) rounds.push(readRoundRows(files, ref, round));
  if (failure !== undefined) rounds.push(failRound(files, { ref, nextRound, failure, open }));
  return rounds;
}

/**
 * Counts rows by their final lines. The counts of rounds cannot be used, because a row that went up has another outcome in the
 * lower step.
 */
class EndTally {
  readonly #counts: Record<Outcome, number>;
  readonly #errors = new ErrorTally();

  /** @param before the outcomes of the rows of earlier calls */
  constructor(before: RowEnds = { counts: NO_ROWS, errors: [] }) {
    this.#counts = { ...before.counts };
    for (const error of before.errors) this.#errors.add(error);
  }

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
