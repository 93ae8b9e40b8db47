import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { measure, type Command, type Measured } from './measure.ts';
import type { Comparison, Contestant, Verdict } from './report.ts';
import { ratios, spread, type Spread } from './stats.ts';

/** A command that takes part in a race. */
export interface Runner extends Command {
  readonly name: string;
  /** Restores the initial state; not measured. */
  readonly before?: () => Promise<void>;
  /** Files whose bytes, in this order, must equal those of every other runner with outputs. Called after a run. */
  readonly outputs?: (() => Promise<readonly string[]>) | undefined;
  /** True to run only in the first repetition, for runs that take minutes. */
  readonly once?: boolean;
}

/** A limit in the table of targets. */
export type Target =
  | { readonly ours: string; readonly against: string; readonly atMost: number }
  | { readonly ours: string; readonly against: string; readonly atLeast: number }
  | { readonly ours: string; readonly rssMb: number }
  /** Megabytes above another runner's peak. */
  | { readonly ours: string; readonly above: string; readonly rssMb: number };

export interface Race {
  readonly runners: readonly Runner[];
  readonly repetitions: number;
  readonly inputBytes?: number | undefined;
  readonly targets: readonly Target[];
}

export interface RaceResult {
  readonly contestants: readonly Contestant[];
  readonly comparisons: readonly Comparison[];
  readonly verdicts: readonly Verdict[];
  readonly notes: readonly string[];
  /** The output of each runner's last run. */
  readonly stdout: ReadonlyMap<string, string>;
}

/**
 * Runs all runners in turn, for every repetition, so that a machine that slows down affects all of them. Every second turn
 * has the reverse order, so that no runner always follows the same one.
 * @throws Error when two runners wrote different bytes: the benchmark is also a differential test
 */
export async function race({ runners, repetitions, inputBytes, targets }: Race): Promise<RaceResult> {
  const runs = new Map<string, Measured[]>(runners.map(({ name }) => [name, []]));
  const hashes = new Map<string, string>();
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const turn = repetition % 2 === 0 ? runners : runners.toReversed();
    for (const { name, before, outputs, once, ...command } of turn) {
      if (once === true && repetition > 0) continue;
      await before?.();
      runs.get(name)?.push(await measure(command));
      if (outputs !== undefined && repetition === 0) hashes.set(name, await hashOf(await outputs()));
    }
  }
  const notes = compareHashes(hashes);
  const taken = (name: string): readonly Measured[] => runs.get(name) ?? [];
  const contestants = runners.map(({ name }) => sumUp(name, taken(name), inputBytes));
  const comparisons = targets.flatMap((target) => {
    if (!('against' in target) || !runs.has(target.against)) return [];
    return [compare(target.ours, target.against, taken)];
  });
  return {
    contestants,
    comparisons,
    verdicts: targets.flatMap((target) => judge(target, contestants, comparisons)),
    notes,
    stdout: new Map([...runs].map(([name, all]) => [name, all.at(-1)?.stdout ?? ''])),
  };
}

function sumUp(name: string, runs: readonly Measured[], inputBytes: number | undefined): Contestant {
  const wall = spread(runs.map((run) => run.wall));
  const throughput = inputBytes === undefined ? undefined : inputBytes / 1e6 / wall.median;
  return {
    name,
    wall,
    cpu: known(runs.map(({ cpu }) => cpu)),
    rssMb: known(runs.map((run) => run.rssMb)),
    throughput,
  };
}

/** The spread of a value that every run has. */
function known(values: readonly (number | undefined)[]): Spread | undefined {
  const given = values.filter((value) => value !== undefined);
  return given.length === values.length && given.length > 0 ? spread(given) : undefined;
}

function compare(ours: string, against: string, taken: (name: string) => readonly Measured[]): Comparison {
  const theirs = taken(against);
  // A runner that ran once is compared with the other's first run.
  const mine = taken(ours).slice(0, theirs.length);
  const [a, b] = [mine.map(({ cpu }) => cpu ?? Number.NaN), theirs.map(({ cpu }) => cpu ?? Number.NaN)];
  const cpu = [...a, ...b].some((value) => Number.isNaN(value)) ? undefined : ratios(a, b);
  return {
    ours,
    against,
    wall: ratios(
      mine.map(({ wall }) => wall),
      theirs.map(({ wall }) => wall),
    ),
    cpu,
  };
}

function judge(
  target: Target,
  contestants: readonly Contestant[],
  comparisons: readonly Comparison[],
): Verdict[] {
  if (!('against' in target)) return judgeMemory(target, contestants);
  const ratio = comparisons.find(({ ours, against }) => ours === target.ours && against === target.against);
  if (ratio === undefined) return [];
  const inCpu = (of: (value: number) => number): string =>
    ratio.cpu === undefined ? '' : ` (CPU ${of(ratio.cpu.median).toFixed(2)}x)`;
  const { against } = target;
  if ('atMost' in target) {
    const met = ratio.wall.median <= target.atMost;
    return [
      verdict(
        `at most ${target.atMost}x ${against}`,
        `${ratio.wall.median.toFixed(2)}x${inCpu((x) => x)}`,
        met,
      ),
    ];
  }
  const faster = 1 / ratio.wall.median;
  const actual = `${faster.toFixed(2)}x${inCpu((x) => 1 / x)}`;
  return [verdict(`at least ${target.atLeast}x faster than ${against}`, actual, faster >= target.atLeast)];
}

function judgeMemory(
  target: Exclude<Target, { against: string }>,
  contestants: readonly Contestant[],
): Verdict[] {
  const peakOf = (name: string): number | undefined =>
    contestants.find((each) => each.name === name)?.rssMb?.median;
  const base = 'above' in target ? peakOf(target.above) : 0;
  const peak = peakOf(target.ours);
  if (peak === undefined || base === undefined) return [];
  const above = 'above' in target ? ` above "${target.above}"` : '';
  const reached = peak - base;
  return [
    verdict(
      `peak RSS at most ${target.rssMb} MB${above}`,
      `${reached.toFixed(0)} MB`,
      reached <= target.rssMb,
    ),
  ];
}

function verdict(target: string, reached: string, met: boolean): Verdict {
  return { target, reached, met };
}

async function hashOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function compareHashes(hashes: ReadonlyMap<string, string>): string[] {
  const [first, ...others] = hashes;
  const other = others.find(([, hash]) => hash !== first?.[1]);
  if (first !== undefined && other !== undefined) {
    throw new Error(`"${first[0]}" and "${other[0]}" wrote different bytes: ${first[1]} and ${other[1]}.`);
  }
  if (first === undefined || others.length === 0) return [];
  return [`${[...hashes.keys()].join(', ')} wrote the same bytes: sha256 ${first[1].slice(0, 16)}…`];
}
