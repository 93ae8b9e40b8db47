import { parseArgs } from 'node:util';
import { randomJob, runRandomJob } from './random-trial.ts';

/**
 * `npm run soak -- [--jobs 2000] [--seed N]`: runs jobs of random shape with random faults. Each job has a seed; the seeds count up from the
 * printed one. With --seed and without --jobs, runs that job alone and prints it in full.
 */
const { values } = parseArgs({ options: { jobs: { type: 'string' }, seed: { type: 'string' } } });
const first = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
const jobs = Number(values.jobs ?? (values.seed === undefined ? 2_000 : 1));
/** Number of jobs at the same time. Four keep two cores busy. */
const AT_ONCE = 4;

let next = first;
let bad = 0;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function work(): Promise<void> {
  while (next < first + jobs) {
    const seed = next;
    next += 1;
    const found = await runRandomJob(seed).catch((error: unknown) => [`it broke: ${String(error)}`]);
    if (found.length > 0) {
      bad += 1;
      print(`seed ${seed}: ${found.join('; ')}`);
    }
    const done = next - first;
    if (done % 100 === 0) print(`${done} of ${jobs} jobs`);
  }
}

const started = performance.now();
print(`seed ${first}, ${jobs} ${jobs === 1 ? 'job' : 'jobs'}`);
if (jobs === 1) print(JSON.stringify(randomJob(first), undefined, 2));
await Promise.all(Array.from({ length: AT_ONCE }, work));
print(`${jobs} jobs, ${bad} with a violation, ${Math.round((performance.now() - started) / 1_000)} s`);
process.exitCode = bad === 0 ? 0 : 1;
// Processes that "died" leave open promises and connections.
process.exit();
