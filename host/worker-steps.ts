import type { Worker } from 'node:worker_threads';
import type { DeployedProviders } from '../src/config/deployed-providers.ts';
import { StepStuck } from '../src/errors.ts';
import type { Log } from '../src/log.ts';
import type { CallStep } from './engine.ts';
import { openStepThread } from './step-thread.ts';
import type { FromWorker, ToWorker } from './step-worker.ts';

/** Runs the steps of the machine. */
export interface Steps {
  readonly call: CallStep;
  /** Ends the open calls, whose results are no longer needed. Later calls are accepted. */
  abandon(): Promise<void>;
}

interface WorkerStepsOptions {
  readonly log: Log;
  /** The data folder. */
  readonly folder: string;
  /** The URL that each provider's key may be sent to. */
  readonly providers: DeployedProviders;
  /** Time without a response after which the thread is ended, in milliseconds. */
  readonly stuckMs?: number;
  /** Time that abandoned calls have to finish, in milliseconds. */
  readonly graceMs?: number;
  /** Module of the thread; tests use another one with the same messages. */
  readonly module?: URL;
}

/**
 * Milliseconds without a response after which the thread counts as stuck. A row of 20 MB takes a second, or a few on a busy
 * machine.
 */
const STUCK_MS = 30_000;

/** Number of pings within {@link STUCK_MS}. Several are needed because a machine that slept misses one. */
const PINGS_UNTIL_STUCK = 6;

/** Milliseconds in which most steps end. Other steps may be ended at any point, as in a crash. */
const GRACE_MS = 3_000;

/** Time that steps have to clean up after their calls to the provider were aborted, in milliseconds. */
const ABORT_MS = 1_000;

interface OpenCall {
  readonly step: string;
  readonly event: unknown;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly promise: Promise<unknown>;
}

/**
 * Runs steps in a separate thread, so that the host stays responsive whatever a step does. A stuck thread is ended, and its steps
 * run again one by one, each reading its checkpoint first: only the stuck step fails, and the others continue.
 */
export class WorkerSteps implements Steps, AsyncDisposable {
  readonly #options: WorkerStepsOptions;
  readonly #open = new Map<number, OpenCall>();
  #worker: Worker | undefined;
  #watch: NodeJS.Timeout | undefined;
  /** Pings since the last response. */
  #unanswered = 0;
  #lastId = 0;
  #closed = false;
  /** Set while steps run one by one; new calls wait for it. */
  #oneByOne: Promise<void> | undefined;

  constructor(options: WorkerStepsOptions) {
    this.#options = options;
  }

  /** Starts the thread before it is needed, because it takes a second to load. */
  warm(): void {
    this.#worker ??= this.#start();
  }

  readonly call: CallStep = async (step, event) => {
    if (this.#closed) throw new Error(`Step ${step} was not started: its host is stopping.`);
    while (this.#oneByOne !== undefined) await this.#oneByOne;
    return this.#send(step, event);
  };

  /**
   * Prevents calls from sending anything new. Waits briefly for answers in flight, because they are paid for, and stores them.
   * Then aborts calls to the provider, and finally ends the thread.
   */
  async abandon(): Promise<void> {
    const { graceMs = GRACE_MS } = this.#options;
    this.#post({ kind: 'halt' });
    if (!(await this.#settled(graceMs))) {
      this.#post({ kind: 'abandon' });
      await this.#settled(ABORT_MS);
    }
    const left = this.#takeOpen();
    await this.#end();
    for (const { step, reject } of left) reject(new Error(`Step ${step} was ended: its host is stopping.`));
  }

  /** True if all open calls end within this time. */
  async #settled(milliseconds: number): Promise<boolean> {
    const { promise: timeUp, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, milliseconds, false);
    const all = Promise.allSettled([...this.#open.values()].map(({ promise }) => promise)).then(() => true);
    const settled = await Promise.race([all, timeUp]);
    clearTimeout(timer);
    return settled;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    return this.abandon();
  }

  #send(step: string, event: unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = (this.#lastId += 1);
    this.#open.set(id, { step, event, resolve, reject, promise });
    this.warm();
    this.#post({ kind: 'call', id, step, event });
    return promise;
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #start(): Worker {
    const worker = openStepThread(this.#options);
    const isCurrent = (): boolean => worker === this.#worker;
    worker.on('message', (message: FromWorker) => {
      if (isCurrent()) this.#receive(message);
    });
    // For example, the thread is out of memory. Its error fails the step, not the host.
    worker.on('error', (error) => {
      if (isCurrent()) this.#rescue(`ended its thread: ${error.message}`);
    });
    const { stuckMs = STUCK_MS } = this.#options;
    this.#unanswered = 0;
    this.#watch = setInterval(() => this.#look(stuckMs), stuckMs / PINGS_UNTIL_STUCK).unref();
    return worker;
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'pong') {
      this.#unanswered = 0;
      return;
    }
    if (message.kind === 'log') {
      this.#options.log(message.event, message.fields);
      return;
    }
    const call = this.#open.get(message.id);
    this.#open.delete(message.id);
    if (message.kind === 'left') call?.resolve(message.output);
    else call?.reject(Object.assign(new Error(message.message), { name: message.name }));
  }

  #look(stuckMs: number): void {
    if (this.#open.size === 0) return;
    if (this.#unanswered >= PINGS_UNTIL_STUCK) {
      this.#rescue(`computed for ${Math.round(stuckMs / 1_000)} s without a pause, and was ended`);
      return;
    }
    this.#unanswered += 1;
    this.#post({ kind: 'ping' });
  }

  /** Runs the steps one by one to find out which of them was the cause. */
  #rescue(what: string): void {
    const suspects = this.#takeOpen();
    void this.#end();
    const [only] = suspects;
    if (suspects.length === 1 && only !== undefined) {
      only.reject(new StepStuck(`${describeCall(only)} ${what}.`));
      return;
    }
    const inTurn = async (): Promise<void> => {
      for (const { step, event, resolve, reject } of suspects)
        await this.#send(step, event).then(resolve, reject);
    };
    const oneByOne = inTurn().finally(() => {
      if (this.#oneByOne === oneByOne) this.#oneByOne = undefined;
    });
    this.#oneByOne = oneByOne;
  }

  #takeOpen(): OpenCall[] {
    const calls = [...this.#open.values()];
    this.#open.clear();
    return calls;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    clearInterval(this.#watch);
    await worker?.terminate();
  }
}

function describeCall({ step, event }: OpenCall): string {
  const { jobId, shard } = (event ?? {}) as { readonly jobId?: string; readonly shard?: number };
  const whose = jobId === undefined ? '' : ` of job ${jobId}${shard === undefined ? '' : `, shard ${shard}`}`;
  return `The step ${step}${whose}`;
}
