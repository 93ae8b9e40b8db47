import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { LAMBDA_OPTIONS } from '../build/bundle-lambdas.ts';
import { ROOT } from './machine.ts';
import type { Group } from './report.ts';

export interface BenchOptions {
  /** True for the sizes of the table of targets; otherwise small sizes. */
  readonly full: boolean;
  readonly repetitions: number;
  /** Number of rows, instead of the small size and that of the table. */
  readonly rows?: number | undefined;
  /** The checkout whose programs in `bench/tasks` run; this one by default. */
  readonly checkout?: string | undefined;
}

/** One run of the benchmark: its sizes, its folder, and its programs. */
export interface Bench {
  readonly full: boolean;
  readonly repetitions: number;
  /** The quick size, or the size of the table of targets. */
  size(quick: number, full: number): number;
  /** An empty folder with this name. */
  folder(name: string): string;
  /** Argv of a program in `bench/tasks` or `bench/baselines`: JavaScript by Node, Python by python3. */
  program(name: string): readonly string[];
}

/** Measures one row of the table of targets. */
export type Workload = (bench: Bench) => Promise<Group>;

const PROGRAMS = [
  'tasks/build',
  'tasks/collect',
  'tasks/leave-answers',
  'tasks/merge',
  'tasks/unique-ids',
  'tasks/transfer',
  'baselines/naive-build',
  'baselines/naive-collect',
  'baselines/set-of-ids',
  'baselines/sqlite-look-ups',
  'baselines/openai-sdk',
];

/**
 * Bundles the programs in the same way as the Lambdas. Otherwise the time to remove types at every start would be measured, too.
 */
export async function openBench(
  root: string,
  { full, repetitions, rows, checkout = ROOT }: BenchOptions,
): Promise<Bench> {
  const programs = join(root, 'programs');
  const source = join(checkout, 'bench');
  const flags = await readFlags(checkout);
  await build({
    ...LAMBDA_OPTIONS,
    entryPoints: PROGRAMS.map((name) => join(source, `${name}.ts`)).filter((file) => existsSync(file)),
    outdir: programs,
    outbase: source,
  });
  return {
    full,
    repetitions,
    size: (quick, whole) => rows ?? (full ? whole : quick),
    folder: (name) => {
      const folder = join(root, name);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      return folder;
    },
    program: (name) =>
      name.endsWith('.py')
        ? ['python3', join(import.meta.dirname, name)]
        : PROGRAMS.includes(name)
          ? [process.execPath, ...(name.startsWith('tasks/') ? flags : []), join(programs, `${name}.mjs`)]
          : [process.execPath, join(import.meta.dirname, `${name}.ts`)],
  };
}

/**
 * Reads the Node flags of the Lambdas in a checkout. Our programs start with the flags of their own checkout, baselines without
 * flags.
 */
async function readFlags(checkout: string): Promise<readonly string[]> {
  const file = join(checkout, 'lib/node-flags.ts');
  if (!existsSync(file)) return [];
  const { NODE_FLAGS } = (await import(pathToFileURL(file).href)) as {
    readonly NODE_FLAGS: readonly string[];
  };
  return NODE_FLAGS;
}

/** `cat` of files into one: the time that the machine needs to move the bytes. */
export function cat(files: readonly string[], target: string): readonly string[] {
  return ['sh', '-c', 'out=$1; shift; exec cat "$@" > "$out"', 'cat', target, ...files];
}

export function bytesOf(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + statSync(file).size, 0);
}

/** `320 MB in 1,000,000 rows` */
export function sizeOf(rows: number, bytes: number): string {
  const mb = bytes / 1e6;
  return `${mb < 10 ? mb.toFixed(1) : mb.toFixed(0)} MB in ${rows.toLocaleString('en')} rows`;
}
