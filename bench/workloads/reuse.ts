import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sizeOf, type Bench, type Workload } from '../bench.ts';
import { MODEL, promptLines } from '../data/inputs.ts';
import { writeLines } from '../data/write-lines.ts';
import { race, type RaceResult, type Runner } from '../race.ts';
import type { Fact } from '../report.ts';

/** Known rows in percent. */
const KNOWN = [0, 50, 99] as const;

/**
 * *Build requests* for rows of which an earlier job has answered some, compared with sending all, and with one look-up per row.
 */
export const reuse: Workload = async (bench) => {
  // A known row costs 50 µs, and three shares run beside two other programs: 1,000,000 rows take more than an hour.
  const rows = bench.size(20_000, 100_000);
  const results: RaceResult[] = [];
  const facts: Fact[] = [];
  let size = '';
  for (const known of KNOWN) {
    const { result, indexMs, bytes, indexBytes } = await measureShare(bench, rows, known);
    results.push(result);
    size = sizeOf(rows, bytes);
    const answers = (rows * known) / 100;
    if (answers === 0) continue;
    facts.push(
      {
        name: `index of ${answers.toLocaleString('en')} answers`,
        value: `${(indexMs / 1_000).toFixed(1)} s`,
      },
      { name: 'bytes of an answer in it', value: (indexBytes / answers).toFixed(1) },
    );
  }
  return {
    name: 'reuse',
    title: 'Build: rows that an earlier job has answered',
    size,
    contestants: results.flatMap(({ contestants }) => contestants),
    comparisons: results.flatMap(({ comparisons }) => comparisons),
    verdicts: results.flatMap(({ verdicts }) => verdicts),
    facts,
    notes: ['The percentage is that of the rows whose answers are known.'],
  };
};

async function measureShare(bench: Bench, rows: number, known: number) {
  const folder = bench.folder('reuse');
  const bucket = join(folder, 'bucket');
  const input = join(bucket, 'input', 'rows.jsonl');
  const earlier = join(bucket, 'input', 'earlier.jsonl');
  const bytes = writeLines(input, promptLines(rows));
  writeLines(earlier, share(promptLines(rows), known));
  const database = join(folder, 'answers.db');
  const env = { STORE: pathToFileURL(bucket).href };
  const profile = { model: MODEL, reuse: 'always' };
  const lookUps = bench.program('baselines/sqlite-look-ups');
  let [indexMs, indexBytes] = [0, 0];
  if (known > 0) {
    const leave = [...bench.program('tasks/leave-answers'), 'input/earlier.jsonl', JSON.stringify(profile)];
    indexMs = Number(execute(leave, env));
    indexBytes = statSync(join(bucket, 'output', 'earlier', 'answers.index')).size;
  }
  execute([...lookUps, 'fill', earlier, database], {});
  const build = (name: string, treatment: object): Runner => ({
    name: `${name}, ${known} %`,
    argv: [...bench.program('tasks/build'), 'input/rows.jsonl', JSON.stringify(treatment)],
    env,
    before: () => Promise.resolve(rmSync(join(bucket, 'jobs', 'bench'), { recursive: true, force: true })),
  });
  const [ours, all, sqlite] = [`nightshift, ${known} %`, `all sent, ${known} %`, `SQLite, ${known} %`];
  const out = join(folder, 'sqlite');
  mkdirSync(out);
  const result = await race({
    repetitions: bench.repetitions,
    inputBytes: bytes,
    runners: [
      build('nightshift', profile),
      build('all sent', { model: MODEL }),
      { name: sqlite, argv: [...lookUps, 'build', input, database, out] },
    ],
    targets: [
      // The baseline stores each answer under its hash on the local disk, without ids, shards or an order.
      { ours, against: sqlite, atMost: 2 },
      { ours, against: all, atMost: 6 },
    ],
  });
  return { result, indexMs, indexBytes, bytes };
}

function* share(lines: Iterable<string>, known: number): Generator<string> {
  let row = 0;
  for (const line of lines) if (row++ % 100 < known) yield line;
}

function execute(argv: readonly string[], env: Readonly<Record<string, string>>): string {
  const [command = '', ...args] = argv;
  return execFileSync(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  }).toString();
}
