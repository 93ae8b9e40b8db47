import { createHash } from 'node:crypto';
import { frameLines } from '../src/jsonl/lines.ts';
import type { Dialect } from '../src/provider/dialects/schema.ts';
import { addUsage, NO_USAGE } from './batch-usage.ts';
import { answerBody, isUnknownModel, markedFailure, type SimulatedRequest } from './answers.ts';
import type { BatchEnd, Ending, SimulatedBatch } from './batches.ts';
import { changeLine } from './changed-lines.ts';
import { codeOf } from './codes.ts';
import type { Spoken } from './dialects.ts';
import type { FaultScript, RowAction } from './faults.ts';
import { ResultFile } from './result-file.ts';
import type { SimulatorState } from './state.ts';

export interface Production {
  readonly state: SimulatorState;
  readonly script: FaultScript;
  readonly spoken: Spoken;
  readonly seed: number;
}

const MAX_LINE_BYTES = 512 * 1_048_576;

/** A row's result lines. Some providers put errors into the output file, most into a separate file. */
interface ResultLines {
  readonly output: readonly string[];
  readonly errors: readonly string[];
  readonly failed: boolean;
  /** The answer, which is paid for. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Set if the counters exclude the row. */
  readonly uncounted?: boolean;
}

/** Writes a batch's files at its end: the first `finished` rows in the order in which the simulated provider ran them. */
export async function produceOutput(
  production: Production,
  batch: SimulatedBatch,
  { ending, at, finished }: { readonly ending: Ending; readonly at: number; readonly finished: number },
): Promise<BatchEnd> {
  const { state, spoken } = production;
  const { quirks } = spoken;
  const output = new ResultFile(state, `${batch.id}.output`);
  const errors = new ResultFile(state, `${batch.id}.errors`);
  const isInvalid = batch.errors.length > 0;
  const counted = isInvalid
    ? { errored: 0, uncounted: 0, usage: NO_USAGE }
    : await writeRows(production, batch, { ending, finished, output, errors });
  const { errored, uncounted, usage } = counted;
  const hasNone =
    isInvalid ||
    batch.actions.some(({ kind }) => kind === 'no-output') ||
    (ending === 'cancelled' && quirks.cancelledIsEmpty);
  const { emptyFiles } = spoken.dialect.files;
  const close = (file: ResultFile, what: 'output' | 'errors'): string | undefined => {
    const isKept = emptyFiles === 'both' || (what === 'errors' && emptyFiles === 'error file');
    if (!hasNone && (!file.isEmpty || isKept)) return file.close(`${what}.jsonl`, at, quirks.lastNewline);
    file.discard();
    return undefined;
  };
  const none = ending === 'succeeded' && errored === finished && quirks.failsWithoutSuccess;
  return {
    ending: none ? 'failed' : ending,
    at,
    succeeded: isInvalid ? 0 : finished - errored - uncounted,
    errored,
    usage,
    outputFileId: close(output, 'output'),
    errorFileId: close(errors, 'errors'),
  };
}

interface Files {
  readonly ending: Ending;
  readonly finished: number;
  readonly output: ResultFile;
  readonly errors: ResultFile;
}

async function writeRows(
  { state, script, spoken, seed }: Production,
  batch: SimulatedBatch,
  { ending, finished, output, errors }: Files,
): Promise<{ readonly errored: number; readonly uncounted: number; readonly usage: typeof NO_USAGE }> {
  let errored = 0;
  let uncounted = 0;
  let usage = NO_USAGE;
  for (const [position, { bytes, ordinal }] of (await runOrder(state, batch, seed)).entries()) {
    const parsed = JSON.parse(bytes.toString('utf8')) as object;
    const request = { url: batch.endpoint, ...parsed } as SimulatedRequest;
    if (position >= finished) {
      const { unfinishedRows } = spoken.dialect.files;
      if (unfinishedRows === 'error file') errors.add([unfinished(request, ending)]);
      if (unfinishedRows === 'output file') output.add([unfinished(request, ending)]);
      continue;
    }
    const nth = state.countAttempt(request.custom_id);
    const actions = script.forRow(request.custom_id, ordinal, nth);
    const lines = resultLines(request, actions, spoken, { seed, nth });
    output.add(lines.output);
    errors.add(lines.errors);
    if (lines.failed) errored += 1;
    if (lines.uncounted === true) uncounted += 1;
    usage = addUsage(usage, lines.body ?? {});
    if (isPaid(lines, actions)) state.countAnswer(request.custom_id);
  }
  return { errored, uncounted, usage };
}

/** A row that failed, was not processed or got no answer costs nothing. */
function isPaid({ failed, uncounted }: ResultLines, actions: readonly RowAction[]): boolean {
  return !failed && uncounted !== true && !actions.some(({ kind }) => UNPAID.has(kind));
}

const UNPAID: ReadonlySet<RowAction['kind']> = new Set(['empty', 'status-zero']);

interface Placed {
  /** The row's line as bytes: objects would take many times the memory. */
  readonly bytes: Buffer;
  readonly ordinal: number;
}

