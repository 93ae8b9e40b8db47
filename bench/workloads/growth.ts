import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { sizeOf, type Workload } from '../bench.ts';
import { MODEL, promptLines } from '../data/inputs.ts';
import { writeLines } from '../data/write-lines.ts';
import { race } from '../race.ts';
import type { Contestant, Verdict } from '../report.ts';
import { ourBuild } from './build.ts';

/** Checks that ten times the rows take ten times the time and the same memory. */
export const growth: Workload = async (bench) => {
  const sizes = bench.full ? [1e4, 1e5, 1e6, 1e7] : [1e4, 1e5, 5e5, 1e6];
  const folder = bench.folder('growth');
  const profile = { model: MODEL };
  let bytes = 0;
  const runners = sizes.map((rows) => {
    const own = join(folder, String(rows));
    bytes = writeLines(join(own, 'input/rows.jsonl'), promptLines(rows));
    const { outputs: _, ...runner } = ourBuild(bench, own, { file: 'rows.jsonl', profile });
    return { ...runner, name: `${rows.toLocaleString('en')} rows` };
  });
  const result = await race({ runners, repetitions: bench.repetitions, targets: [] });
  rmSync(folder, { recursive: true });
  return {
    name: 'growth',
    title: 'Growth of build',
    size: `up to ${sizeOf(sizes.at(-1) ?? 0, bytes)}`,
    ...result,
    verdicts: judge(sizes, result.contestants),
    notes: [
      'Time per row is computed from the rows that each size has in addition to the size before, so that it does not include the start of a process.',
    ],
  };
};

/** Compares the last two sizes: the time per row at the largest size with that at the size before. */
function judge(sizes: readonly number[], contestants: readonly Contestant[]): Verdict[] {
  const perRow = sizes.map((rows, n) => {
    const [before, now] = [contestants[n - 1], contestants[n]];
    const [from, to] = [before?.cpu ?? before?.wall, now?.cpu ?? now?.wall];
    return ((to?.median ?? 0) - (from?.median ?? 0)) / (rows - (sizes[n - 1] ?? 0));
  });
  const [was = Number.NaN, is = Number.NaN] = perRow.slice(-2);
  const [memoryWas, memoryIs] = contestants.slice(-2).map(({ rssMb }) => rssMb?.median ?? Number.NaN);
  const drift = is / was - 1;
  const grown = (memoryIs ?? Number.NaN) / (memoryWas ?? Number.NaN) - 1;
  const ns = (seconds: number): string => (seconds * 1e9).toFixed(0);
  return [
    {
      target: 'time linear within 15 %',
      reached: `${ns(was)} and ${ns(is)} ns a row (CPU): ${percent(drift)}`,
      met: Math.abs(drift) <= 0.15,
    },
    {
      target: 'memory constant',
      reached: `${percent(grown)} at ${(sizes.at(-1) ?? 0) / (sizes.at(-2) ?? 1)} times the rows`,
      met: grown <= 0.15,
    },
  ];
}

const percent = (share: number): string => `${share < 0 ? '' : '+'}${(100 * share).toFixed(0)} %`;
