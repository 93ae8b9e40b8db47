import type { Job } from '../checkpoints/job.ts';
import { eachOwnLine, LinesBeside } from '../jsonl/own-lines.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { KnownAnswers } from './known-rows.ts';
import type { MadeRequest } from './request-maker.ts';
import type { KnownRow } from './open-shard.ts';

/**
 * Fields that concern only the sample. They are the last fields of a line, because they were added when rounds were joined and
 * when a retry was merged.
 */
const OWN_FIELDS = [',"source":{', ',"retried":'].map((field) => Buffer.from(field));
/** The end of a line with such a field. If a line ends in another way, the field belongs to an object in the answer. */
const OWN_END = /^(?:,"source":\{(?:"(?:[^"\\]|\\.)*"|[^"{}])*\})?(?:,"retried":\d+)?\}\n$/;
const LINE_END = Buffer.from('}\n');

/** An answered row of a sample. */
interface SampledAnswer {
  readonly customId: string;
  /** Its result line with the newline, without the row's source and the number of the sample's retry. */
  readonly line: Buffer;
}

/** The results of a sample, in the order of its rows. */
export class SampledAnswers implements KnownAnswers, AsyncDisposable {
  readonly #lines: LinesBeside;
  /** Answer of the current row. */
  #answer: SampledAnswer | undefined;
  #isOver = false;

  /** Number of bytes read. */
  bytes: number;

  /** @param start position at which a line begins */
  constructor(store: ObjectStore, results: string, start = 0) {
    this.#lines = new LinesBeside(eachOwnLine(store, results, { start }));
    this.bytes = start;
  }

  /**
   * Opens the answers of the job's sample, if it has one.
   * @param start position at which an earlier call stopped
   */
  static of(store: ObjectStore, { sample }: Pick<Job, 'sample'>, start?: number): SampledAnswers | undefined {
    return sample && new SampledAnswers(store, sample.results, start);
  }

  next(): Promise<void> | undefined {
    this.#answer = undefined;
    return this.#isOver ? undefined : this.#read();
  }

  find({ customId }: MadeRequest): KnownRow | undefined {
    const answer = this.#answer;
    return answer?.customId === customId ? { kind: 'answered', line: answer.line } : undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lines[Symbol.asyncDispose]();
  }

  async #read(): Promise<void> {
    const { value: line } = await this.#lines.next();
    if (line === undefined) {
      this.#isOver = true;
      return;
    }
    this.bytes += line.length;
    const { custom_id: customId, ok } = JSON.parse(line.toString('utf8')) as {
      readonly custom_id: string;
      readonly ok: boolean;
    };
    if (ok) this.#answer = { customId, line: withoutOwn(line) };
  }
}

/**
 * Removes the sample's own fields. A later retry of the job would otherwise mistake the number of the sample's retry for its own.
 */
function withoutOwn(line: Buffer): Buffer {
  for (const field of OWN_FIELDS) {
    const at = line.lastIndexOf(field);
    if (at !== -1 && OWN_END.test(line.toString('utf8', at)))
      return Buffer.concat([line.subarray(0, at), LINE_END]);
  }
  return line;
}
