import { randomInt } from 'node:crypto';
import { basename } from 'node:path/posix';
import { isFields } from '../endpoints/ask.ts';
import type { StepTime } from '../pace.ts';
import { InvalidInput } from '../errors.ts';
import { MAX_LISTED_PROBLEMS, type InputReading, type Plan, type RowProblem } from '../checkpoints/plan.ts';
import type { InputRef, Job } from '../checkpoints/job.ts';
import type { RowSource } from '../checkpoints/result-line.ts';
import { roundKey } from '../checkpoints/keys.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { followLine } from '../reuse/follow-line.ts';
import { Leaders } from '../reuse/leaders.ts';
import { RequestHash } from '../reuse/request-hash.ts';
import { known } from '../provider/dialects/known.ts';
import { MAX_CUSTOM_ID, type RequestRules } from './request-line.ts';
import { RuleRequests, type InvalidRow, type MadeRequest, type RequestMaker } from './request-maker.ts';
import { loadTables, saveBuildState, type BuildState, type Built, type SavedBuilder } from './build-state.ts';
import { JobIds, underId } from './job-ids.ts';
import { EarlierResults } from './earlier-results.ts';
import { readInput, readRow } from './read-input.ts';
import { Standing, type Place } from './formats/place.ts';
import { Reading } from './formats/reading.ts';
import { SampledAnswers, type SampledAnswer } from './sampled-answers.ts';
import type { Problem, Row } from './row.ts';
import { ShardWriter } from './shard-writer.ts';
import { refuse } from './refuse-plan.ts';
import { TokenEstimate } from './estimate-tokens.ts';
import { clearSuspects, MAX_SUSPECTS } from './suspects.ts';
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
export async function buildShards(store: ObjectStore, job: Job, parts: BuildParts = {}): Promise<Plan> {
  const built = await build(store, job, parts, undefined);
  if (isPlan(built)) return built;
  throw new Error(`Job ${job.jobId}: a build without a time limit has not ended.`);
}

/**
 * {@link buildShards} in as many calls as it takes: one that runs short of time saves where it is, and the next one goes on
 * there. However the work is divided, the shards and the plan are the same.
 */
export async function buildOn(
  store: ObjectStore,
  job: Job,
  { from, ...parts }: BuildParts & OneCall,
): Promise<Plan | Unfinished> {
  return build(store, job, parts, from);
}

/** One of the calls that a build takes. */
interface OneCall {
  readonly time: StepTime | undefined;
  /** What the call before it has saved. */
  readonly from: BuildState | undefined;
}

async function build(
  store: ObjectStore,
  job: Job,
  {
    createIds = createUniqueIds,
    createRequests = byRules,
    createHash = newHash,
    time,
  }: BuildParts & { time?: StepTime | undefined },
  from: BuildState | undefined,
): Promise<Plan | Unfinished> {
  const requests = createRequests(rulesOf(job.profile));
  const turn = from?.turn ?? 0;
  let state = from;
  for (let attempt = state?.attempt ?? 1; ; attempt += 1) {
    // A seed that nobody can know: whoever writes the input could otherwise make ids that share their hash. Nothing of it is
    // in what is written, so that a build that starts again may take another one.
    const start = state ?? { turn, attempt, seed: randomInt(SEEDS) };
    const leaders = leadersOf(job, start, createHash);
    const calling = { store, job, requests, ids: createIds(start.seed), leaders, time };
    const built = start.built ?? (await buildOnce(calling, start));
    if ('rows' in built) return built;
    const innocent = await findInnocent(calling, start, built);
    if (typeof innocent !== 'number') return innocent;
    if (innocent === 0) return built.plan;
    if (attempt === MAX_SEEDS)
      throw new Error(`Job ${job.jobId}: ${innocent} ids share their hash with others.`);
    await forgetInvalid(store, job.jobId, built.plan);
    state = undefined;
  }
}

/** Rows that were called invalid under another seed; the next build writes these files only where it has such rows. */
async function forgetInvalid(store: ObjectStore, jobId: string, { shards }: Plan): Promise<void> {
  for (const [shard, { requests, rows }] of shards.entries()) {
    if (requests === rows) continue;
    for (const file of ['results.jsonl', 'dead-letters.jsonl'] as const)
      await store.delete(roundKey({ jobId, shard }, 0, file));
  }
}

/** The build is not done: it has to be called again. */
export interface Unfinished {
  /** So far. */
  readonly rows: number;
  readonly shards: number;
}

export function isPlan(built: Plan | Unfinished): built is Plan {
  return 'problems' in built;
}

/** Parts that a caller may bring. */
export interface BuildParts {
  readonly createIds?: ((seed: number) => UniqueIds) | undefined;
  /** Default: {@link RuleRequests}. */
  readonly createRequests?: ((rules: RequestRules) => RequestMaker) | undefined;
  readonly createHash?: ((seed: number) => RequestHash) | undefined;
}

const newHash = (seed: number): RequestHash => new RequestHash(seed);

