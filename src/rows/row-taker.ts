import type { ReusedRows } from '../checkpoints/counts.ts';
import { MAX_LISTED_PROBLEMS, type RowProblem } from '../checkpoints/plan.ts';
import type { InputRef, Job } from '../checkpoints/job.ts';
import type { RowSource } from '../checkpoints/result-line.ts';
import { ReuseTally } from '../reuse/reuse-tally.ts';
import type { ReusedAnswer } from '../reuse/reused-line.ts';
import type { SavedBuilder } from './build-state.ts';
import type { RowSink } from './builder.ts';
import { TokenEstimate } from './estimate-tokens.ts';
import { underId, type JobIds } from './ids/job-ids.ts';
import type { KnownRows } from './known-rows.ts';
import { readRow } from './read-input.ts';
import type { InvalidRow, MadeRequest, RequestMaker } from './request-maker.ts';
import type { Problem, Row } from './row.ts';
import type { KnownRow } from './open-shard.ts';
import type { RowsAhead } from './rows-ahead.ts';
import type { ShardWriter } from './shard-writer.ts';
import { MAX_SUSPECTS } from './ids/suspects.ts';

/** The parts that process a row. */
interface RowParts {
  readonly job: Job;
  readonly requests: RequestMaker;
  readonly ids: RowIds;
  readonly known: KnownRows;
  readonly writer: ShardWriter;
  /** Only in a job that reuses answers. */
  readonly ahead?: RowsAhead | undefined;
}

/** Gives each row the id that it has in the job. */
export type RowIds = Pick<JobIds, 'startFile' | 'take'>;

type SavedRows = Omit<SavedBuilder, 'inputs' | 'hasSeenFields' | 'read'>;

/** Takes the rows of a job in order: decides whether each is sent, writes it into its shard, and counts it. */
export class RowTaker implements RowSink {
  readonly #job: Job;
  readonly #requests: RequestMaker;
  readonly #writer: ShardWriter;
  readonly #ids: RowIds;
  readonly #known: KnownRows;
  readonly #ahead: RowsAhead | undefined;
  /** Key of the current input file. */
  #file = '';
  /** Ids that were reported as duplicates. */
  readonly suspects: Set<string>;
  readonly #problems: RowProblem[];
  #rows: number;
  #invalid: number;
  readonly #counts: Record<'answered' | 'deduplicated', number>;
  readonly #reused: ReuseTally;
  readonly #tokens: TokenEstimate;
  /** Model of the first row that has one. */
  #model: string | undefined;

  constructor({ job, requests, ids, known, writer, ahead }: RowParts, saved: SavedRows = NOTHING_TAKEN) {
    this.#ids = ids;
    this.#job = job;
    this.#requests = requests;
    this.#writer = writer;
    this.#known = known;
    this.#ahead = ahead;
    this.suspects = new Set(saved.suspects);
    this.#problems = [...saved.problems];
    this.#rows = saved.rows;
    this.#invalid = saved.invalid;
    this.#counts = { answered: saved.answered, deduplicated: saved.deduplicated };
    this.#reused = new ReuseTally(saved.reused);
    this.#tokens = TokenEstimate.from(saved.tokens);
    this.#model = saved.model;
  }

  save(): SavedRows {
    return {
      suspects: [...this.suspects],
      problems: this.#problems,
      rows: this.#rows,
      invalid: this.#invalid,
      ...this.#counts,
      ...(this.#ahead !== undefined && { reused: this.#reused.save() }),
      tokens: this.#tokens.save(),
      model: this.#model,
    };
  }

  /** Counts and state of the rows so far. */
  get taken(): Taken {
    return {
      rows: this.#rows,
      invalid: this.#invalid,
      ...this.#counts,
      reused: this.#reused.sums(),
      problems: this.#problems,
      tokens: this.#tokens,
    };
  }

  /** The rows that follow belong to this input. */
  startFile(input: InputRef): void {
    this.#file = input.key;
    this.#ids.startFile(input);
  }

  /**
   * Takes a row.
   * @param ordinal 1-based position of the row among those that are read
   * @param knownId id of the row in the job that is retried
   */
  take(row: Row, ordinal: number, knownId?: string): Promise<void> | undefined {
    this.#rows += 1;
    const moved = this.#known.next();
    if (moved === undefined) return this.#send(row, ordinal, knownId);
    return moved.then(() => this.#send(row, ordinal, knownId));
  }

  /** Takes a row that was a duplicate in the job that is retried: its original may not be a row of this job. */
  takeDuplicate(row: Row, ordinal: number): Promise<void> | undefined {
    this.#rows += 1;
    const { customId } = this.#make(row, ordinal);
    return this.#addInvalid(row, { customId, problem: DUPLICATE });
  }

  #send(row: Row, ordinal: number, knownId?: string): Promise<void> | undefined {
    const request = this.#make(row, ordinal, knownId);
    if (!('line' in request)) return this.#addInvalid(row, request);
    const sending = { request, source: this.#sourceOf(row), position: this.#rows - 1 };
    const found = this.#known.find(request, sending.position);
    if (found instanceof Promise) return found.then((each) => this.#take(sending, each));
    return this.#take(sending, found);
  }

  /**
   * Takes a row that can be sent: writes its request line, or the answer that is known already.
   * @param answer the row's answer, if a sample has it
   */
  #take(sending: Sending, answer: KnownRow | undefined): Promise<void> | undefined {
    const { request, source, position } = sending;
    if (answer !== undefined) return this.#inTurn(answer.line.length, () => this.#addKnown(answer, source));
    const ahead = this.#ahead;
    if (ahead === undefined) return this.#addNew(sending);
    const candidate = this.#known.isRepeated(request, position) ? undefined : ahead.look(request.line);
    if (candidate === undefined && ahead.isEmpty) return this.#addNew(sending);
    // A copy, because the next row reuses the bytes before this row is processed.
    const kept = { ...sending, request: { ...request, line: Buffer.from(request.line) } };
    const take = (reused: ReusedAnswer | undefined): Promise<void> | undefined =>
      reused === undefined ? this.#addNew(kept) : this.#addReused(kept, reused);
    return ahead.add({ candidate, bytes: request.line.length, take });
  }

  /** Rows are written in order, so rows after a waiting row wait as well. */
  #inTurn(bytes: number, take: () => Promise<void> | undefined): Promise<void> | undefined {
    return this.#ahead === undefined || this.#ahead.isEmpty ? take() : this.#ahead.add({ bytes, take });
  }

  /** Takes a row without a known answer: it is sent, or follows an earlier row. */
  #addNew({ request, source, position }: Sending): Promise<void> | undefined {
    const followed = this.#known.follow(request, position);
    if (followed !== undefined) return this.#addKnown(followed, source);
    this.#tokens.add(request.line);
    return this.#writer.addRequest(request, source);
  }

