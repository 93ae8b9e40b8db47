import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stageLambda } from '../lib/stage-lambda.ts';
import { STEPS, type StepName } from '../lib/step-table.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import { edgesFromEnvironment } from '../src/runtime/environment.ts';
import { buildBundles } from './clone.ts';
import { READ_ITEMS } from './distributed-map.ts';
import type { CallStep } from './engine.ts';
import { readItems } from './read-items.ts';

type BundledHandler = (event: unknown, context: object) => Promise<unknown>;

/**
 * Writes every Lambda into a folder as it would be deployed, with its part of the configuration.
 * @returns the file of each step's code, by step
 */
export async function stageBundles(
  config: NightshiftConfig,
  folder: string,
): Promise<ReadonlyMap<string, string>> {
  await buildBundles();
  const steps = Object.keys(STEPS) as StepName[];
  return new Map(
    steps.map((step) => {
      const asset = join(folder, step);
      // An earlier version may have left other files.
      rmSync(asset, { recursive: true, force: true });
      stageLambda(step, config, asset);
      return [step, join(asset, 'index.mjs')];
    }),
  );
}

/**
 * Calls the deployable code in this process. It reads its edges from the environment, as on AWS: `STORE`, a key, and all other
 * variables of `src/runtime/environment.ts` must be set.
 */
export function callBundles(bundles: ReadonlyMap<string, string>): CallStep {
  return async (step, event) => {
    if (step === READ_ITEMS)
      return readItems(edgesFromEnvironment(process.env), event as Parameters<typeof readItems>[1]);
    const file = bundles.get(step);
    if (file === undefined) throw new Error(`There is no bundle of the step "${step}".`);
    const { handler } = (await import(pathToFileURL(file).href)) as {
      handler: BundledHandler;
    };
    return handler(event, {});
  };
}