/** Requests that share their hash under each seed are all sent in the end. */
function leadersOf(
  { profile: { dedupe } }: Job,
  { attempt, seed }: Start,
  createHash: (seed: number) => RequestHash,
): Leaders | undefined {
  return dedupe === undefined || attempt === MAX_SEEDS
    ? undefined
    : new Leaders({ dedupe }, createHash(seed));
}

const byRules = (rules: RequestRules): RequestMaker => new RuleRequests(rules);

/** One call of a build. */
interface Calling {
  readonly store: ObjectStore;
  readonly job: Job;
  readonly requests: RequestMaker;
  readonly ids: UniqueIds;
  /** Absent where each row is sent, whatever the others ask. */
  readonly leaders: Leaders | undefined;
  readonly time: StepTime | undefined;
}

type Start = Pick<BuildState, 'turn' | 'attempt' | 'seed' | 'built' | 'reading'>;

/** Reads the inputs to their end, or for as long as there is time. */
async function buildOnce(calling: Calling, start: Start): Promise<Built | Unfinished> {
  const { store, job, ids, leaders, time } = calling;
  const tables = { ids, ...leaders?.tables };
  const saved = start.reading;
  if (saved !== undefined) await loadTables(store, { jobId: job.jobId, turn: start.turn }, tables);
  const writer = await ShardWriter.open(
    store,
    { jobId: job.jobId, limits: job.profile.shardLimits, tellsSources: job.inputs.length > 1 },
    saved?.writer,
  );
  const earlier = EarlierResults.of(store, job, saved?.earlierBytes);
  const sampled = SampledAnswers.of(store, job, saved?.sampledBytes);
  const builder = new Builder(calling, { writer, sampled, earlier }, saved?.builder);
  try {
    let place = saved?.place;
    for (let input = saved?.input ?? 0; input < job.inputs.length && !builder.hasMore; input += 1) {
      place = await builder.take(store, input, { from: place, time });
      if (place === undefined) continue;
      const reading = {
        input,
        place,
        builder: builder.save(),
        writer: await writer.suspend(),
        earlierBytes: earlier?.bytes,
        sampledBytes: sampled?.bytes,
      };
      await saveBuildState(store, job.jobId, { ...start, reading }, tables);
      return { rows: reading.builder.rows, shards: reading.writer.plans.length };
    }
    await earlier?.end();
    return { plan: builder.plan(await writer.close()), suspects: [...builder.suspects], shard: 0 };
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    await sampled?.close();
  }
}

/**
 * Of the ids that look like duplicates, and of the requests that look like those of earlier rows, how many are none; reads the
 * shards again, for as long as there is time.
 */
async function findInnocent(
  { store, job: { jobId }, leaders, time }: Calling,
  start: Start,
  { plan, suspects: listed, shard: first }: Built,
): Promise<number | Unfinished> {
  const suspects = new Set(listed);
  const led = leaders === undefined ? {} : { led: leaders.tables.led };
  if (start.built !== undefined) await loadTables(store, { jobId, turn: start.turn }, led);
  for (let shard = first; shard < plan.shards.length; shard += 1) {
    const unconfirmed = leaders?.unconfirmed ?? 0;
    if (suspects.size + unconfirmed === 0) break;
    if (shard > first && time?.isShort() === true) {
      const built = { plan, suspects: [...suspects], shard };
      await saveBuildState(store, jobId, { ...start, reading: undefined, built }, led);
      return { rows: plan.rows, shards: plan.shards.length };
    }
    if (suspects.size > 0) await clearSuspects(store, { jobId, shard }, suspects);
    if (unconfirmed > 0) await leaders?.confirm(store, { jobId, shard });
  }
  return suspects.size + (leaders?.unconfirmed ?? 0);
}

/** What goes along with the rows. */
interface Beside {
  readonly writer: ShardWriter;
  readonly sampled: SampledAnswers | undefined;
  /** Of a retry: what became of each row; those that are ok are left out. */
  readonly earlier: EarlierResults | undefined;
}

/** How far an input is read. */
interface Taking {
  /** Where an earlier call has stopped. */
  readonly from: Place | undefined;
  readonly time: StepTime | undefined;
}

class Builder {
  readonly #job: Job;
  readonly #requests: RequestMaker;
  readonly #writer: ShardWriter;
  readonly #ids: JobIds;
  readonly #leaders: Leaders | undefined;
  readonly #earlier: EarlierResults | undefined;
  /** Of the row at hand, in the job that is retried. */
  #idBefore: string | undefined;
  /** Of the rows that are left of a sample; undefined behind its last one. */
  #sampled: SampledAnswers | undefined;
  /** The job takes only some rows, and there is another one behind them. */
  hasMore = false;
  /** Ids that were called duplicates. */
  readonly suspects: Set<string>;
  readonly #problems: RowProblem[];
  readonly #inputs: (InputRef & InputReading)[];
  #hasSeenFields: boolean;
  /** Rows that were read; of a retry, also those that it does not take. */
  #read: number;
  #rows: number;
  #invalid: number;
  #answered: number;
  #deduplicated: number;
  readonly #tokens: TokenEstimate;
  /** Of the first row that has one. */
  #model: string | undefined;

