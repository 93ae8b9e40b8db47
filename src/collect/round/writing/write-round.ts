import { createHash } from 'node:crypto';
import { ResultFiles } from './result-files.ts';
import { GoesOnLater, rejectOver, sizeOf } from '../files/downloads.ts';
import type { LostRows } from '../decision/lost-rows.ts';
import type { RoundEvidence } from '../evidence/read-round.ts';
import {
  writingObject,
  type WrittenFile,
  type WrittenParts,
  type WrittenRows,
} from '../../../checkpoints/round/writing.ts';
import { roundKey, type RoundRef } from '../../../checkpoints/keys.ts';
import { damagedFile } from '../../../checkpoints/shard/other-files.ts';
import type { StepTime } from '../../../pace.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import type { Fate, RoundDecision } from '../decision/decide-row.ts';
import type { ErrorTally } from '../../counts/error-counts.ts';
import type { ModelTally } from '../../counts/model-usage.ts';
import { hasParts, PartedFiles } from './parted-files.ts';
import { requestLines } from '../evidence/round-requests.ts';
import { RoundWriter } from './round-writer.ts';

/** Number of rows by fate, and further counts. */
export interface RoundTotals extends Record<Fate, number> {
  readonly models: ModelTally;
  readonly errors: ErrorTally;
  /** Bytes of the next round's requests; absent if no rows are left for one. */
  readonly nextBytes?: number;
}

/** The data from which a round is written. */
interface RoundToWrite {
  readonly evidence: RoundEvidence;
  readonly decision: RoundDecision;
  readonly lost: LostRows;
}

/** Even if time is short, a call writes at least this share of a round's rows. This limits the number of calls. */
const LEAST_SHARE = 1 / 16;

/**
 * Writes the three files of a round, in the order of its requests. A call that runs short of time saves what it has written, and
 * the next call continues there.
 * @throws GoesOnLater when time ran short
 */
export async function writeRound(store: ObjectStore, round: RoundToWrite): Promise<RoundTotals> {
  const { evidence, lost, decision } = round;
  const { context, index } = evidence;
  const basis = basisOf(round);
  const before = await findWritten(store, round, basis);
  if (before !== undefined) lost.continueFrom(before.lost);
  const files = new PartedFiles(store, keysOf(context), before?.parts);
  const answerFiles = new ResultFiles(store, context.jobId);
  const writer = new RoundWriter({ evidence, decision, lost, files: answerFiles }, files.writers, before);
  const at = new WrittenSoFar(before, evidence);
  // After this, no time would be left for the rows.
  if (at.rows < index.requests) rejectOver(evidence.time, context, 'reads the answers of the rows');
  try {
    const isWhole = await writeRows(store, { round, writer, at });
    await writer.end();
    await evidence.stored();
    const parts = await files.close(isWhole ? ['results', 'deadLetters'] : []);
    if (!isWhole || isInParts(parts)) {
      const { totals, models, errors } = writer;
      const counted = { totals, models: models.list(), errors: errors.list(), lost: lost.state };
      const { rows, requestBytes } = at;
      await writingObject.write(store, context, {
        written: { basis, rows, requestBytes, parts, ...counted },
      });
    }
    if (!isWhole) throw new GoesOnLater();
    await files.join(parts);
    const nextBytes = sizeOf({ parts: parts.nextRequests });
    const totals = { ...writer.totals, models: writer.models, errors: writer.errors };
    return nextBytes === 0 ? totals : { ...totals, nextBytes };
  } catch (error) {
    await files.abort();
    throw error;
  }
}

interface RowsToWrite {
  readonly round: RoundToWrite;
  readonly writer: RoundWriter;
  readonly at: WrittenSoFar;
}

/**
 * Writes the lines of the round's rows, from the position of an earlier call.
 * @returns false when time ran short before the last row
 */
async function writeRows(store: ObjectStore, { round, writer, at }: RowsToWrite): Promise<boolean> {
  const { context, index } = round.evidence;
  if (at.rows === index.requests) return true;
  for await (const lines of requestLines(store, context, context.round, at.requestBytes)) {
    for (const bytes of lines) {
      // Most rows need no await, and one promise per row would take as long as all other work.
      const pending = writer.write(at.rows, bytes);
      if (pending !== undefined) await pending;
      at.add(bytes.length);
      if (pending !== undefined && at.mustStop) return at.rows === index.requests;
    }
    if (at.mustStop) return at.rows === index.requests;
  }
  if (at.rows === index.requests) return true;
  // Another call has replaced the requests since they were indexed.
  const key = roundKey(context, context.round, 'requests.jsonl');
  throw damagedFile(store, context, { key, found: at.requestBytes });
}

/** The progress of writing a round; decides whether another call must write the rest. */
class WrittenSoFar {
  rows: number;
  requestBytes: number;
  /** The number of rows after which a call that is short of time stops. */
  readonly #enough: number;
  readonly #time: StepTime | undefined;

  constructor(before: WrittenRows | undefined, { index, time }: RoundEvidence) {
    this.rows = before?.rows ?? 0;
    this.requestBytes = before?.requestBytes ?? 0;
    this.#enough = this.rows + Math.ceil(index.requests * LEAST_SHARE);
    this.#time = time;
  }

  add(requestBytes: number): void {
    this.rows += 1;
    this.requestBytes += requestBytes;
  }

  get mustStop(): boolean {
    const time = this.#time;
    if (time?.isShort() !== true) return false;
    return this.rows >= this.#enough || time.isOver();
  }
}

/** The files that an earlier call has written; undefined if it wrote none, or if the facts have changed. */
async function findWritten(
  store: ObjectStore,
  { evidence: { context, index } }: RoundToWrite,
  basis: string,
): Promise<WrittenRows | undefined> {
  const written = (await writingObject.read(store, context))?.written;
  if (written?.basis !== basis) return undefined;
  const isWhole = written.rows === index.requests;
  return (await hasParts(store, keysOf(context), { all: written.parts, isWhole })) ? written : undefined;
}

function keysOf(ref: RoundRef): Readonly<Record<WrittenFile, string>> {
  return {
    results: roundKey(ref, ref.round, 'results.jsonl'),
    deadLetters: roundKey(ref, ref.round, 'dead-letters.jsonl'),
    nextRequests: roundKey(ref, ref.round + 1, 'requests.jsonl'),
  };
}

/** The facts on which the outcome and the result line of each row depend. */
function basisOf({ evidence, decision, lost }: RoundToWrite): string {
  const { index, files, direct, twins } = evidence;
  const facts = {
    ...decision,
    namedLines: [...decision.namedLines],
    direct,
    files: files.map(({ name, fileId, received }) => ({ name, fileId, received })),
    twins: twins.map(({ batch }) => batch.id),
    index: index.counts,
    lost: lost.strays,
  };
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

const isInParts = (parts: WrittenParts): boolean => Object.values(parts).some(({ length }) => length > 1);
