import type { Job } from '../checkpoints/job.ts';
import { ownLines } from '../jsonl/own-lines.ts';
import type { ObjectStore } from '../store/object-store.ts';

const SOURCE = Buffer.from(',"source":{');

/** An answered row of a sample. */
export interface SampledAnswer {
  readonly customId: string;
  /** Its result line, newline included, without the place that the row came from. */
  readonly line: Buffer;
}

/** The results of a sample, row by row in the order of the rows. */
export class SampledAnswers {
  readonly #lines: AsyncGenerator<Buffer, undefined>;

  /** How many were read. */
  bytes: number;

  /** @param start where a line begins */
  constructor(store: ObjectStore, results: string, start = 0) {
    this.#lines = readLines(store, results, start);
    this.bytes = start;
  }

  /** @param start where an earlier call has stopped */
  static of(store: ObjectStore, { sample }: Pick<Job, 'sample'>, start?: number): SampledAnswers | undefined {
    return sample && new SampledAnswers(store, sample.results, start);
  }

  /** The next row's answer; `none` where the sample has no answer for it, undefined behind the last row. */
  async next(): Promise<SampledAnswer | 'none' | undefined> {
    const { value: line } = await this.#lines.next();
    if (line === undefined) return undefined;
    this.bytes += line.length;
    const { custom_id: customId, ok } = JSON.parse(line.toString('utf8')) as {
      readonly custom_id: string;
      readonly ok: boolean;
    };
    return ok ? { customId, line: withoutSource(line) } : 'none';
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined);
  }
}

/** It is the last field, put there when the rounds were joined, and inside a string its quotes would be escaped. */
function withoutSource(line: Buffer): Buffer {
  const at = line.lastIndexOf(SOURCE);
  return at === -1 ? line : Buffer.concat([line.subarray(0, at), Buffer.from('}\n')]);
}

async function* readLines(store: ObjectStore, key: string, start: number): AsyncGenerator<Buffer, undefined> {
  for await (const lines of (await ownLines(store, key, { start })) ?? []) yield* lines;
  return undefined;
}
