import { randomInt } from 'node:crypto';
import { basename } from 'node:path/posix';
import type { Failure } from '../errors.ts';
import { MAX_LISTED_PROBLEMS, type InputReading, type Plan, type RowProblem } from '../checkpoints/plan.ts';
import type { InputRef, Job } from '../checkpoints/job.ts';
import type { RowSource } from '../checkpoints/result-line.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { known } from '../provider/dialects/known.ts';
import {
  generatedId,
  MAX_CUSTOM_ID,
  readUsableId,
  toRequestLine,
  type Request,
  type RequestRules,
} from './request-line.ts';
import { EarlierResults } from './earlier-results.ts';
import { readInput, readRow } from './read-input.ts';
import { Reading } from './formats/reading.ts';
import type { Problem, ReadRow, Row, Table, UnreadableRow } from './row.ts';
import { ShardWriter, type RequestToWrite } from './shard-writer.ts';
import { JsonSplicer } from '../fast-path/splice-json.ts';
import { TableSplicer } from '../fast-path/splice-table.ts';
import { findInnocent, MAX_SUSPECTS } from './suspects.ts';
import { checkColumns } from './table-columns.ts';
import { compileTemplate } from './template.ts';
import { createUniqueIds, type UniqueIds } from './unique-ids.ts';

/** Each seed fails one job in 370,000 of 10,000,000 rows. */
const MAX_SEEDS = 4;

/** As many as `randomInt` takes. */
const SEEDS = 2 ** 48 - 1;

/**
 * Writes the shards of a job and says what they are. Streams: memory holds a chunk of input, a hash per id, and a block
 * per open file. The same input always makes the same bytes.
 * @throws InvalidInput when an input is not there or cannot be read as its format.
 */
export async function buildShards(
  store: ObjectStore,
  job: Job,
  createIds: (seed: number) => UniqueIds = createUniqueIds,
): Promise<Plan> {
  for (let attempt = 1; ; attempt += 1) {
    // A seed that nobody can know: whoever writes the input could otherwise make ids that share their hash. Nothing of it is
    // in what is written, so that a build that starts again may take another one.
    const { plan, suspects } = await buildOnce(store, job, createIds(randomInt(SEEDS)));
    const innocent = await findInnocent(store, job.jobId, plan.shards.length, suspects);
    if (innocent === 0) return plan;
    if (attempt === MAX_SEEDS)
      throw new Error(`Job ${job.jobId}: ${innocent} ids share their hash with others.`);
  }
}

interface Built {
  readonly plan: Plan;
  readonly suspects: Set<string>;
}

