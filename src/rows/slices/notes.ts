import { sliceKey, type SliceRef } from '../../checkpoints/keys.ts';
import type { Job } from '../../checkpoints/job.ts';
import { requiredLines } from '../../jsonl/own-lines.ts';
import { jsonLine } from '../../jsonl/json-line.ts';
import { digestRequest, requestStart } from '../../reuse/request-hash.ts';
import { setsTemperature } from '../../reuse/temperature.ts';
import type { ObjectStore, ObjectWriter } from '../../store/object-store.ts';
import type { RowSink } from '../builder.ts';
import { invalidResultLine } from '../dead-letter.ts';
import { generatedId } from '../request-line.ts';
import type { InvalidRow, MadeRequest, RequestMaker } from '../request-maker.ts';
import type { Row } from '../row.ts';

/** The data of one row that is needed to plan shards. */
export interface Note {
  /** Bytes of its request line; for a row that cannot be sent, approximate bytes of its result line. */
  readonly bytes: number;
  readonly isValid: boolean;
  /** Undefined for a row without an id, which gets one from its position. */
  readonly id: string | undefined;
  readonly inputs: number;
  /** Only if the provider accepts one model per file. */
  readonly model: string;
  /** Only if rows are compared: a short text with the hash of the request, equal for equal requests. */
  readonly standIn: Buffer;
}

/** Notes of many rows as one line, column by column, because JSON with few long arrays is read several times faster. */
interface Columns {
  /** Negative for a row that cannot be sent. */
  readonly bytes: number[];
  /** 0 for a row without an id. */
  readonly ids: (string | 0)[];
  /** Absent if each is 1. */
  inputs?: number[];
  readonly models?: string[];
  readonly digests?: string[];
  /** The rows that need a separate answer. */
  readonly own?: number[];
}

const ROWS_PER_LINE = 4_096;

/** Two positions for a test: an id that is the same for both does not depend on the position. */
const [SOME_ORDINAL, OTHER_ORDINAL] = [11_111_111, 22_222_222];
export const SOME_ID = generatedId(SOME_ORDINAL);

/** Most bytes by which a line number, or an id made from the row's position, may be longer in the job than in its notes. */
const SLACK = 64;

const NO_LINE = Buffer.alloc(0);

/** Notes the rows of a slice: makes their requests, and keeps the data that is needed to plan shards. */
export class NoteTaker implements RowSink {
  readonly #requests: RequestMaker;
  readonly #writer: ObjectWriter;
  readonly #hasModels: boolean;
  readonly #hasDigests: boolean;
  #columns: Columns;
  rows = 0;

  constructor(requests: RequestMaker, { profile }: Pick<Job, 'profile'>, writer: ObjectWriter) {
    this.#requests = requests;
    this.#writer = writer;
    this.#hasModels = profile.provider.dialect.limits.oneModel === true;
    this.#hasDigests = profile.dedupe !== undefined;
    this.#columns = this.#newColumns();
  }

  startFile(): undefined {
    return undefined;
  }

  take(row: Row): Promise<void> | undefined {
    this.rows += 1;
    this.#note(row);
    return this.#columns.bytes.length < ROWS_PER_LINE ? undefined : this.flush();
  }

  takeDuplicate(row: Row): Promise<void> | undefined {
    return this.take(row);
  }

  /** Writes pending notes. */
  flush(): Promise<void> | undefined {
    const columns = this.#columns;
    if (columns.bytes.length === 0) return undefined;
    if (columns.inputs?.every((inputs) => inputs === 1) === true) delete columns.inputs;
    this.#columns = this.#newColumns();
    return this.#writer.write(jsonLine(columns));
  }

  #newColumns(): Columns {
    return {
      bytes: [],
      ids: [],
      inputs: [],
      ...(this.#hasModels && { models: [] }),
      ...(this.#hasDigests && { digests: [], own: [] }),
    };
  }

  #note(row: Row): void {
    const made = this.#requests.make(row, SOME_ORDINAL);
    const { bytes, ids, inputs, models, digests, own } = this.#columns;
    const isValid = 'line' in made;
    bytes.push(isValid ? made.line.length : -unsentBytes(made));
    inputs?.push(isValid ? made.inputs : 1);
    models?.push(isValid ? made.model : '');
    const start = isValid && digests !== undefined ? requestStart(made.line, made.customId.length) : 0;
    digests?.push(
      isValid ? Buffer.from(Uint32Array.from(digestRequest(made.line, start)).buffer).toString('base64') : '',
    );
    if (isValid && own !== undefined && setsTemperature(made.line)) own.push(digests?.length ?? 0);
    // Must be last, because it may overwrite the line's bytes with the next request.
    ids.push(isValid && !this.#isGenerated(made, row) ? made.customId : 0);
  }

  #isGenerated({ customId }: MadeRequest, row: Row): boolean {
    return customId === SOME_ID && this.#requests.make(row, OTHER_ORDINAL).customId !== customId;
  }
}

function unsentBytes({ customId, problem }: InvalidRow): number {
  return SLACK + invalidResultLine({ line: 0, custom_id: customId, ...problem }).length * 4;
}

/** The notes of a slice, in the order of its rows. */
export async function* readNotes(store: ObjectStore, ref: SliceRef): AsyncGenerator<Note[]> {
  for await (const lines of requiredLines(store, sliceKey(ref, 'notes.jsonl')))
    for (const line of lines) yield notesOf(JSON.parse(line.toString('utf8')) as Columns);
}

function notesOf({ bytes, ids, inputs, models, digests, own = [] }: Columns): Note[] {
  const wantsOwn = new Set(own);
  return bytes.map((size, n) => ({
    bytes: Math.abs(size),
    isValid: size >= 0,
    id: ids[n] === 0 ? undefined : ids[n],
    inputs: inputs?.[n] ?? 1,
    model: models?.[n] ?? '',
    standIn: digests === undefined ? NO_LINE : standInOf(digests[n] ?? '', wantsOwn.has(n + 1)),
  }));
}

/** A short text in place of a request line. It has the form of a request line, so that it can be compared like one. */
function standInOf(digest: string, wantsOwn: boolean): Buffer {
  const body = wantsOwn ? ',"body":{"temperature":1}' : '';
  return Buffer.from(`{"custom_id":"","digest":"${digest}"${body}}\n`);
}
