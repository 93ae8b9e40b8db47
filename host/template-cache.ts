import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NightshiftConfig } from '../src/config/config.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Sources of a template besides the configuration: `lib/`, and the parts of `src/` and `lambdas/` that it names. */
const SOURCES = ['lib', 'lambdas', 'src'];

/** Most templates to keep; the oldest is removed. */
const KEPT = 32;

/** The folder of templates, and the function that creates one. */
export interface TemplateCache {
  /** Default: `node_modules/.cache/nightshift`. */
  readonly folder?: string;
  readonly synthesize: (config: NightshiftConfig) => Promise<unknown>;
}

/**
 * Returns the template of the synthesized stack. Loading the CDK and synthesizing takes about two seconds, so templates are
 * cached under the hash of everything they depend on: sources, configuration, and the versions of the CDK and of Node. An
 * unreadable template or a read-only folder costs time but fails no job.
 */
export async function cachedTemplate(config: NightshiftConfig, cache: TemplateCache): Promise<unknown> {
  const { folder = join(ROOT, 'node_modules', '.cache', 'nightshift'), synthesize } = cache;
  const file = join(folder, `${templateHash(config)}.json`);
  const kept = await readKept(file);
  if (kept !== undefined) return kept;
  const template = await synthesize(config);
  await keep(folder, file, template);
  return template;
}

/** Hash of everything that a template depends on. */
function templateHash(config: NightshiftConfig): string {
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

async function readKept(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

async function keep(folder: string, file: string, template: unknown): Promise<void> {
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(unfinished, JSON.stringify(template));
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
