import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stageBundles } from '../../host/call-bundles.ts';
import type { Workload } from '../bench.ts';
import { race, type Runner } from '../race.ts';
import type { Fact, Verdict } from '../report.ts';

const MAX_BYTES = 1_250_000;
const MAX_LOAD_MS = 90;
const EMPTY = 'an empty handler';

/** Every Lambda's bundle as deployed: its size, and the time that a process takes to load it. */
export const bundles: Workload = async (bench) => {
  const folder = bench.folder('bundles');
  const config = { profiles: { default: { provider: 'simulator', model: 'm' } } };
  const found = [...(await stageBundles(config, join(folder, 'cdk.out')))].toSorted(([a], [b]) =>
    a.localeCompare(b),
  );
  const empty = join(folder, 'empty.mjs');
  writeFileSync(empty, 'export const handler = async () => ({});\n');
  const result = await race({
    runners: [[EMPTY, empty] as const, ...found].map(([name, file]) => loader(name, file)),
    repetitions: Math.max(7, bench.repetitions),
    targets: [],
  });
  const base = result.contestants.find(({ name }) => name === EMPTY)?.wall.median ?? 0;
  const measured = found.map(([step, file]) => {
    const wall = result.contestants.find(({ name }) => name === step)?.wall.median ?? 0;
    return { step, bytes: statSync(file).size, loadMs: (wall - base) * 1_000 };
  });
  rmSync(folder, { recursive: true });
  const facts: Fact[] = measured.map(({ step, bytes, loadMs }) => ({
    name: step,
    value: `${(bytes / 1e3).toFixed(0)} KB, ${loadMs.toFixed(0)} ms above an empty handler`,
  }));
  const largest = Math.max(...measured.map(({ bytes }) => bytes));
  const slowest = Math.max(...measured.map(({ loadMs }) => loadMs));
  const verdicts: Verdict[] = [
    {
      target: 'each at most 1.25 MB',
      reached: `${(largest / 1e6).toFixed(2)} MB`,
      met: largest <= MAX_BYTES,
    },
    {
      target: 'each loaded within 90 ms of an empty handler',
      reached: `${slowest.toFixed(0)} ms`,
      met: slowest <= MAX_LOAD_MS,
    },
  ];
  return {
    name: 'bundles',
    title: 'Lambda bundles',
    size: `${found.length} bundles`,
    ...result,
    verdicts,
    facts,
  };
};

/** A process that loads a bundle with its environment and ends. */
function loader(name: string, file: string): Runner {
  const env = {
    AWS_REGION: 'us-east-1',
    STORE: 's3://bench-bucket',
    STEP: name,
    STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:111122223333:stateMachine:m',
  };
  const script = 'await import(process.argv[1]); process.exit()';
  return { name, argv: [process.execPath, '--input-type=module', '-e', script, file], env };
}