/** The batch's requests in an order that depends on the seed. */
async function runOrder(state: SimulatorState, batch: SimulatedBatch, seed: number): Promise<Placed[]> {
  const placed: Placed[] = [];
  for await (const lines of frameLines(state.content(batch.inputFileId), MAX_LINE_BYTES)) {
    for (const { bytes } of lines) if (bytes !== undefined) placed.push({ bytes, ordinal: placed.length });
  }
  return shuffled(placed, seed + batch.nth);
}

/** Fisher-Yates with a small generator: the same seed gives the same order. */
function shuffled<Item>(items: Item[], seed: number): Item[] {
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const [a, b] = [items[last], items[other]];
    if (a !== undefined && b !== undefined) [items[last], items[other]] = [b, a];
  }
  return items;
}

function resultLines(
  request: SimulatedRequest,
  actions: readonly RowAction[],
  spoken: Spoken,
  { seed, nth }: { readonly seed: number; readonly nth: number },
): ResultLines {
  const marked = markedFailure(request, nth);
  const has = (kind: RowAction['kind']): boolean => actions.some((action) => action.kind === kind);
  const error =
    actions.find((action) => action.kind === 'error') ??
    (marked === undefined ? undefined : { code: marked, status: undefined, message: undefined }) ??
    (isUnknownModel(request.body['model'])
      ? { code: codeOf('unknown model', spoken) ?? '', status: 404, message: 'There is no such model.' }
      : undefined);
  if (has('drop')) return { output: [], errors: [], failed: false, uncounted: true };
  if (has('lose')) return { output: [], errors: [], failed: false };
  const stranger = has('unknown') ? [line('a-stranger', { response: null, error: null })] : [];
  if (error !== undefined) {
    const text = errorLine(request, error, spoken);
    return spoken.dialect.files.failedRows === 'output file'
      ? { output: [text, ...stranger], errors: [], failed: true }
      : { output: stranger, errors: [text], failed: true };
  }
  const body = answerBody(request, { seed, nth, tellsCosts: spoken.dialect.name === 'melious' });
  const text = changeLine(answerLine(request, actions, spoken, body), actions);
  return {
    body,
    output: has('duplicate') ? [text, text, ...stranger] : [text, ...stranger],
    errors: [],
    failed: false,
  };
}

function answerLine(
  request: SimulatedRequest,
  actions: readonly RowAction[],
  { dialect }: Spoken,
  body: Record<string, unknown>,
): string {
  let status = 200;
  let asText = dialect.fields.body === 'JSON text';
  for (const action of actions) {
    if (action.kind === 'empty') return line(request.custom_id, { response: null, error: null });
    if (action.kind === 'status-zero') status = 0;
    if (action.kind === 'string-body') asText = true;
    if (action.kind === 'text') changeChoice(body, { message: { role: 'assistant', content: action.text } });
    if (action.kind === 'finish') changeChoice(body, { finish_reason: action.reason });
  }
  const response = {
    status_code: status,
    request_id: requestId(request),
    body: asText ? JSON.stringify(body) : body,
  };
  return line(request.custom_id, { response, error: null });
}

function changeChoice(body: Record<string, unknown>, change: object): void {
  const choices = body['choices'];
  if (Array.isArray(choices)) body['choices'] = choices.map((choice: object) => ({ ...choice, ...change }));
}

interface RowError {
  readonly code: string;
  readonly status?: number | undefined;
  readonly message?: string | undefined;
}

function errorLine(
  request: SimulatedRequest,
  { code, status, message }: RowError,
  { dialect }: Spoken,
): string {
  const said = message ?? `The simulator was told to fail this row with ${code}.`;
  const { custom_id } = request;
  switch (dialect.fields.rowError) {
    case 'code':
      return line(custom_id, { response: null, error: { code, message: said } });
    case 'type':
      // Without any response.
      return line(custom_id, { error: { type: errorType(dialect, status), message: said } });
    case 'message':
      return line(custom_id, { response: null, error: { code: null, message: said } });
    case 'status as code':
      return line(custom_id, {
        response: null,
        error: { code: String(status ?? 500), message: `Error code: {'error': {'message': '${said}'}}` },
      });
    case 'response':
    case 'unknown': {
      const type = (status ?? 500) >= 500 ? 'server_error' : 'invalid_request_error';
      const body = { error: { code, message: said, type, param: null } };
      const response = { status_code: status ?? 500, request_id: requestId(request), body };
      return line(custom_id, { response, error: null });
    }
  }
}

function errorType({ adapter }: Dialect, status = 500): string {
  if (adapter !== 'anthropic') return 'request_failed';
  return status >= 500 ? 'api_error' : 'invalid_request_error';
}

/** Some providers name the rows that were not processed; in all others these rows are absent. */
function unfinished({ custom_id }: SimulatedRequest, ending: Ending): string {
  const error = {
    code: `batch_${ending}`,
    message: `This request was not executed before the batch ${ending}.`,
  };
  return line(custom_id, { response: null, error });
}

function line(custom_id: string, rest: { readonly response?: unknown; readonly error: unknown }): string {
  return `${JSON.stringify({ id: `batch_req_${shortHash(custom_id)}`, custom_id, ...rest })}\n`;
}

const requestId = ({ custom_id }: SimulatedRequest): string => `req_${shortHash(custom_id)}`;
const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
