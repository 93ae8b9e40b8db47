import type { SimulatedRequest } from './answers.ts';
import { BatchLines } from './batch-lines.ts';
import { addUsage, NO_USAGE } from './batch-usage.ts';
import type { BatchEnd, Ending, SimulatedBatch } from './batches.ts';
import type { Spoken } from './dialects.ts';
import type { FaultScript } from './fault-script.ts';
import type { RowAction } from './faults.ts';
import { ResultFile } from './result-file.ts';
import { resultLines, unfinished, type ResultLines } from './result-lines.ts';
import type { SimulatorState } from './state.ts';

export interface Production {
  readonly state: SimulatorState;
  readonly script: FaultScript;
  readonly spoken: Spoken;
  readonly seed: number;
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
  using rows = await BatchLines.open(state, batch.inputFileId, batch.requests);
  for (const [position, ordinal] of runOrder(rows.size, seed + batch.nth).entries()) {
    const parsed = JSON.parse(rows.text(ordinal)) as object;
    const request = { url: batch.endpoint, ...parsed } as SimulatedRequest;
    if (position >= finished) {
      const { unfinishedRows } = spoken.dialect.files;
      if (unfinishedRows === 'error file') errors.add([unfinished(request, ending)]);
      if (unfinishedRows === 'output file') output.add([unfinished(request, ending)]);
      continue;
    }
    const nth = state.rows.countAttempt(request.custom_id);
    const actions = script.forRow(request.custom_id, ordinal, nth);
    const lines = resultLines(request, actions, spoken, { seed, nth });
    output.add(lines.output);
    errors.add(lines.errors);
    if (lines.failed) errored += 1;
    if (lines.uncounted === true) uncounted += 1;
    usage = addUsage(usage, lines.body ?? {});
    if (isPaid(lines, actions)) state.rows.countAnswer(request.custom_id);
  }
  return { errored, uncounted, usage };
}

/** True if a row is paid for. A row that failed, was not processed or got no answer costs nothing. */
function isPaid({ failed, uncounted }: ResultLines, actions: readonly RowAction[]): boolean {
  return !failed && uncounted !== true && !actions.some(({ kind }) => UNPAID.has(kind));
}

const UNPAID: ReadonlySet<RowAction['kind']> = new Set(['empty', 'status-zero']);

/** The ordinals of the requests in an order that depends on the seed: Fisher-Yates with a small generator. */
function runOrder(requests: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: requests }, (_, ordinal) => ordinal);
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  for (let last = requests - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}
