import { randomInt } from 'node:crypto';
import { basename } from 'node:path/posix';
import { isFields } from '../endpoints/ask.ts';
import type { Failure } from '../errors.ts';
import { MAX_LISTED_PROBLEMS, type InputReading, type Plan, type RowProblem } from '../checkpoints/plan.ts';
import type { InputRef, Job } from '../checkpoints/job.ts';
import type { RowSource } from '../checkpoints/result-line.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { known } from '../provider/dialects/known.ts';
import { MAX_CUSTOM_ID, type RequestRules } from './request-line.ts';
import { RuleRequests, type InvalidRow, type MadeRequest, type RequestMaker } from './request-maker.ts';
import { JobIds, underId } from './job-ids.ts';
import { EarlierResults } from './earlier-results.ts';
import { readInput, readRow } from './read-input.ts';
import { Reading } from './formats/reading.ts';
import { SampledAnswers, type SampledAnswer } from './sampled-answers.ts';
import type { Problem, Row } from './row.ts';
import { ShardWriter } from './shard-writer.ts';
import { TokenEstimate } from './estimate-tokens.ts';
import { findInnocent, MAX_SUSPECTS } from './suspects.ts';
import { braceNotices, checkColumns, checkPrompt } from './table-columns.ts';
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
  { createIds = createUniqueIds, createRequests = byRules }: BuildParts = {},
): Promise<Plan> {
  const requests = createRequests(rulesOf(job.profile));
  for (let attempt = 1; ; attempt += 1) {
    // A seed that nobody can know: whoever writes the input could otherwise make ids that share their hash. Nothing of it is
    // in what is written, so that a build that starts again may take another one.
    const { plan, suspects } = await buildOnce(store, job, { ids: createIds(randomInt(SEEDS)), requests });
    const innocent = await findInnocent(store, job.jobId, plan.shards.length, suspects);
    if (innocent === 0) return plan;
    if (attempt === MAX_SEEDS)
      throw new Error(`Job ${job.jobId}: ${innocent} ids share their hash with others.`);
  }
}

/** Parts that a caller may bring. */
export interface BuildParts {
  readonly createIds?: ((seed: number) => UniqueIds) | undefined;
  /** Default: {@link RuleRequests}. */
  readonly createRequests?: ((rules: RequestRules) => RequestMaker) | undefined;
}

const byRules = (rules: RequestRules): RequestMaker => new RuleRequests(rules);

/** What a build goes by. */
interface Makers {
  readonly ids: UniqueIds;
  readonly requests: RequestMaker;
}

interface Built {
  readonly plan: Plan;
  readonly suspects: Set<string>;
}

async function buildOnce(store: ObjectStore, job: Job, makers: Makers): Promise<Built> {
  const writer = new ShardWriter(store, {
    jobId: job.jobId,
    limits: job.profile.shardLimits,
    tellsSources: job.inputs.length > 1,
  });
  const earlier = EarlierResults.of(store, job);
  const sampled = job.sample && new SampledAnswers(store, job.sample.results);
  const builder = new Builder(job, writer, { ...makers, sampled });
  try {
    for (const input of job.inputs) if (!builder.hasMore) await builder.take(store, input, earlier);
    await earlier?.end();
    return { plan: builder.plan(await writer.close()), suspects: builder.suspects };
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    await sampled?.close();
  }
}

class Builder {
  readonly #job: Job;
  readonly #requests: RequestMaker;
  readonly #writer: ShardWriter;
  readonly #ids: JobIds;
  /** Of the row at hand, in the job that is retried. */
  #idBefore: string | undefined;
  /** Of the rows that are left of a sample; undefined behind its last one. */
  #sampled: SampledAnswers | undefined;
  /** The job takes only some rows, and there is another one behind them. */
  hasMore = false;
  /** Ids that were called duplicates. */
  readonly suspects = new Set<string>();
  readonly #problems: RowProblem[] = [];
  readonly #inputs: (InputRef & InputReading)[] = [];
  #hasSeenFields = false;
  /** Rows that were read; of a retry, also those that it does not take. */
  #read = 0;
  #rows = 0;
  #invalid = 0;
  #answered = 0;
  /** Ids of the rows that a sample has answered: no request line has them. */
  readonly #answeredIds = new Set<string>();
  readonly #tokens = new TokenEstimate();
  /** Of the first row that has one. */
  #model: string | undefined;

  constructor(
    job: Job,
    writer: ShardWriter,
    { ids, requests, sampled }: Makers & { readonly sampled: SampledAnswers | undefined },
  ) {
    const { customIdLength } = job.profile.provider.dialect.limits;
    this.#ids = new JobIds(ids, job.inputs, known(customIdLength, MAX_CUSTOM_ID));
    this.#sampled = sampled;
    this.#job = job;
    this.#requests = requests;
    this.#writer = writer;
  }