async function buildOnce(store: ObjectStore, job: Job, ids: UniqueIds): Promise<Built> {
  const writer = new ShardWriter(store, {
    jobId: job.jobId,
    limits: job.profile.shardLimits,
    tellsSources: job.inputs.length > 1,
  });
  const earlier = EarlierResults.of(store, job);
  const builder = new Builder(job, writer, ids);
  try {
    for (const input of job.inputs) await builder.take(store, input, earlier);
    await earlier?.end();
    return { plan: builder.plan(await writer.close()), suspects: builder.suspects };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** Rule of thumb for English; a budget needs no more. */
const BYTES_PER_TOKEN = 4;

class Builder {
  readonly #job: Job;
  readonly #rules: RequestRules;
  readonly #jsonSplicer: JsonSplicer;
  readonly #tableSplicer: TableSplicer;
  readonly #writer: ShardWriter;
  readonly #ids: UniqueIds;
  /** Ids that were called duplicates. */
  readonly suspects = new Set<string>();
  readonly #problems: RowProblem[] = [];
  readonly #inputs: (InputRef & InputReading)[] = [];
  #table: Table | undefined;
  /** Rows that were read; of a retry, also those that it does not take. */
  #read = 0;
  #rows = 0;
  #invalid = 0;
  /** Of the first row that has one. */
  #model: string | undefined;

  constructor(job: Job, writer: ShardWriter, ids: UniqueIds) {
    this.#ids = ids;
    this.#job = job;
    this.#rules = rulesOf(job.profile);
    this.#jsonSplicer = new JsonSplicer(this.#rules);
    this.#tableSplicer = new TableSplicer(this.#rules);
    this.#writer = writer;
  }

  /** @param earlier of a retry: what became of each row; those that are ok are left out */
  async take(store: ObjectStore, input: InputRef, earlier?: EarlierResults): Promise<void> {
    const { key, version } = input;
    const name = basename(key);
    const reading = new Reading();
    for await (const rows of readInput(store, input, this.#job.profile, reading)) {
      for (const row of rows) {
        if (row.kind === 'table') this.#checkTable(row.table, name);
        const before = earlier === undefined ? undefined : await earlier.next();
        this.#read += 1;
        if (before === 'ok') continue;
        // Most rows need not be waited for, and a promise for each would take as long as the rest.
        const pending = before === 'duplicate' ? this.#takeDuplicate(row, key) : this.#takeRow(row, key);
        if (pending !== undefined) await pending;
      }
    }
    this.#inputs.push({ key, ...(version === undefined ? {} : { version }), ...reading.facts() });
  }

  #checkTable(table: Table, name: string): void {
    if (table === this.#table) return;
    this.#table = table;
    checkColumns(table.header, this.#job.profile, name);
  }

  #takeRow(row: Row, file: string): Promise<void> | undefined {
    this.#rows += 1;
    const source = { file, line: row.line };
    const spliced = this.#splice(row);
    if (spliced !== undefined) return this.#writer.addRequest(spliced, source);
    return this.#takeRead(readRow(row), source, row.kind === 'json' ? row.json : undefined);
  }

  #takeDuplicate(row: Row, file: string): Promise<void> {
    this.#rows += 1;
    const read = readRow(row);
    const { customId } = this.#check(read);
    return this.#addInvalid(read, { file, line: row.line }, { customId, problem: DUPLICATE });
  }

  /** The row's request line, made of its bytes; `undefined` when it must be read, if only to say what is wrong. */
  #splice(row: Row): RequestToWrite | undefined {
    if (!(row.kind === 'json' || row.kind === 'table')) return undefined;
    const splicer = row.kind === 'json' ? this.#jsonSplicer : this.#tableSplicer;
    const length =
      row.kind === 'json'
        ? this.#jsonSplicer.make(row.json, this.#read)
        : this.#tableSplicer.make(row, this.#read);
    if (length === 0 || length > this.#job.profile.shardLimits.maxBytes) return undefined;
    if (this.#isOtherModel(splicer.model) || !this.#ids.add(splicer.customId)) return undefined;
    this.#model ??= splicer.model;
    return { line: splicer.line.subarray(0, length), inputs: splicer.inputs };
  }

  #isOtherModel(model: string): boolean {
    const { oneModel } = this.#job.profile.provider.dialect.limits;
    return oneModel === true && model !== (this.#model ?? model);
  }

  /** @param json the row's text, to learn from */
  #takeRead(row: ReadRow | UnreadableRow, source: RowSource, json?: Buffer): Promise<void> | undefined {
    const request = this.#check(row);
    if ('text' in request) {
      if (json !== undefined) this.#jsonSplicer.learn(json);
      return this.#writer.addRequest({ line: Buffer.from(request.text), inputs: request.inputs }, source);
    }
    return this.#addInvalid(row, source, request);
  }

  #addInvalid(
    row: ReadRow | UnreadableRow,
    source: RowSource,
    request: Extract<Request, { problem: Problem }>,
  ): Promise<void> {
    const problem = { line: row.line, custom_id: request.customId, ...request.problem };
    this.#invalid += 1;
    if (this.#problems.length < MAX_LISTED_PROBLEMS) this.#problems.push(problem);
    return this.#writer.addInvalid(problem, row, source);
  }

  #check(row: ReadRow | UnreadableRow): Request {
    const { profile } = this.#job;
    const request: Request =
      row.kind === 'read'
        ? toRequestLine({ value: row.value, ordinal: this.#read, data: row.data }, this.#rules)
        : {
            customId: readUsableId(row.fields ?? {}, this.#rules) ?? generatedId(this.#read),
            problem: row.problem,
          };
    if ('problem' in request) return request;
    const { customId } = request;
    if (Buffer.byteLength(request.text) > profile.shardLimits.maxBytes) {
      const message = `The request line is larger than ${profile.shardLimits.maxBytes} bytes.`;
      return { customId, problem: { code: 'ROW_TOO_LARGE', message } };
    }
    if (this.#isOtherModel(request.model)) {
      const message = `The provider takes one model per file, and the job's first row has "${this.#model}": run rows for "${request.model}" as a job of their own.`;
      return { customId, problem: { code: 'OTHER_MODEL', message } };
    }
    this.#model ??= request.model;
    if (this.#ids.add(customId)) return request;
    if (this.suspects.size < MAX_SUSPECTS) this.suspects.add(customId);
    return { customId, problem: DUPLICATE };
  }

  plan(shards: Plan['shards']): Plan {
    const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
    const inputTokens = Math.ceil(bytes / BYTES_PER_TOKEN);
    const plan: Plan = {
      rows: this.#rows,
      invalid: this.#invalid,
      inputTokens,
      inputs: this.#inputs,
      shards,
      problems: this.#problems,
    };
    const refusal = refuse(plan, this.#job);
    return refusal === undefined ? plan : { ...plan, failure: refusal };
  }
}

const DUPLICATE: Problem = {
  code: 'DUPLICATE_CUSTOM_ID',
  message: 'An earlier row of the job has the same custom_id.',
};

function rulesOf({ endpoint, model, body, system, prompt, provider, table }: ResolvedProfile): RequestRules {
  const { customIdLength, customIdCharacters } = provider.dialect.limits;
  return {
    customIds: {
      length: known(customIdLength, MAX_CUSTOM_ID),
      characters: known(customIdCharacters, 'any'),
    },
    endpoint,
    model,
    body,
    system: system === undefined ? undefined : compileTemplate(system),
    prompt: prompt === undefined ? undefined : compileTemplate(prompt),
    id: table?.id,
  };
}

/** Why nothing of the plan may be sent, if that is so. */
function refuse(plan: Plan, { inputs, profile }: Job): Failure | undefined {
  const { rows, invalid, problems } = plan;
  const files = inputs.map(({ key }) => basename(key)).join(', ');
  if (rows === 0) return failure(`${files} has no rows: it is empty.`);
  const reasons = problems.slice(0, 3).map(({ line, code, message }) => `line ${line}: ${message} [${code}]`);
  const because = `${reasons.join('; ')}${invalid > reasons.length ? '; …' : ''}`;
  if (invalid === rows) return failure(`${files} has no valid row. ${because}`);
  if (profile.strict && invalid > 0) {
    return failure(
      `${invalid} of ${rows} rows of ${files} are invalid and the job is strict: nothing was sent. ${because}`,
    );
  }
  return overBudget(plan, files, profile);
}

function overBudget(
  { rows, inputTokens }: Plan,
  files: string,
  { name, budget }: ResolvedProfile,
): Failure | undefined {
  const { maxRows = Infinity, maxInputTokens = Infinity } = budget;
  const of = `the budget of the profile "${name}"; nothing was sent.`;
  if (rows > maxRows) return failure(`${files} has ${rows} rows, more than the ${maxRows} of ${of}`);
  if (inputTokens <= maxInputTokens) return undefined;
  return failure(`${files} has about ${inputTokens} input tokens, more than the ${maxInputTokens} of ${of}`);
}

function failure(message: string): Failure {
  return { name: 'InvalidInput', code: 'InvalidInput', message };
}
