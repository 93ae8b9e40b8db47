import { parseWindow } from '../src/provider/completion-window.ts';
import {
  batchState,
  milestones,
  type BatchState,
  type SimulatedBatch,
  type Stages,
  type ValidationError,
} from './batches.ts';
import { EnqueuedTokensExceeded, enqueuedOf, tooManyTokens, type EnqueuedLimit } from './enqueued-tokens.ts';
import { batchObject } from './batch-object.ts';
import type { Spoken } from './dialects.ts';
import type { FaultScript } from './fault-script.ts';
import type { BatchAction } from './faults.ts';
import { shownBatch } from './late-output.ts';
import { produceOutput } from './output.ts';
import type { SimulatorState } from './state.ts';
import { validateRequests } from './validate.ts';

export interface ProviderOptions {
  readonly state: SimulatorState;
  readonly script: FaultScript;
  readonly spoken: Spoken;
  readonly seed: number;
  readonly stages: Stages;
  readonly now: () => number;
  readonly enqueuedTokens?: EnqueuedLimit | undefined;
}

export interface BatchRequest {
  readonly inputFileId: string;
  readonly endpoint: string;
  readonly completionWindow: string;
  readonly model?: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** The same key and request return the same batch. */
  readonly idempotencyKey?: string | undefined;
}

/** The simulated provider without HTTP: creates batches, whose state follows its clock. */
export class SimulatedProvider {
  readonly #options: ProviderOptions;
  /** Batches whose files are being written, so that two simultaneous requests write them once. */
  readonly #ending = new Map<string, Promise<void>>();
  /** Ends are written one after the other, because each needs memory for the lines of its batch. */
  #lastEnding: Promise<void> = Promise.resolve();

  constructor(options: ProviderOptions) {
    this.#options = options;
  }

  async createBatch(request: BatchRequest): Promise<SimulatedBatch> {
    const { state, script, spoken, now } = this.#options;
    const { requests, errors, tokens, ...asked } = await validateRequests(
      state.content(request.inputFileId),
      request.endpoint,
      spoken.dialect,
      script,
    );
    const model = request.model ?? asked.model;
    const full = this.#tooManyTokens(model, tokens);
    const nth = state.batches.size + 1;
    const actions = script.forBatch(nth);
    const batch: SimulatedBatch = {
      id: state.nextId('batch'),
      nth,
      ...request,
      model,
      createdAt: now(),
      expiresAt:
        now() +
        (spoken.quirks.neverExpires ? NEVER : (parseWindow(request.completionWindow) ?? 86_400)) * 1_000,
      requests,
      tokens,
      errors: [...full, ...errors, ...actions.flatMap(plannedErrors)],
      actions,
    };
    state.batches.set(batch.id, batch);
    const key = request.metadata['key'] ?? state.files.get(request.inputFileId)?.name ?? '';
    // Not counted if it vanishes: a client cannot find such a batch, so it creates another.
    if (!actions.some(({ kind }) => kind === 'vanish'))
      state.creates.set(key, (state.creates.get(key) ?? 0) + 1);
    state.save();
    return batch;
  }

  /**
   * Checks the tokens of a new batch beside those of the running batches; returns the errors that fail its validation.
   * @throws EnqueuedTokensExceeded when the create is rejected
   */
  #tooManyTokens(model: string | undefined, tokens: number): ValidationError[] {
    const { enqueuedTokens: limit, state } = this.#options;
    if (limit === undefined) return [];
    const running = [...state.batches.values()].filter((batch) => !('ending' in this.stateOf(batch)));
    if (enqueuedOf(running, model) + tokens <= limit.tokens) return [];
    const problem = tooManyTokens(model, limit);
    if (limit.refuses === 'create') throw new EnqueuedTokensExceeded(problem.message);
    return [problem];
  }

  /**
   * The current batch object of the API. Files are written when the end is first read; until then the batch shows that it is
   * writing them.
   */
  async show(batch: SimulatedBatch): Promise<Record<string, unknown>> {
    const current = this.stateOf(batch);
    const isWriting = 'ending' in current && !(await isSoon(this.#end(batch, current)));
    // The rows may decide how the batch ended.
    const shown = shownBatch(batch, this.#options.now());
    const { spoken, stages, now } = this.#options;
    const state = isWriting ? writing(current.finished) : this.stateOf(batch);
    return batchObject(shown, state, spoken, milestones(shown, now(), stages));
  }

  stateOf(batch: SimulatedBatch): BatchState {
    const { now, stages } = this.#options;
    if (batch.end !== undefined)
      return { ending: batch.end.ending, at: batch.end.at, finished: batch.end.succeeded };
    return batchState(batch, now(), stages);
  }

  /** Cancels a batch; returns false if it has ended. */
  cancel(batch: SimulatedBatch): boolean {
    const current = this.stateOf(batch);
    if ('ending' in current) return current.ending === 'cancelled';
    batch.cancelledAt ??= this.#options.now();
    this.#options.state.save();
    return true;
  }

  #end(batch: SimulatedBatch, ended: Extract<BatchState, { ending: unknown }>): Promise<void> {
    if (batch.end !== undefined) return Promise.resolve();
    const running = this.#ending.get(batch.id);
    if (running !== undefined) return running;
    const producing = this.#lastEnding.then(() => this.#produce(batch, ended));
    this.#lastEnding = producing.catch(() => undefined);
    this.#ending.set(batch.id, producing);
    return producing;
  }

  async #produce(batch: SimulatedBatch, ended: Extract<BatchState, { ending: unknown }>): Promise<void> {
    batch.end = await produceOutput(this.#options, batch, ended);
    this.#options.state.save();
    this.#ending.delete(batch.id);
  }
}

/** Longest wait of a poll for files, in milliseconds: many large batches that end together take minutes. */
const PATIENCE_MS = 10_000;

const writing = (done: number): BatchState => ({ status: 'finalizing', shown: 'finalizing', done });

/**
 * Waits for the files of a batch.
 * @returns false if they take longer than a poll waits
 */
async function isSoon(ending: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, false);
  });
  try {
    return await Promise.race([ending.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A hundred years, in seconds. */
const NEVER = 3_153_600_000;

function plannedErrors(action: BatchAction): ValidationError[] {
  if (action.kind === 'fail') {
    const message = action.message ?? `The simulator was told to fail this batch with ${action.code}.`;
    return [{ code: action.code, message, line: null, param: null }];
  }
  if (action.kind !== 'invalid') return [];
  const message = `The simulator was told to fail this line with ${action.code}.`;
  return action.lines.map((line) => ({ code: action.code, message, line, param: null }));
}
