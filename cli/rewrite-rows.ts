import { deadLettersKey, resultsKey } from '../src/checkpoints/keys.ts';
import type { ResultLine } from '../src/checkpoints/result-line.ts';
import { LineTally } from '../src/collect/retry/retried-lines.ts';
import { readCustomId } from '../src/jsonl/custom-id.ts';
import { jsonLine } from '../src/jsonl/json-line.ts';
import { eachOwnLine, LinesBeside } from '../src/jsonl/own-lines.ts';
import { MovedLines, moveAnswerIndex } from '../src/reuse/move-index.ts';
import type { ObjectStore, ObjectWriter } from '../src/store/object-store.ts';
import { readResultLine } from './find-rows.ts';
import { AnswerRecount } from './recount-answers.ts';

/** The results of a job after the lines of forgotten rows were replaced. */
export interface RewrittenLines {
  readonly lines: LineTally;
  readonly answers: AnswerRecount;
  /** Number of forgotten rows, including those of earlier calls. */
  readonly forgotten: number;
}

interface RewrittenJob {
  readonly jobId: string;
  /** The sample whose answers the job has taken. */
  readonly sample?: string | undefined;
}

/**
 * Replaces the lines of forgotten rows. Updates the index of answers before the results, as a retry does: readers detect an
 * index entry with a wrong position.
 */
export async function rewriteResults(
  store: ObjectStore,
  { jobId, sample }: RewrittenJob,
  ids: ReadonlySet<string>,
): Promise<RewrittenLines> {
  const writer = store.write(resultsKey(jobId));
  const sampleKey = sample === undefined ? undefined : resultsKey(sample);
  const hasSample = sampleKey !== undefined && (await store.stat(sampleKey)) !== undefined;
  await using sampled = hasSample ? LinesBeside.of(store, sampleKey) : undefined;
  try {
    const moved = new MovedLines();
    const lines = new LineTally();
    const answers = new AnswerRecount(hasSample);
    let forgotten = 0;
    for await (const bytes of eachOwnLine(store, resultsKey(jobId))) {
      const isMeant = ids.has(readCustomId(bytes));
      const line = isMeant ? forget(readResultLine(bytes)) : readResultLine(bytes);
      const next = isMeant ? Buffer.from(jsonLine(line)) : bytes;
      lines.add(line);
      answers.add(line, hasAnswered((await sampled?.next())?.value, line));
      if (!line.ok && line.error.code === FORGOTTEN) forgotten += 1;
      if (isMeant) moved.remove(bytes.length, next.length);
      else moved.add(bytes.length, bytes.length);
      await writer.write(next);
    }
    await moveAnswerIndex(store, jobId, moved);
    await writer.close();
    return { lines, answers, forgotten };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

const FORGOTTEN = 'FORGOTTEN';

/** True if a line of the sample's results answers the row of the job at the same position, or did before it was forgotten. */
function hasAnswered(bytes: Buffer | undefined, { custom_id }: ResultLine): boolean {
  const sampled = bytes && readResultLine(bytes);
  if (sampled?.custom_id !== custom_id) return false;
  return sampled.ok || sampled.error.code === FORGOTTEN;
}

/** A result line that keeps only the id and the position of its row. */
function forget(line: ResultLine): ResultLine {
  const { custom_id, round = 0, answeredBy, source, retried } = line;
  return {
    custom_id,
    ok: false,
    outcome: line.ok ? 'failed' : line.outcome,
    error: { code: FORGOTTEN, message: 'The answer of this row was deleted.' },
    retry: false,
    round,
    ...(answeredBy !== undefined && { answeredBy }),
    ...(source && { source }),
    ...(retried !== undefined && { retried }),
  };
}

/**
 * Removes the dead letters of forgotten rows.
 * @returns true if others are left
 */
export async function rewriteDeadLetters(
  store: ObjectStore,
  jobId: string,
  ids: ReadonlySet<string>,
): Promise<boolean> {
  const key = deadLettersKey(jobId);
  const writer: ObjectWriter = store.write(key);
  try {
    for await (const line of eachOwnLine(store, key))
      if (!ids.has(idOfDeadLetter(line))) await writer.write(line);
    if (writer.bytes > 0) {
      await writer.close();
      return true;
    }
    await writer.abort();
    await store.delete(key);
    return false;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** The id of a dead letter. The dead letter of an invalid row has the row's own fields, possibly before the id. */
function idOfDeadLetter(line: Buffer): string {
  const { custom_id } = JSON.parse(line.toString('utf8')) as { readonly custom_id: string };
  return custom_id;
}
