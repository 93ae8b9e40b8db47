import type { BundleFigures } from './bundles.ts';
import { ratio, spread, type Sample } from './statistics.ts';
import type { Target } from './workload.ts';

/** What was measured of one workload: samples by competitor, ours under `nightshift`. */
export interface Measured {
  readonly name: string;
  readonly what: string;
  readonly targets: readonly Target[];
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
}

export const OURS = 'nightshift';

export interface Machine {
  readonly date: string;
  readonly commit: string;
  readonly system: string;
  readonly node: string;
  readonly python: string;
  readonly scale: number;
  readonly runs: number;
}

const walls = (samples: readonly Sample[] = []): number[] => samples.map(({ wallSeconds }) => wallSeconds);
const cpus = (samples: readonly Sample[] = []): number[] => samples.map(({ cpuSeconds }) => cpuSeconds);

/** How a workload did against its targets, in words. */
export function judge({ targets, samples }: Measured): string[] {
  const ours = samples[OURS] ?? [];
  return targets.flatMap((target) => {
    if (target.kind === 'memory') {
      const mb = Math.max(...ours.map(({ rssMb = Number.NaN }) => rssMb));
      return [`${mb} MB of at most ${target.mb} MB: ${mb <= target.mb ? 'met' : 'missed'}`];
    }
    const other = target.kind === 'at most' ? target.of : target.than;
    if (samples[other] === undefined) return [];
    const times = ratio(walls(ours), walls(samples[other]));
    if (target.kind === 'at most')
      return [
        `${times.toFixed(1)} x ${other} of at most ${target.times}: ${times <= target.times ? 'met' : 'missed'}`,
      ];
    const speed = 1 / times;
    return [
      `${speed.toFixed(1)} x as fast as ${other} of at least ${target.times}: ${speed >= target.times ? 'met' : 'missed'}`,
    ];
  });
}

export function renderReport(
  machine: Machine,
  measured: readonly Measured[],
  bundles: readonly BundleFigures[],
): string {
  const { date, commit, system, node, python, scale, runs } = machine;
  return [
    `Measured ${date} at ${commit}: ${system}, Node ${node}, ${python}. ${scale === 1 ? 'Full sizes' : `Sizes x ${scale}`}, ${runs} runs,`,
    'medians of whole processes with the fastest and slowest run; "x ours" is how many times our time another one takes, by wall and by CPU time.',
    '',
    '| path | work | who | wall s | CPU s | x ours, wall | x ours, CPU | peak MB |',
    '|---|---|---|---|---|---|---|---|',
    ...measured.flatMap(rowsOf),
    '',
    ...targetLines(measured),
    ...bundleLines(bundles),
  ].join('\n');
}

function rowsOf({ name, what, samples }: Measured): string[] {
  const ours = samples[OURS] ?? [];
  return Object.entries(samples).map(([who, each]) => {
    const wall = spread(walls(each));
    const first = who === OURS;
    const rss = each.flatMap(({ rssMb }) => rssMb ?? []);
    const times = (of: (samples: readonly Sample[]) => number[]): string =>
      first ? '' : ratio(of(each), of(ours)).toFixed(2);
    return `| ${first ? name : ''} | ${first ? what : ''} | ${who} | ${wall.median.toFixed(2)} (${wall.min.toFixed(2)}-${wall.max.toFixed(2)}) | ${spread(cpus(each)).median.toFixed(2)} | ${times(walls)} | ${times(cpus)} | ${rss.length > 0 ? Math.max(...rss) : ''} |`;
  });
}

function targetLines(measured: readonly Measured[]): string[] {
  const lines = measured.flatMap((each) => judge(each).map((verdict) => `| ${each.name} | ${verdict} |`));
  return lines.length === 0 ? [] : ['| path | target |', '|---|---|', ...lines, ''];
}

function bundleLines(bundles: readonly BundleFigures[]): string[] {
  if (bundles.length === 0) return [];
  return [
    '| bundle | KB | load, ms above an empty handler |',
    '|---|---|---|',
    ...bundles.map(({ step, kilobytes, loadMs }) => `| ${step} | ${kilobytes} | ${loadMs} |`),
    '',
  ];
}

/** Ratios that got worse than before by more than 15 % and more than either run's spread. */
export function regressions(before: readonly Measured[], now: readonly Measured[]): string[] {
  return now.flatMap((measured) => {
    const old = before.find(({ name }) => name === measured.name);
    if (old === undefined) return [];
    return Object.keys(measured.samples)
      .filter((who) => who !== OURS && old.samples[who] !== undefined)
      .flatMap((who) => {
        const was = ratio(walls(old.samples[OURS]), walls(old.samples[who]));
        const is = ratio(walls(measured.samples[OURS]), walls(measured.samples[who]));
        const noise = Math.max(noiseOf(old.samples[OURS]), noiseOf(measured.samples[OURS]), 0.15);
        return is > was * (1 + noise)
          ? [`${measured.name}: ${is.toFixed(2)} x ${who}, it was ${was.toFixed(2)}.`]
          : [];
      });
  });
}

/** Half of the distance between the fastest and the slowest run, as a share of the median. */
function noiseOf(samples: readonly Sample[] = []): number {
  const { median, min, max } = spread(walls(samples));
  return (max - min) / 2 / median;
}
