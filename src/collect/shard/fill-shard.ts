import { shardKey } from '../../checkpoints/keys.ts';
import { CountsDoNotReconcile } from '../../errors.ts';
import { isNotOk, withCustomId } from '../../jsonl/custom-id.ts';
import { eachRequiredLine, LinesBeside } from '../../jsonl/own-lines.ts';
import { answerFollower, readFollowLine, type FollowLine } from '../../reuse/follow-line.ts';
import type { MergedShard, SettledRow } from '../../reuse/result-blocks.ts';
import type { ObjectStore, ObjectWriter } from '../../store/object-store.ts';
import { readFollowed, type FollowerTally } from './follower-tally.ts';
import type { LeadingRows } from './leading-rows.ts';

/** Most bytes of rows that wait for the lines of earlier rows, and of those lines. */
const WINDOW_BYTES = 32 * 1_048_576;

/** Sources and counters for rows that other rows answer. */
export interface Filling {
  /** Lines of this shard, of those before it, and of the pilot. */
  readonly rows: LeadingRows;
  readonly tally: FollowerTally;
  /** Default 32 MiB. */
  readonly windowBytes?: number | undefined;
}

/**
 * Writes the results and dead letters of a shard, with those of the rows that other rows answer.
 * @returns the number of the shard's dead letters, including those of rows that other rows answer
 */
export async function fillShard(store: ObjectStore, shard: MergedShard, filling: Filling): Promise<number> {
  const results = store.write(shardKey(shard, 'filled-results.jsonl'));
  const deadLetters = store.write(shardKey(shard, 'filled-dead-letters.jsonl'));
  const filler = new ShardFiller({ results, deadLetters }, filling);
  await using letters =
    shard.deadLetters > 0
      ? new LinesBeside(eachRequiredLine(store, shardKey(shard, 'dead-letters.jsonl')))
      : undefined;
  try {
    for await (const line of eachRequiredLine(store, shardKey(shard, 'results.jsonl'))) {
      const follow = readFollowLine(line);
      const letter = letters !== undefined && isNotOk(line) ? (await letters.next()).value : undefined;
      const pending = follow === undefined ? filler.add(line, letter) : filler.follow(follow);
      if (pending !== undefined) await pending;
    }
    await filler.flush();
    await results.close();
    await (filler.deadLetters > 0 ? deadLetters.close() : deadLetters.abort());
    return filler.deadLetters;
  } catch (error) {
    await results.abort();
    await deadLetters.abort();
    throw error;
  }
}

interface Writers {
  readonly results: ObjectWriter;
  readonly deadLetters: ObjectWriter;
}

/** A row that waits because an earlier row waits, or because another row answers it. */
type Waiting = { readonly line: Buffer; readonly letter: Buffer | undefined } | FollowLine;

/**
 * Writes the rows of a shard in order. Rows that other rows answer wait, together with all rows after them, until there are
 * enough to read the answering lines together.
 */
class ShardFiller {
  readonly #writers: Writers;
  readonly #rows: LeadingRows;
  readonly #tally: FollowerTally;
  readonly #windowBytes: number;
  #waiting: Waiting[] = [];
  #leaders = new Set<number>();
  #bytes = 0;
  deadLetters = 0;

  constructor(writers: Writers, { rows, tally, windowBytes = WINDOW_BYTES }: Filling) {
    this.#writers = writers;
    this.#windowBytes = windowBytes;
    this.#rows = rows;
    this.#tally = tally;
  }

  /** Adds a row with its own lines. */
  add(line: Buffer, letter: Buffer | undefined): Promise<void> | undefined {
    if (this.#waiting.length === 0 && letter === undefined) return this.#writers.results.write(line);
    this.#waiting.push({ line, letter });
    return this.#grow(line.length + (letter?.length ?? 0));
  }

  /** Adds a row that another row answers. */
  follow(follow: FollowLine): Promise<void> | undefined {
    this.#waiting.push(follow);
    const { leader } = follow;
    const isNew = !this.#leaders.has(leader);
    this.#leaders.add(leader);
    return this.#grow(LEAST_BYTES + (isNew ? this.#rows.bytesOf(leader) : 0));
  }

  async flush(): Promise<void> {
    const waiting = this.#waiting;
    const rows = await this.#rows.read(this.#leaders);
    const repeated = [...rows].filter(([position]) => !this.#rows.isPilot(position));
    const answers = new Map(repeated.map(([position, { result }]) => [position, readFollowed(result)]));
    this.#waiting = [];
    this.#leaders = new Set();
    this.#bytes = 0;
    for (const row of waiting) {
      if ('line' in row) {
        await this.#write(row.line, row.letter);
        continue;
      }
      const [settled, answer] = [rows.get(row.leader), answers.get(row.leader)];
      if (settled === undefined) throw noAnswer(row);
      if (answer === undefined) {
        // This is the same row in a shard of the pilot, which counts it.
        await this.#write(settled.result, settled.deadLetter);
        continue;
      }
      this.#tally.add(row.customId, answer);
      await this.#write(answerFollower(settled.result, row), letterOf(settled, row));
    }
  }

  #grow(bytes: number): Promise<void> | undefined {
    this.#bytes += bytes;
    return this.#bytes > this.#windowBytes ? this.flush() : undefined;
  }

  async #write(line: Buffer, letter: Buffer | undefined): Promise<void> {
    await this.#writers.results.write(line);
    if (letter === undefined) return;
    this.deadLetters += 1;
    await this.#writers.deadLetters.write(letter);
  }
}

/** Every waiting row counts as at least this many bytes of memory. */
const LEAST_BYTES = 200;

/** A dead letter with the same request and the row's own id. */
function letterOf({ deadLetter }: SettledRow, { customId }: FollowLine): Buffer | undefined {
  return deadLetter && withCustomId(deadLetter, customId);
}

function noAnswer({ customId, leader }: FollowLine): CountsDoNotReconcile {
  return new CountsDoNotReconcile(
    `Row ${leader + 1} of the job answers for "${customId}" and has no result of its own.`,
  );
}
