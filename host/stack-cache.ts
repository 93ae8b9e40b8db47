import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NightshiftConfig } from '../src/config/config.ts';
import { parseStack, renderStack } from './stored-stack.ts';
import type { LocalStack } from './template/local-stack.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Sources of a stack besides the configuration: `lib/`, the parts of `src/` and `lambdas/` that it names, and `host/`, which reads
 * the synthesized template.
 */
const SOURCES = ['lib', 'lambdas', 'src', 'host'];

/** Most stacks to keep; the oldest is removed. */
const KEPT = 32;

/** The folder of stacks, and the function that creates one. */
export interface StackCache {
  /** Default: `node_modules/.cache/nightshift`. */
  readonly folder?: string;
  readonly synthesize: (config: NightshiftConfig) => Promise<LocalStack>;
}

/**
 * Returns the synthesized stack. Loading the CDK, synthesizing and reading the template take about two seconds, so stacks are
 * cached under the hash of everything they depend on: sources, configuration, and the versions of the CDK and of Node. An
 * unreadable stack or a read-only folder costs time but fails no job.
 */
export async function cachedStack(config: NightshiftConfig, cache: StackCache): Promise<LocalStack> {
  const { folder = join(ROOT, 'node_modules', '.cache', 'nightshift'), synthesize } = cache;
  const file = join(folder, `${stackHash(config)}.json`);
  const kept = await readKept(file);
  if (kept !== undefined) return kept;
  const stack = await synthesize(config);
  await keep(folder, file, renderStack(stack));
  return stack;
}

/** Hash of everything that a stack depends on. */
function stackHash(config: NightshiftConfig): string {
  sources ??= stampSources();
  const parts = [config, process.version, cdkVersion(), sources];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** The stamps of sources that this process has loaded or will load; later changes do not affect this process. */
let sources: readonly string[] | undefined;

/**
 * Name, size and times of each source. A changed file has another `ctime`, which no program can set. Takes 5 ms; reading the
 * files took 200 ms on a busy machine.
 */
function stampSources(): string[] {
  return SOURCES.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .toSorted()
      .map((name) => {
        const { size, mtimeMs, ctimeMs } = statSync(join(ROOT, folder, name));
        return `${folder}/${name} ${size} ${mtimeMs} ${ctimeMs}`;
      }),
  );
}

function cdkVersion(): unknown {
  const { version } = createRequire(import.meta.url)('aws-cdk-lib/package.json') as {
    readonly version: unknown;
  };
  return version;
}

async function readKept(file: string): Promise<LocalStack | undefined> {
  try {
    return parseStack(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

async function keep(folder: string, file: string, text: string): Promise<void> {
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(unfinished, text);
    await rename(unfinished, file);
    await dropOldest(folder);
  } catch {
    await rm(unfinished, { force: true }).catch(() => undefined);
  }
}

async function dropOldest(folder: string): Promise<void> {
  const files = (await readdir(folder)).map((name) => join(folder, name));
  if (files.length <= KEPT) return;
  const aged = await Promise.all(files.map(async (file) => ({ file, age: (await stat(file)).mtimeMs })));
  const oldest = aged.toSorted((a, b) => b.age - a.age).slice(KEPT);
  await Promise.all(oldest.map(({ file }) => rm(file, { force: true })));
}
