import { buildPrefix } from '../../../src/checkpoints/keys.ts';
import type { StepTime } from '../../../src/pace.ts';
import { buildShards, isPlan, type BuildParts } from '../../../src/rows/build-shards.ts';
import { createRequests } from '../../../src/steps/create-requests.ts';
import { forgetBuildState } from '../../../src/rows/build-state.ts';
import { buildDivided } from '../../../src/rows/slices/build-divided.ts';
import { buildSlice } from '../../../src/rows/slices/build-slice.ts';
import { slicesObject } from '../../../src/rows/slices/division.ts';
import { asText, openJob, type InputFile, type Outcome, type Shape } from '../divided-build.ts';

interface Slicing extends Pick<BuildParts, 'createIds' | 'createHash' | 'bounds'> {
  readonly shape?: Shape | undefined;
  readonly sliceBytes: number;
  readonly time?: StepTime | undefined;
  /** Builds the slices from the last to the first. */
  readonly backwards?: boolean;
}

/** Builds a job in slices as the state machine does: the slices of each phase in some order, and a call of the build between the phases. */
export async function inSlices(
  inputs: readonly InputFile[],
  { shape, sliceBytes, time, backwards = false, ...parts }: Slicing,
): Promise<Outcome & { readonly slices: number }> {
  const { job, store, filesOf } = openJob(inputs, shape);
  const { jobId } = job;
  let [slices, done] = [0, undefined as 'note' | 'build' | 'whole' | undefined];
  for (let calls = 1; calls < 2_000; calls += 1) {
    const made = await buildDivided(store, job, { ...parts, sliceBytes, time, done }).catch(asText);
    if (made === undefined || typeof made === 'string' || isPlan(made as never)) {
      const isWhole = made === undefined || made === 'whole';
      const plan = !isWhole ? made : await buildShards(store, job, { createRequests }).catch(asText);
      const left = slices;
      await forgetBuildState(store, jobId);
      if ((await Array.fromAsync(store.list(buildPrefix(jobId)))).length > 0)
        throw new Error('Objects are left.');
      return { plan: plan as Outcome['plan'], calls, files: filesOf(), slices: isWhole ? 0 : left };
    }
    if (!('phase' in made)) continue;
    done = made.phase;
    slices = Math.max(slices, made.slices);
    const items = await slicesObject.require(store, jobId);
    for (const { slice } of backwards ? items.toReversed() : items)
      while ((await buildSlice(store, job, slice, { createRequests, time })) !== undefined) calls += 1;
  }
  throw new Error('The build does not end.');
}
