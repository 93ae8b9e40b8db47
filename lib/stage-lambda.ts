import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NightshiftConfig } from '../src/config/config.ts';
import { deployedProviders } from '../src/config/deployed-providers.ts';
import { packageRoot } from '../src/package-root.ts';
import { DEPLOYED_FILES } from '../src/runtime/deployed-file.ts';
import { STEPS, type StepName, type StepNeeds } from './step-table.ts';

/**
 * Puts a Lambda into a folder as it is deployed: its bundle, and beside it the part of the configuration that the step needs.
 * @throws Error when the bundles are missing, which only a clone of the repository has to build
 */
export function stageLambda(step: StepName, config: NightshiftConfig, folder: string): void {
  const bundle = join(packageRoot(), 'dist', 'lambdas', step);
  if (!existsSync(join(bundle, 'index.mjs'))) {
    throw new Error(`The Lambda ${step} has no bundle in ${bundle}. Run \`npm run build\`.`);
  }
  mkdirSync(folder, { recursive: true });
  cpSync(bundle, folder, { recursive: true });
  for (const [name, content] of configFiles(STEPS[step], config))
    writeFileSync(join(folder, name), `${JSON.stringify(content)}\n`);
}

/** What a step knows of the configuration: a function that starts jobs all of it, one that sends keys where those may go. */
export function configFiles(needs: StepNeeds, config: NightshiftConfig): [name: string, content: object][] {
  if (needs.knowsConfig === true) return [[DEPLOYED_FILES.config, config]];
  if (needs.provider === true) return [[DEPLOYED_FILES.providers, deployedProviders(config)]];
  return [];
}
