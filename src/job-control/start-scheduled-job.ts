import { resolveProfile } from '../config/resolve-profile.ts';
import { InvalidRequest } from '../errors.ts';
import type { InputRef } from '../checkpoints/job.ts';
import { summaryObject } from '../checkpoints/summary.ts';
import { jobKey } from '../checkpoints/keys.ts';
import { claimInputs } from '../requests/claims.ts';
import { InputFilter } from '../requests/input-files.ts';
import { makeJobId } from '../requests/job-id.ts';
import { askedOverrides } from '../requests/question.ts';
import { inputsBelow, resolveInputs } from '../requests/resolve-inputs.ts';
import { scheduleEventSchema, scheduleSchema, type Schedule } from '../requests/schedule.ts';
import { fillDateTokens } from '../requests/schedule-times.ts';
import { summarizeUnstarted, type UnstartedJob } from './summarize-unstarted.ts';
import { startJob, type StartEdges, type StartedJob } from './start-job.ts';

/**
 * Starts the job of a schedule for one scheduled time, however often that time is delivered. A run with nothing new
 * below its prefix ends at once as `empty`.
 */
export async function startScheduledJob(
  edges: StartEdges,
  event: unknown,
): Promise<StartedJob | UnstartedJob> {
  const { schedule: name, scheduledTime } = scheduleEventSchema.parse(event);
  const schedule = findSchedule(edges, name);
  const time = new Date(scheduledTime);
  const jobId = makeJobId(schedule.name ?? name, [edges.store.url, 'schedule', name, time.toISOString()]);
  const { profile = 'default', limit } = schedule;
  const overrides = askedOverrides(schedule);
  if (await wasEmpty(edges, jobId)) return { jobId, state: 'empty' };
  const filter = new InputFilter();
  try {
    const inputs = await scheduledInputs(edges, { jobId, name, schedule, time }, filter);
    if (inputs?.length === 0) {
      const { skipped } = filter;
      return await summarizeUnstarted(edges, { jobId, profile, inputs, skipped });
    }
    return await startJob(edges, {
      jobId,
      profile,
      overrides,
      limit,
      inputs: () => Promise.resolve(inputs ?? []),
      skipped: () => filter.skipped,
      schedule: claims(schedule) ? name : undefined,
      scheduledBy: name,
    });
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error;
    return summarizeUnstarted(edges, { jobId, profile, inputs: [], rejection: error });
  }
}

/** Finds a schedule. It may have been removed from the configuration after its event was sent. */
function findSchedule({ config }: StartEdges, name: string): Schedule {
  const schedule = Object.hasOwn(config.schedules ?? {}, name) ? config.schedules?.[name] : undefined;
  if (schedule === undefined) {
    throw new InvalidRequest(`There is no schedule "${name}" in nightshift.config.ts.`);
  }
  return scheduleSchema.parse(schedule);
}

async function wasEmpty({ store }: StartEdges, jobId: string): Promise<boolean> {
  return (await summaryObject.read(store, jobId))?.status === 'empty';
}

interface Run {
  readonly jobId: string;
  readonly name: string;
  readonly schedule: Schedule;
  readonly time: Date;
}

/** The input files of this run; undefined if the job already exists and has them in its `job.json`. */
async function scheduledInputs(
  { store, config }: StartEdges,
  { jobId, name, schedule, time }: Run,
  filter: InputFilter,
): Promise<readonly InputRef[] | undefined> {
  if ((await store.stat(jobKey(jobId))) !== undefined) return undefined;
  const { prefix, inputs = [], rows, timezone = 'UTC', profile = 'default' } = schedule;
  // Checked before any file is claimed, so that an invalid job claims none.
  resolveProfile(config, profile, askedOverrides(schedule));
  const fill = (pattern: string): string => fillDateTokens(pattern, time, timezone);
  if (prefix !== undefined && !claims(schedule)) return inputsBelow(store, fill(prefix), filter);
  if (prefix !== undefined)
    return claimInputs(store, { schedule: name, prefix: fill(prefix), jobId, time: time.getTime() }, filter);
  return resolveInputs(store, jobId, rows === undefined ? { inputs: inputs.map(fill) } : { rows });
}

/** True if a run claims each version of a file, so that no later run takes it. */
function claims({ prefix, take = 'new' }: Schedule): boolean {
  return prefix !== undefined && take === 'new';
}
