import type { Job } from '../../checkpoints/job.ts';
import { buildPrefix, sliceKey, type SliceFile } from '../../checkpoints/keys.ts';
import type { Plan } from '../../checkpoints/plan.ts';
import { InvalidInput, withCode } from '../../errors.ts';
import { counted } from '../../text/counted.ts';
import { sideBySide } from '../../concurrency/side-by-side.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Unfinished } from '../build-state.ts';
import { cutShards, type Cutting } from './cut-shards.ts';
import { divide } from './divide.ts';
import {
  builtRunObject,
  checkedSlice,
  divisionObject,
  notedObject,
  slicesObject,
  sliceTroubleObject,
  type CutShards,
  type Division,
  type NotedSlice,
} from './division.ts';
import { joinRuns } from './join-runs.ts';
import { NotDivisible } from './shard-cutter.ts';

/** Slices that are processed in parallel before the build continues. */
export interface SlicesToDo {
  readonly phase: Division['phase'];
  readonly slices: number;
}

export interface Dividing extends Pick<Cutting, 'time' | 'createIds' | 'createHash' | 'bounds'> {
  /** Bytes of a slice; undefined if jobs are never divided. */
  readonly sliceBytes: number | undefined;
  /** The phase whose slices have just been processed. */
  readonly done?: string | undefined;
}

type Divided = Plan | Unfinished | SlicesToDo | 'whole' | undefined;

/**
 * Builds a large job in slices: returns the slices to process next (`noteSlice`, `buildRun`), and joins their results. Shards and
 * plan have the same bytes as those of one pass.
 * @returns undefined for a job that is built in one pass; `whole` if this was found out only after the job was divided
 */
export async function buildDivided(store: ObjectStore, job: Job, dividing: Dividing): Promise<Divided> {
  const division = (await divisionObject.read(store, job.jobId)) ?? (await begin(store, job, dividing));
  if (division === undefined) return undefined;
  if (division.phase === 'whole') return 'whole';
  const { slices } = division;
  if (division.cut !== undefined) return join(store, job, { ...division, cut: division.cut }, dividing);
  const left = await leftOf(store, job, [...slices.keys()], 'noted.json');
  if (left.slices.length > 0) return listed(store, job, { phase: 'note', left }, dividing);
  return cut(store, job, division, dividing);
}

async function begin(store: ObjectStore, job: Job, { sliceBytes }: Dividing): Promise<Division | undefined> {
  if (sliceBytes === undefined) return undefined;
  const division = await divide(store, job, sliceBytes).catch(unlessInvalid);
  if (division !== undefined) await divisionObject.write(store, job.jobId, division);
  return division;
}

/** Ignores an invalid input here. The build in one pass then reports the error. */
function unlessInvalid(error: unknown): undefined {
  if (!(error instanceof InvalidInput)) throw error;
}

async function cut(store: ObjectStore, job: Job, division: Division, dividing: Dividing): Promise<Divided> {
  const noted = await readNoted(store, job, division);
  const checked = checkedSlice(division, job);
  const isWhole =
    noted.some(({ isUnreadable }) => isUnreadable === true) ||
    (checked !== undefined && noted[checked]?.hasSeenFields !== true);
  const made = isWhole
    ? undefined
    : await cutShards({ ...dividing, store, job, division, noted }).catch(unlessNotDivisible);
  if (made === undefined) {
    await divisionObject.write(store, job.jobId, { ...division, phase: 'whole' });
    return 'whole';
  }
  if (!('runs' in made)) return made;
  const next = { ...division, phase: 'build', cut: made } as const;
  await divisionObject.write(store, job.jobId, next);
  return join(store, job, next, dividing);
}

function unlessNotDivisible(error: unknown): undefined {
  if (!(error instanceof NotDivisible)) throw error;
}

async function join(
  store: ObjectStore,
  job: Job,
  division: Division & { readonly cut: CutShards },
  dividing: Dividing,
): Promise<Plan | SlicesToDo> {
  const { jobId } = job;
  const slices = division.cut.runs.map(({ slice }) => slice);
  const left = await leftOf(store, job, slices, 'built.json');
  if (left.slices.length > 0) return listed(store, job, { phase: 'build', left }, dividing);
  const built = await sideBySide(slices, (slice) => builtRunObject.require(store, { jobId, slice }));
  return joinRuns(job, { division, noted: await readNoted(store, job, division), cut: division.cut }, built);
}

function readNoted(store: ObjectStore, { jobId }: Job, { slices }: Division): Promise<NotedSlice[]> {
  return sideBySide([...slices.keys()], (slice) => notedObject.require(store, { jobId, slice }));
}

/** The slices that are left to do, and those of them with a recorded error. */
interface Left {
  readonly slices: readonly number[];
  readonly troubled: readonly number[];
}

/** The slices whose file of the current phase is missing. */
async function leftOf(
  store: ObjectStore,
  { jobId }: Job,
  slices: readonly number[],
  file: SliceFile,
): Promise<Left> {
  const keys = new Set<string>();
  for await (const { key } of store.list(buildPrefix(jobId))) keys.add(key);
  const left = slices.filter((slice) => !keys.has(sliceKey({ jobId, slice }, file)));
  return {
    slices: left,
    troubled: left.filter((slice) => keys.has(sliceTroubleObject.keyOf({ jobId, slice }))),
  };
}

/** Lists slices as the items of the machine's map. */
async function listed(
  store: ObjectStore,
  { jobId }: Job,
  { phase, left }: { readonly phase: Division['phase']; readonly left: Left },
  { done }: Dividing,
): Promise<SlicesToDo> {
  const { slices, troubled } = left;
  if (done === phase) throw await stoppedBuild(store, jobId, left);
  // Deletes the errors of an earlier run of the job. They must not be reported for a call that is killed without an error of its
  // own.
  for (const slice of troubled) await store.delete(sliceTroubleObject.keyOf({ jobId, slice }));
  await slicesObject.write(
    store,
    jobId,
    slices.map((slice) => ({ slice })),
  );
  return { phase, slices: slices.length };
}

/** The error of a build with a failed slice. It has the name, code and message of the slice's error, if one is recorded. */
async function stoppedBuild(store: ObjectStore, jobId: string, { slices, troubled }: Left): Promise<Error> {
  const [slice = slices[0] ?? 0] = troubled;
  const others = slices.length > 1 ? `, and ${counted(slices.length - 1, 'other')}` : '';
  const what = `The build of job ${jobId} stopped: slice ${slice} failed${others}`;
  const again = `the job to do ${slices.length > 1 ? 'them' : 'it'} again.`;
  const failure = await sliceTroubleObject.read(store, { jobId, slice });
  if (failure === undefined) return new Error(`${what}. The log of build-slice says why; resume ${again}`);
  const { name, code, message } = failure;
  const said = /[.!?…]$/.test(message) ? message : `${message}.`;
  const text = withCode(`${what}: ${said} Resume ${again}`, code === name ? undefined : code);
  return Object.assign(new Error(text), { name });
}
