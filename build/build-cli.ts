import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { build, type Metafile, type Plugin } from 'esbuild';
import { isUnused } from '../host/load-engine.ts';
import { loadStack } from '../host/load-stack.ts';
import { configureStack } from '../host/shipped-stack.ts';
import { renderStack } from '../host/stored-stack.ts';
import { synthesizeTemplate } from '../host/synthesize.ts';
import { readStack } from '../host/template/local-stack.ts';
import config from '../nightshift.config.ts';
import { REQUIRE } from './build-construct.ts';
import { DIST, PROJECT } from './project.ts';
import { WITHOUT_LOCALES } from './without-locales.ts';

/**
 * Builds the command line with its dependencies, and the stack that it runs on one machine.
 * @returns the inputs of the bundles
 */
export async function buildCli(): Promise<Metafile> {
  const outdir = join(DIST, 'cli');
  await rm(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: PROJECT,
    entryPoints: {
      nightshift: 'bin/nightshift.ts',
      'step-worker': 'host/step-worker.ts',
      'simulator-worker': 'host/simulator-worker.ts',
      config: 'src/config/config.ts',
    },
    outdir,
    bundle: true,
    // Each command loads only what it needs. All chunks are in the folder of the entry.
    splitting: true,
    chunkNames: 'chunk-[hash]',
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    target: 'node22',
    inject: ['build/disposable-stacks.ts'],
    minify: true,
    keepNames: true,
    banner: REQUIRE,
    metafile: true,
    logLevel: 'warning',
    plugins: [PACKAGED, SLIM_ENGINE, WITHOUT_LOCALES],
  });
  await writeFile(join(DIST, 'stack.json'), await shippedStack());
  return metafile;
}

/** Replaces the files that need the sources, because the package has no sources to synthesize or bundle. */
const PACKAGED: Plugin = {
  name: 'packaged',
  setup: (bundler) => {
    bundler.onResolve({ filter: /\/clone\.ts$/ }, () => ({ path: join(PROJECT, 'host/packaged.ts') }));
  },
};

/** Leaves out the parts of the engine that are never used, as `host/load-engine.ts` does. */
const SLIM_ENGINE: Plugin = {
  name: 'slim-engine',
  setup: (bundler) => {
    bundler.onResolve({ filter: /^[^.]/ }, ({ path, importer }) =>
      isUnused(path, importer) ? { path: join(PROJECT, 'host/unused-engine-parts.ts') } : undefined,
    );
  },
};

/**
 * Serializes the stack for the package.
 * @throws Error when configuring it gives another result than a synthesis
 */
async function shippedStack(): Promise<string> {
  const stack = await loadStack(config);
  const other = {
    ...config,
    limits: { shardsInFlight: 7, jobDays: 3 },
    schedules: { nightly: { cron: '0 22 * * ? *', timezone: 'Europe/Berlin', prefix: 'staged/' } },
  };
  const fresh = readStack(synthesizeTemplate(other));
  if (!isDeepStrictEqual(configureStack(stack, other), fresh)) {
    throw new Error(
      'The stack of the package, configured, is not what a synthesis gives. See host/shipped-stack.ts.',
    );
  }
  return renderStack(stack);
}