  constructor(
    { job, requests, ids, leaders }: Calling,
    { writer, sampled, earlier }: Beside,
    saved: SavedBuilder = NOTHING_BUILT,
  ) {
    const { customIdLength } = job.profile.provider.dialect.limits;
    this.#ids = new JobIds(ids, job.inputs, known(customIdLength, MAX_CUSTOM_ID));
    this.#leaders = leaders;
    this.#job = job;
    this.#requests = requests;
    this.#writer = writer;
    this.#sampled = sampled;
    this.#earlier = earlier;
    this.suspects = new Set(saved.suspects);
    this.#problems = [...saved.problems];
    this.#inputs = [...saved.inputs];
    this.#hasSeenFields = saved.hasSeenFields;
    this.#read = saved.read;
    this.#rows = saved.rows;
    this.#invalid = saved.invalid;
    this.#answered = saved.answered;
    this.#deduplicated = saved.deduplicated;
    this.#tokens = TokenEstimate.from(saved.tokens);
    this.#model = saved.model;
  }

  save(): SavedBuilder {
    return {
      suspects: [...this.suspects],
      problems: this.#problems,
      inputs: this.#inputs,
      hasSeenFields: this.#hasSeenFields,
      read: this.#read,
      rows: this.#rows,
      invalid: this.#invalid,
      answered: this.#answered,
      deduplicated: this.#deduplicated,
      tokens: this.#tokens.save(),
      model: this.#model,
    };
  }

  /**
   * Takes the rows of one of the job's inputs.
   * @returns where it stopped, when time ran short; undefined when it took all rows that it should
   */
  async take(store: ObjectStore, nth: number, { from, time }: Taking): Promise<Place | undefined> {
    const input = this.#job.inputs[nth] as InputRef;
    const name = basename(input.key);
    const reading = from?.entry === undefined ? new Reading() : Reading.from(from.entry.reading);
    const onHeader = (header: readonly string[]): void => this.#checkHeader(header, name, reading);
    const standing = new Standing();
    this.#ids.startFile(input);
    let taken = 0;
    for await (const rows of readInput(store, input, this.#job.profile, {
      reading,
      onHeader,
      from,
      standing,
    })) {
      await this.#takeRows(rows, { file: input.key, name, reading });
      if (this.hasMore) break;
      taken += rows.length;
      if (taken === 0 && time?.isOver() === true) throw tooFarIn(name, from);
      if (taken > 0 && time?.isShort() === true) return placeOf((from?.rows ?? 0) + taken, standing, reading);
    }
    const { key, version } = input;
    this.#inputs.push({ key, ...(version === undefined ? {} : { version }), ...reading.facts() });
    return undefined;
  }

  async #takeRows(rows: readonly Row[], { file, name, reading }: Source): Promise<void> {
    for (const row of rows) {
      if (this.#read === this.#job.limit) {
        this.hasMore = true;
        return;
      }
      if (!this.#hasSeenFields) this.#checkFields(row, name, reading);
      const before = this.#earlier === undefined ? undefined : await this.#earlier.next();
      this.#read += 1;
      this.#idBefore = this.#earlier?.sentAs;
      if (before === 'ok') continue;
      // Most rows need not be waited for, and a promise for each would take as long as the rest.
      const pending = before === 'duplicate' ? this.#takeDuplicate(row, file) : this.#takeRow(row, file);
      if (pending !== undefined) await pending;
    }
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
    const position = this.#rows - 1;
    if (answer?.customId === request.customId) {
      this.#answered += 1;
      this.#leaders?.addAnswered(request, position);
      return this.#writer.addKnown({ kind: 'answered', line: answer.line }, source);
    }
    const leader = this.#leaders?.leaderOf(request, position);
    if (leader !== undefined) {
      this.#deduplicated += 1;
      return this.#writer.addKnown(
        { kind: 'deduplicated', line: followLine(request.customId, leader) },
        source,
      );
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
    if (this.suspects.size < MAX_SUSPECTS) this.suspects.add(customId);
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
      ...(this.#deduplicated > 0 && { deduplicated: this.#deduplicated }),
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

/** The file that rows are taken from. */
interface Source {
  readonly file: string;
  readonly name: string;
  readonly reading: Reading;
}

const NOTHING_BUILT: SavedBuilder = {
  suspects: [],
  problems: [],
  inputs: [],
  hasSeenFields: false,
  read: 0,
  rows: 0,
  invalid: 0,
  answered: 0,
  deduplicated: 0,
  tokens: [0, 0, 0],
};

function placeOf(rows: number, { mark }: Standing, reading: Reading): Place {
  return { rows, ...(mark !== undefined && { entry: { ...mark, reading: reading.save() } }) };
}

function tooFarIn(name: string, from: Place | undefined): InvalidInput {
  return new InvalidInput(
    `${name} cannot be entered in its middle, and reading it up to row ${from?.rows ?? 0} again takes all the time of a step. Split it into smaller files, or give it as JSON lines, CSV or text in UTF-8 without compression.`,
  );
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
