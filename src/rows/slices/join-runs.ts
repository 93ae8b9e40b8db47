import type { InputRef, Job } from '../../checkpoints/job.ts';
import { MAX_LISTED_PROBLEMS, type InputReading, type Plan } from '../../checkpoints/plan.ts';
import { ReuseTally } from '../../reuse/reuse-tally.ts';
import { planOf } from '../build-once.ts';
import { TokenEstimate } from '../estimate-tokens.ts';
import { Reading } from '../formats/reading.ts';
import { SOME_LINES, type BuiltRun, type CutShards, type Division, type NotedSlice } from './division.ts';

/** The plan of a job whose shards were built in runs: the same as that of one pass. */
export function joinRuns(
  job: Job,
  {
    division,
    noted,
    cut,
  }: { readonly division: Division; readonly noted: readonly NotedSlice[]; readonly cut: CutShards },
  built: readonly BuiltRun[],
): Plan {
  const { rows } = cut;
  const shards = cut.runs.flatMap(
    ({ shard, shards: count }, n) => built[n]?.shards ?? cut.shards.slice(shard, shard + count),
  );
  const sum = (of: (run: BuiltRun) => number): number => built.reduce((total, run) => total + of(run), 0);
  const tokens = TokenEstimate.from([
    0,
    sum(({ tokens: [, bytes] }) => bytes),
    sum(({ tokens: [, , count] }) => count),
  ]);
  const read = { inputs: readings(job, division, noted), hasMore: false };
  return planOf(job, read, {
    rows,
    invalid: sum(({ invalid }) => invalid),
    answered: 0,
    deduplicated: shards.reduce((total, { deduplicated = 0 }) => total + deduplicated, 0),
    reused: new ReuseTally(undefined).sums(),
    problems: built.flatMap(({ problems }) => problems).slice(0, MAX_LISTED_PROBLEMS),
    tokens,
    shards,
  });
}

/** The readings of the inputs: each is that of its first slice, with additions of the others. */
function readings(
  { inputs }: Job,
  { slices }: Division,
  noted: readonly NotedSlice[],
): (InputRef & InputReading)[] {
  return inputs.map(({ key, version }, input) => {
    let reading: Reading | undefined;
    let before = 0;
    for (const [n, slice] of slices.entries()) {
      const part = noted[n];
      if (slice.input !== input || part === undefined) continue;
      if (reading === undefined) reading = Reading.from(part.reading);
      else reading.append(part.reading, before - SOME_LINES);
      before += part.lines;
    }
    return { key, ...(version === undefined ? {} : { version }), ...(reading ?? new Reading()).facts() };
  });
}
