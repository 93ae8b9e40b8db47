import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startExecution } from '../src/executions/executions.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import { jobObject } from '../src/checkpoints/job.ts';
import { INPUT_PREFIX, STAGED_PREFIX } from '../src/checkpoints/keys.ts';
import type { StartEdges } from '../src/job-control/start-job.ts';
import { whyNotThisHost } from '../src/job-control/host-of-job.ts';
import { callEntryFunctions } from './call-handlers.ts';
import { openJobs } from './cancel-jobs.ts';
import type { EngineEvent } from './engine-events.ts';
import { createLocalExecutions, type CallStep, type LocalExecutions } from './engine.ts';
import { stepsOf, type EdgesAndSteps } from './host-edges.ts';
import { limitSteps, STEP_LIMITS } from './limit-steps.ts';
import type { LocalStack } from './load-stack.ts';
import { releaseUnusedClaims } from './release-claims.ts';
import { deliverBegun, deliverDue, deliverMissed } from './serve/deliver-schedules.ts';
import { createEvents, type Events } from './serve/events.ts';
import { noteDrop, wasRefused } from './serve/known-drops.ts';
import { runSchedules, Timetable } from './serve/run-schedules.ts';
import { ScheduleJournal } from './serve/schedule-journal.ts';
import { serveApi } from './serve/serve-api.ts';
import { watchInput } from './serve/watch-input.ts';

export type LocalHostOptions = EdgesAndSteps & HostSettings;

interface HostSettings {
  readonly config: NightshiftConfig;
  /** A simulator answers every job; jobs that an earlier host began at a real provider wait. */
  readonly simulated?: true | undefined;
  readonly stack: LocalStack;
  /** The data folder, in place of the bucket. */
  readonly folder: string;
  /** Port of the API on 127.0.0.1; 0 for any free port. */
  readonly port: number;
  /** Time without a change after which a dropped file counts as complete, in milliseconds. */
  readonly settleMs?: number;
  readonly onEvent?: (event: EngineEvent) => void;
  /** Called for an event that started nothing; on AWS it would go to the dead-letter queue. */
  readonly onFailure?: (event: unknown, error: unknown) => void;
  /** True if the machine's waits take no time, for tests with their own clock. */
  readonly instant?: boolean;
  /** Wraps the calls of the machine's steps, for tests. */
  readonly wrap?: (call: CallStep) => CallStep;
}

/** The whole deployed stack on this machine. */
export interface RunningHost extends AsyncDisposable {
  /** URL of the API. */
  readonly url: string;
  readonly timetable: Timetable;
  readonly executions: LocalExecutions;
  /** Fires the schedules that are due, and waits until their jobs are started. */
  fireSchedules(): Promise<void>;
}

const SETTLE_MS = 2_000;

/**
 * Runs everything that starts jobs (dropped files, the API, the schedules) and the machine, until it is disposed of. Continues
 * unfinished jobs of an earlier host, and completes its interrupted schedule deliveries.
 */
export async function runLocalHost(options: LocalHostOptions): Promise<RunningHost> {
  const { config, edges, stack, simulated, onFailure = () => undefined, wrap = (call) => call } = options;
  const unlimited = await stepsOf(options);
  const steps = limitSteps({ call: wrap(unlimited.call), abandon: () => unlimited.abandon() }, STEP_LIMITS);
  const executions = createLocalExecutions({
    ...stack.machine,
    callStep: steps.call,
    abandonSteps: () => steps.abandon(),
    onEvent: options.onEvent,
    onStopped: (name) => events.track(events.stopped(name)),
    instant: options.instant ?? false,
  });
  const startEdges: StartEdges = { ...edges, config, executions, ...(simulated && { simulated }) };
  const events = createEvents({ stack, callEntryFunction: callEntryFunctions(startEdges), onFailure });
  const timetable = new Timetable(stack.schedules, edges.clock);
  const journal = new ScheduleJournal(edges.store, timetable);
  const schedules = { config, timetable, journal, events, log: edges.log };
  const startedAt = edges.clock.now();

  await using opened = new AsyncDisposableStack();
  opened.defer(() => executions.leave());
  opened.defer(() => events.settled());
  const api = opened.use(
    await serveApi({
      edges: startEdges,
      routes: stack.routes,
      port: options.port,
      nextFires: () => timetable.next(),
    }),
  );
  await carryOn(startEdges);
  await deliverBegun(schedules);
  // Claims are released after the deliveries, because deliveries that can be completed keep their files.
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

/** Creates the folders of the profiles. A bucket needs no folders, but `cp` needs an existing one. */
async function makeFolders({ folder, config }: LocalHostOptions): Promise<void> {
  const inputs = Object.keys(config.profiles).map((profile) => `${INPUT_PREFIX}${profile}`);
  for (const path of [...inputs, STAGED_PREFIX]) await mkdir(join(folder, path), { recursive: true });
}

/** Watches for dropped files. Existing files are reported as well; a file that has already started its job starts nothing. */
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

/** Continues jobs that had not ended when the previous host stopped. */
async function carryOn(startEdges: StartEdges): Promise<void> {
  const { store, executions, log } = startEdges;
  for await (const jobId of openJobs(store)) {
    const reason = await whyItWaits(startEdges, jobId);
    if (reason !== undefined) {
      log('job_waits', { jobId, reason });
      continue;
    }
    const execution = await startExecution(executions, jobId);
    log('job_resumed', { jobId, execution });
  }
}

/**
 * The reason why a job is not continued here. If the record of a job cannot be read, for example after a power failure, the
 * other jobs continue.
 */
async function whyItWaits(startEdges: StartEdges, jobId: string): Promise<string | undefined> {
  try {
    return whyNotThisHost(startEdges, await jobObject.require(startEdges.store, jobId));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
