import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBundles, type BundleFigures } from './bundles.ts';
import { measure } from './measure.ts';
import { bundlePrograms } from './programs.ts';
import { judge, OURS, regressions, renderReport, type Machine, type Measured } from './report.ts';
import type { Sample } from './statistics.ts';
import type { Setting, Workload } from './workload.ts';
import { WORKLOADS } from './workloads.ts';

/**
 * `npm run bench -- [--full] [--only build,collect] [--runs 3] [--out file] [--compare old.json]`: whole processes, ours and
 * others', in turns. Writes `<out>.md` and `<out>.json`.
 */
const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string', default: [...Object.keys(WORKLOADS), 'bundles'].join(',') },
    runs: { type: 'string', default: '3' },
    out: { type: 'string' },
    compare: { type: 'string' },
  },
});
const runs = Number(values.runs);
const only = values.only.split(',');
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** In turns, so that what else the machine does strikes everybody alike. */
async function measureWorkload({ name, what, ours, others, targets }: Workload): Promise<Measured> {
  const commands = Object.entries({ [OURS]: ours, ...others });
  const samples: Record<string, Sample[]> = {};
  for (let run = 0; run < runs; run += 1) {
    for (const [who, command] of commands) (samples[who] ??= []).push(await measure(command));
  }
  const measured = { name, what, targets, samples };
  print(`${name}: ${judge(measured).join('; ') || 'measured'}`);
  return measured;
}

async function measureAll(setting: Setting): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const [name, prepare] of Object.entries(WORKLOADS)) {
    if (!only.includes(name)) continue;
    for (const workload of await prepare(setting)) measured.push(await measureWorkload(workload));
  }
  return measured;
}

function ask(command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

const folder = await mkdtemp(join(tmpdir(), 'nightshift-bench-'));
await using stack = new AsyncDisposableStack();
stack.defer(() => rm(folder, { recursive: true, force: true }));
const program = await bundlePrograms(join(folder, 'programs'));
const python = ask('python3', '--version');
const scale = values.full ? 1 : 0.1;
const measured = await measureAll({ folder, scale, program, hasPython: python !== '', stack });
const bundles: BundleFigures[] = only.includes('bundles')
  ? await measureBundles(folder, join(folder, 'programs', 'empty-handler.mjs'), runs)
  : [];
const machine: Machine = {
  date: new Date().toISOString().slice(0, 10),
  commit: ask('git', 'rev-parse', '--short', 'HEAD') || 'no commit',
  system: `${platform()} ${arch()}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}`,
  node: process.versions.node,
  python: python || 'no Python',
  scale,
  runs,
};
const report = renderReport(machine, measured, bundles);
print(`\n${report}`);
if (values.out !== undefined) {
  await writeFile(`${values.out}.md`, report);
  await writeFile(`${values.out}.json`, `${JSON.stringify({ machine, measured, bundles }, undefined, 2)}\n`);
}
if (values.compare !== undefined) {
  const before = JSON.parse(await readFile(values.compare, 'utf8')) as { measured: Measured[] };
  const worse = regressions(before.measured, measured);
  for (const line of worse) print(`worse: ${line}`);
  if (worse.length > 0) process.exitCode = 1;
}