  #addKnown(row: KnownRow, source: RowSource): Promise<void> {
    if (row.kind !== 'reused') this.#counts[row.kind] += 1;
    return this.#writer.addKnown(row, source);
  }

  #addReused({ request, source }: Sending, answer: ReusedAnswer): Promise<void> {
    this.#reused.add(answer);
    return this.#writer.addKnown({ kind: 'reused', line: answer.lineFor(request.customId) }, source);
  }

  #addInvalid(row: Row, { customId, problem: found }: InvalidRow): Promise<void> | undefined {
    const problem = { line: row.line, custom_id: customId, ...found };
    this.#invalid += 1;
    if (this.#problems.length < MAX_LISTED_PROBLEMS) this.#problems.push(problem);
    const source = this.#sourceOf(row);
    const read = readRow(row);
    const bytes = row.kind === 'json' ? row.json.length : 0;
    return this.#inTurn(bytes, () => this.#writer.addInvalid(problem, read, source));
  }

  #sourceOf({ line }: Row): RowSource {
    return { file: this.#file, line };
  }

  #make(row: Row, ordinal: number, knownId?: string): MadeRequest | InvalidRow {
    const made = this.#requests.make(row, ordinal);
    return 'line' in made ? this.#check(made, knownId) : made;
  }

  /** Checks a request against the provider's limits and the earlier rows. */
  #check(request: MadeRequest, knownId?: string): MadeRequest | InvalidRow {
    const { customId, line, model } = request;
    const { maxBytes } = this.#job.profile.shardLimits;
    if (line.length > maxBytes) {
      const message = `The request line is larger than ${maxBytes} bytes.`;
      return { customId, problem: { code: 'ROW_TOO_LARGE', message } };
    }
    if (isOtherModel(this.#job, model, this.#model)) {
      const message = `The provider takes one model per file, and the job's first row has "${this.#model}": run rows for "${model}" as a job of their own.`;
      return { customId, problem: { code: 'OTHER_MODEL', message } };
    }
    this.#model ??= model;
    const unique = this.#ids.take(customId, knownId);
    if (unique !== undefined) return underId(request, unique);
    if (this.suspects.size < MAX_SUSPECTS) this.suspects.add(customId);
    return { customId, problem: DUPLICATE };
  }
}

/**
 * True if the provider accepts one model per file, and a row has another one than the job.
 * @param first the model of the job's first row with a model
 */
export function isOtherModel({ profile }: Job, model: string, first: string | undefined): boolean {
  return profile.provider.dialect.limits.oneModel === true && model !== (first ?? model);
}

/** A row that can be sent. */
interface Sending {
  readonly request: MadeRequest;
  readonly source: RowSource;
  readonly position: number;
}

/** Counts and state of a job's rows. */
export interface Taken {
  readonly rows: number;
  readonly invalid: number;
  readonly answered: number;
  readonly deduplicated: number;
  readonly reused: ReusedRows;
  readonly problems: readonly RowProblem[];
  readonly tokens: TokenEstimate;
}

const NOTHING_TAKEN: SavedRows = {
  suspects: [],
  problems: [],
  rows: 0,
  invalid: 0,
  answered: 0,
  deduplicated: 0,
  tokens: [0, 0, 0],
};

const DUPLICATE: Problem = {
  code: 'DUPLICATE_CUSTOM_ID',
  message: 'An earlier row of the file has the same custom_id.',
};
