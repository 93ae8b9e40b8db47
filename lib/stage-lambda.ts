import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import type { NightshiftConfig } from '../src/config/config.ts';
import { deployedProviders } from '../src/config/deployed-providers.ts';
import { packageRoot } from '../src/package-root.ts';
import { DEPLOYED_FILES } from '../src/runtime/deployed-file.ts';
import type { StepNeeds } from './step-needs.ts';
import { STEPS, type StepName } from './step-table.ts';

/**
 * Copies a Lambda into a folder for deployment: its bundle, and beside it the step's part of the configuration.
 * @throws Error when the bundles are missing, which only happens in a clone of the repository
 */
export function stageLambda(step: StepName, config: NightshiftConfig, folder: string): void {
  const files = Object.entries(readBundles()[step] ?? {});
  if (files.length === 0) throw new Error(`There is no bundle of the Lambda ${step}. ${BUILD}`);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  for (const [name, content] of configFiles(STEPS[step], config))
    writeFileSync(join(folder, name), `${JSON.stringify(content)}\n`);
}

/** A step's part of the configuration: all of it for functions that start jobs, the providers' URLs for functions that send keys. */
export function configFiles(needs: StepNeeds, config: NightshiftConfig): [name: string, content: object][] {
  if (needs.knowsConfig === true) return [[DEPLOYED_FILES.config, config]];
  if (needs.provider === true) return [[DEPLOYED_FILES.providers, deployedProviders(config)]];
  return [];
}

/** File contents by step and file. */
type Bundles = Readonly<Partial<Record<string, Readonly<Record<string, string>>>>>;

const BUILD = 'In a clone of the repository, run `npm run build:lambdas`.';

let kept: { readonly builtAt: number; readonly bundles: Bundles } | undefined;

/** Reads the bundles once, and again after a new build. */
function readBundles(): Bundles {
  const file = join(packageRoot(), 'dist', 'lambdas.br');
  const builtAt = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (builtAt === undefined) throw new Error(`There are no bundles of the Lambdas in ${file}. ${BUILD}`);
  if (kept?.builtAt === builtAt) return kept.bundles;
  const bundles = JSON.parse(brotliDecompressSync(readFileSync(file)).toString('utf8')) as Bundles;
  kept = { builtAt, bundles };
  return bundles;
}
