import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { writeLines } from './data/write-lines.ts';
import { watchDisk, type DiskWatch } from './disk.ts';
import { measure } from './measure.ts';

interface Flags {
  readonly rows: string;
  readonly rowBytes: string;
  readonly stepSeconds: string;
}

/**
 * Runs many rows through the command line with steps whose time is so short that they stop and continue, and compares the results
 * with the input row by row. Shares no code with the workflow.
 */
await new Command('check-rows')
  .option('--rows <number>', 'rows of the input', '1000000')
  .option('--row-bytes <number>', 'least bytes of a row; a longer system message fills shorter rows', '0')
  .option('--step-seconds <number>', 'time of each call of a step', '20')
  .action(run)
  .parseAsync();

async function run({ rows: asked, rowBytes, stepSeconds }: Flags): Promise<void> {
  const rows = Number(asked);
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-rows-'));
  try {
    const input = join(folder, 'rows.jsonl');
    const bytes = writeLines(input, inputLines(rows, Number(rowBytes)));
    const data = join(folder, 'data');
    const program = resolve(import.meta.dirname, '../bin/nightshift.js');
    using progress = reportEveryMinute(folder, rows);
    const { wall, cpu, rssMb, stdout } = await measure({
      argv: [process.execPath, program, 'run', input, '--simulate', '--data', data, '--json'],
      env: { STEP_SECONDS: stepSeconds },
    });
    const { results } = JSON.parse(stdout) as { readonly results: string };
    const checked = await checkResults(join(data, results), rows);
    const size = statSync(join(data, results)).size;
    process.stdout.write(
      `${checked} of ${rows} rows have the answer of their own prompt, in the input's order. ` +
        `Input ${bytes} bytes, results ${size} bytes; ${wall.toFixed(0)} s, ${cpu?.toFixed(0) ?? '?'} s of CPU time, ${rssMb?.toFixed(0) ?? '?'} MB. ` +
        `Most disk at the end of a minute, with the input: ${progress.most} bytes, ${Math.round(progress.most / rows)} per row.\n`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints a line each minute: the bytes of all files so far. */
function reportEveryMinute(folder: string, rows: number): DiskWatch {
  let minutes = 0;
  return watchDisk(folder, 60_000, (bytes) => {
    minutes += 1;
    process.stderr.write(`${minutes} min: ${bytes} bytes of files, ${Math.round(bytes / rows)} per row\n`);
  });
}

function* inputLines(rows: number, rowBytes: number): Generator<string> {
  for (let n = 0; n < rows; n += 1) {
    const row = { custom_id: `row-${n}`, prompt: `echo:${answerOf(n)}` };
    const missing = rowBytes - Buffer.byteLength(JSON.stringify({ ...row, system: '' })) - 1;
    yield JSON.stringify(
      missing < 0 ? row : { ...row, system: 'Repeat the text. '.repeat(missing / 17 + 1).slice(0, missing) },
    );
  }
}

/** Answers of different lengths, with quotes and letters of several bytes. */
function answerOf(n: number): string {
  return `answer ${n} "${'ü€x'.repeat(n % 40)}"`;
}

/**
 * Compares the results with the input.
 * @returns the number of rows
 * @throws Error for the first wrong row
 */
async function checkResults(file: string, rows: number): Promise<number> {
  let n = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { custom_id, ok, text } = JSON.parse(line) as { custom_id: string; ok: boolean; text: string };
    if (custom_id !== `row-${n}` || !ok || text !== answerOf(n))
      throw new Error(`Line ${n + 1} of the results is not that of row ${n}: ${line.slice(0, 200)}`);
    n += 1;
  }
  if (n !== rows) throw new Error(`The results have ${n} lines, and the input has ${rows} rows.`);
  return n;
}
