import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Sample } from './statistics.ts';

/** A process to be measured, from its start to its end. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const run = promisify(execFile);

/** bash measures its children: their wall time and the processor's, also of those that cannot tell it themselves. */
const TIMED = `TIMEFORMAT='%R %U %S'; time "$@" > /dev/null 2> "$BENCH_ERRORS"`;

/** Runs a process. A Node one tells its peak memory through {@link tellUsage}. @throws when it fails, with what it said */
export async function measure({ file, args, env = {} }: Command): Promise<Sample> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-bench-'));
  const files = { BENCH_USAGE: join(folder, 'usage'), BENCH_ERRORS: join(folder, 'errors') };
  try {
    const { stderr } = await run('bash', ['-c', TIMED, 'bash', file, ...args], {
      env: { ...process.env, ...env, ...files },
      maxBuffer: 1_000_000,
    });
    const [wall = 0, user = 0, system = 0] = stderr.trim().split(/\s+/).map(Number);
    const usage = await readFile(files.BENCH_USAGE, 'utf8').catch(() => undefined);
    return {
      wallSeconds: wall,
      cpuSeconds: user + system,
      ...(usage !== undefined && { rssMb: Number(usage) }),
    };
  } catch (error) {
    const said = await readFile(files.BENCH_ERRORS, 'utf8').catch(() => '');
    throw new Error(`${file} ${args.join(' ')} failed: ${said.slice(-1_000)}`, { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
