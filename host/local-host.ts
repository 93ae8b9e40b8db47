import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startExecution } from '../src/executions/executions.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import type { TaskEdges } from '../src/announce/channel.ts';
import { jobObject } from '../src/checkpoints/job.ts';
import { INPUT_PREFIX, STAGED_PREFIX } from '../src/checkpoints/keys.ts';
import type { StartEdges } from '../src/doors/start-job.ts';
import { whyNotHere } from '../src/doors/whose-answers.ts';
import { callDoors, callHandlers } from './call-handlers.ts';
import { openJobs } from './cancel-jobs.ts';
import type { EngineEvent } from './engine-events.ts';
import { createLocalExecutions, type CallStep, type LocalExecutions } from './engine.ts';
import { limitSteps, STEP_LIMITS } from './limit-steps.ts';
import type { LocalStack } from './load-stack.ts';
import { releaseUnusedClaims } from './release-claims.ts';
import { deliverBegun, deliverDue, deliverMissed } from './serve/deliver-schedules.ts';
import { createEvents, type Events } from './serve/events.ts';
import { noteDrop, wasRefused } from './serve/known-drops.ts';
import { runSchedules, Timetable } from './serve/run-schedules.ts';
import { ScheduleJournal } from './serve/schedule-journal.ts';
import { serveApi } from './serve/serve-api.ts';
import type { Steps } from './worker-steps.ts';
import { watchInput } from './serve/watch-input.ts';

export interface LocalHostOptions {
  readonly config: NightshiftConfig;
  readonly edges: TaskEdges;
  /** A simulator answers every job; those that an earlier host began at a real provider wait. */
  readonly simulated?: true | undefined;
  readonly stack: LocalStack;
  /** The data folder: what the bucket is on AWS. */
  readonly folder: string;
  /** Of the API, on 127.0.0.1; 0 for any that is free. */
  readonly port: number;
  /** How long a dropped file must not have changed. */
  readonly settleMs?: number;
  readonly onEvent?: (event: EngineEvent) => void;
  /** An event that started nothing; what the dead-letter queue holds on AWS. */
  readonly onFailure?: (event: unknown, error: unknown) => void;
  /** Runs the machine's steps. Default: in this process. */
  readonly steps?: Steps | undefined;
  /** Waits of the machine take no time: for tests, which move a clock of their own. */
  readonly instant?: boolean;
  /** Wraps the calls of the machine's steps: for tests. */
  readonly wrap?: (call: CallStep) => CallStep;
}

/** The whole of the deployed stack, on this machine. */
export interface RunningHost extends AsyncDisposable {
  /** Of the API. */
  readonly url: string;
  readonly timetable: Timetable;
  readonly executions: LocalExecutions;
  /** Fires the schedules that are due by the clock, and waits until their jobs are started. */
  fireSchedules(): Promise<void>;
}

const SETTLE_MS = 2_000;

/**
 * Runs the three doors and the machine until it is disposed of: files dropped into the folder, the API, the schedules.
 * Continues jobs that an earlier host left unfinished, and delivers schedules that it began to deliver.
 */
export async function runLocalHost(options: LocalHostOptions): Promise<RunningHost> {
  const { config, edges, stack, simulated, onFailure = () => undefined, wrap = (call) => call } = options;
  const unlimited = {
    call: wrap(options.steps?.call ?? callHandlers(edges)),
    abandon: () => options.steps?.abandon() ?? Promise.resolve(),
  };
  const steps = limitSteps(unlimited, STEP_LIMITS);
  const executions = createLocalExecutions({
    ...stack.machine,
    callStep: steps.call,
    abandonSteps: () => steps.abandon(),
    onEvent: options.onEvent,
    onStopped: (name) => events.track(events.stopped(name)),
    instant: options.instant ?? false,
  });
  const doors: StartEdges = { ...edges, config, executions, ...(simulated && { simulated }) };
  const events = createEvents({ stack, callDoor: callDoors(doors), onFailure });
  const timetable = new Timetable(stack.schedules, edges.clock);
  const journal = new ScheduleJournal(edges.store, timetable);
  const schedules = { config, timetable, journal, events, log: edges.log };
  const startedAt = edges.clock.now();

  await using opened = new AsyncDisposableStack();
  opened.defer(() => executions.leave());
  opened.defer(() => events.settled());
  const api = opened.use(
    await serveApi({
      edges: doors,
      routes: stack.routes,
      port: options.port,
      nextFires: () => timetable.next(),
    }),
  );
  await carryOn(doors);
  await deliverBegun(schedules);
  // After that, so that what can be completed keeps its files.
  await releaseUnusedClaims(edges, options.folder);
  await deliverMissed(schedules, startedAt);
  await makeFolders(options);
  opened.use(await watchDrops(options, events));
  opened.use(runSchedules(timetable, edges.clock, (now) => events.track(deliverDue(schedules, now))));
  const running = opened.move();
  return {
    url: api.url,
    timetable,
    executions,
    fireSchedules: () => deliverDue(schedules, edges.clock.now()),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** A bucket has no folders to be made; here, `cp` wants one. */
async function makeFolders({ folder, config }: LocalHostOptions): Promise<void> {
  const inputs = Object.keys(config.profiles).map((profile) => `${INPUT_PREFIX}${profile}`);
  for (const path of [...inputs, STAGED_PREFIX]) await mkdir(join(folder, path), { recursive: true });
}

/** Files that lie there already are told of, too: one that started its job before starts nothing. */
async function watchDrops({ edges, folder, settleMs = SETTLE_MS }: LocalHostOptions, events: Events) {
  const { store } = edges;
  let isStarting = true;
  const drop = async (key: string, wasThere: boolean): Promise<void> => {
    const found = await store.stat(key);
    if (found === undefined) return;
    const event = events.dropEvent({ key, bytes: found.bytes, mark: found.mark });
    if (wasThere && (await wasRefused(store, event))) return;
    await noteDrop(edges, event, { key, bytes: found.bytes });
    await events.dropped(event);
  };
  const watch = await watchInput({
    folder,
    settleMs,
    onFile: (key) => events.track(drop(key, isStarting)),
  });
  isStarting = false;
  return watch;
}

/** What had not ended when the host before this one was stopped. */
async function carryOn(doors: StartEdges): Promise<void> {
  const { store, executions, log } = doors;
  for await (const jobId of openJobs(store)) {
    const reason = whyNotHere(doors, await jobObject.require(store, jobId));
    if (reason !== undefined) {
      log('job_waits', { jobId, reason });
      continue;
    }
    const execution = await startExecution(executions, jobId);
    log('job_resumed', { jobId, execution });
  }
}