  /** @param earlier of a retry: what became of each row; those that are ok are left out */
  async take(store: ObjectStore, input: InputRef, earlier?: EarlierResults): Promise<void> {
    const { key, version } = input;
    const name = basename(key);
    const reading = new Reading();
    this.#ids.startFile(input);
    const onHeader = (header: readonly string[]): void => this.#checkHeader(header, name, reading);
    for await (const rows of readInput(store, input, this.#job.profile, { reading, onHeader })) {
      for (const row of rows) {
        if (this.#read === this.#job.limit) {
          this.hasMore = true;
          break;
        }
        if (!this.#hasSeenFields) this.#checkFields(row, name, reading);
        const before = earlier === undefined ? undefined : await earlier.next();
        this.#read += 1;
        this.#idBefore = earlier?.sentAs;
        if (before === 'ok') continue;
        // Most rows need not be waited for, and a promise for each would take as long as the rest.
        const pending = before === 'duplicate' ? this.#takeDuplicate(row, key) : this.#takeRow(row, key);
        if (pending !== undefined) await pending;
      }
      if (this.hasMore) break;
    }
    this.#inputs.push({ key, ...(version === undefined ? {} : { version }), ...reading.facts() });
  }

  #checkHeader(header: readonly string[], name: string, reading: Reading): void {
    checkColumns(header, this.#job.profile, name);
    for (const notice of braceNotices(header, this.#job.profile)) reading.note(notice);
  }

  /** What a table's header tells, the first row with fields tells of other files. */
  #checkFields(row: Row, name: string, reading: Reading): void {
    if (row.kind === 'table') return;
    const read = readRow(row);
    if (read.kind !== 'read' || read.data === true || !isFields(read.value)) return;
    this.#hasSeenFields = true;
    const fields = Object.keys(read.value);
    checkPrompt(fields, this.#job.profile, name);
    for (const notice of braceNotices(fields, this.#job.profile)) reading.note(notice);
  }

  #takeRow(row: Row, file: string): Promise<void> | undefined {
    this.#rows += 1;
    const source = { file, line: row.line };
    if (this.#sampled !== undefined) return this.#takeSampled(row, source, this.#sampled);
    return this.#send(row, source);
  }

  /** @param answer of the same row in a sample */
  #send(row: Row, source: RowSource, answer?: SampledAnswer): Promise<void> | undefined {
    const request = this.#make(row);
    if (!('line' in request)) return this.#addInvalid(row, source, request);
    if (answer?.customId === request.customId) {
      this.#answered += 1;
      this.#answeredIds.add(request.customId);
      return this.#writer.addAnswered(answer.line, source);
    }
    this.#tokens.add(request.line);
    return this.#writer.addRequest(request, source);
  }

  /** A row that a sample may have answered. */
  async #takeSampled(row: Row, source: RowSource, sampled: SampledAnswers): Promise<void> {
    const answer = await sampled.next();
    if (answer === undefined) this.#sampled = undefined;
    await this.#send(row, source, answer === 'none' ? undefined : answer);
  }

  #takeDuplicate(row: Row, file: string): Promise<void> {
    this.#rows += 1;
    const { customId } = this.#make(row);
    return this.#addInvalid(row, { file, line: row.line }, { customId, problem: DUPLICATE });
  }

  #make(row: Row): MadeRequest | InvalidRow {
    const made = this.#requests.make(row, this.#read);
    return 'line' in made ? this.#check(made) : made;
  }

  #addInvalid(row: Row, source: RowSource, { customId, problem: found }: InvalidRow): Promise<void> {
    const problem = { line: row.line, custom_id: customId, ...found };
    this.#invalid += 1;
    if (this.#problems.length < MAX_LISTED_PROBLEMS) this.#problems.push(problem);
    return this.#writer.addInvalid(problem, readRow(row), source);
  }

  /** Compares a request with the limits of the provider, and with the rows before it. */
  #check(request: MadeRequest): MadeRequest | InvalidRow {
    const { customId, line, model } = request;
    const { maxBytes } = this.#job.profile.shardLimits;
    if (line.length > maxBytes) {
      const message = `The request line is larger than ${maxBytes} bytes.`;
      return { customId, problem: { code: 'ROW_TOO_LARGE', message } };
    }
    if (this.#isOtherModel(model)) {
      const message = `The provider takes one model per file, and the job's first row has "${this.#model}": run rows for "${model}" as a job of their own.`;
      return { customId, problem: { code: 'OTHER_MODEL', message } };
    }
    this.#model ??= model;
    const unique = this.#ids.take(customId, this.#idBefore);
    if (unique !== undefined) return underId(request, unique);
    if (this.suspects.size < MAX_SUSPECTS && !this.#answeredIds.has(customId)) this.suspects.add(customId);
    return { customId, problem: DUPLICATE };
  }

  #isOtherModel(model: string): boolean {
    const { oneModel } = this.#job.profile.provider.dialect.limits;
    return oneModel === true && model !== (this.#model ?? model);
  }

  plan(shards: Plan['shards']): Plan {
    const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
    const plan: Plan = {
      rows: this.#rows,
      invalid: this.#invalid,
      ...(this.#answered > 0 && { answered: this.#answered }),
      ...(this.hasMore && { hasMore: true }),
      inputTokens: this.#tokens.total(bytes),
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
  message: 'An earlier row of the file has the same custom_id.',
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
  const fault = profileFault(plan);
  if (fault !== undefined)
    return {
      ...failure(`${fault} So it is with every row of ${files}; nothing was sent.`),
      name: 'InvalidRequest',
    };
  if (invalid === rows) return failure(`${files} has no valid row. ${because}`);
  if (profile.strict && invalid > 0) {
    return failure(
      `${invalid} of ${rows} rows of ${files} are invalid and the job is strict: nothing was sent. ${because}`,
    );
  }
  return overBudget(plan, files, profile);
}

/** Codes of rows that the profile is the cause of when every row has the same. */
const PROFILE_FAULTS: ReadonlySet<string> = new Set(['MISSING_MODEL', 'MISSING_COLUMN', 'NO_PROMPT']);

/** What is wrong with the profile, or with what was asked for, and not with the file: every row says the same. */
function profileFault({ rows, invalid, problems }: Plan): string | undefined {
  const [first] = problems;
  if (first === undefined || invalid !== rows || !PROFILE_FAULTS.has(first.code)) return undefined;
  const isSame = problems.every(({ code, message }) => code === first.code && message === first.message);
  return isSame ? `${first.message} [${first.code}]` : undefined;
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
