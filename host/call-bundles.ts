import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CallStep } from './engine.ts';
import type { Synthesized } from './synthesize.ts';

/** The parts of a synthesized function that say where its bundle is and which step it runs. */
interface FunctionResource {
  readonly Type: string;
  readonly Metadata?: { readonly 'aws:asset:path'?: string };
  readonly Properties?: { readonly Environment?: { readonly Variables?: { readonly STEP?: string } } };
}

type BundledHandler = (event: unknown, context: object) => Promise<unknown>;

/**
 * Calls the very bundles that are deployed, in this process. They take their edges from the environment, as on AWS:
 * `STORE`, a key, and whatever else `src/runtime/environment.ts` names must be set.
 */
export function callBundles({ template, folder }: Synthesized): CallStep {
  const bundles = findBundles({ template, folder });
  return async (step, event) => {
    const file = bundles.get(step);
    if (file === undefined) throw new Error(`There is no bundle of the step "${step}".`);
    const { handler } = (await import(pathToFileURL(file).href)) as {
      handler: BundledHandler;
    };
    return handler(event, {});
  };
}

/** The file of each step's bundle, by step. */
export function findBundles({ template, folder }: Synthesized): ReadonlyMap<string, string> {
  const { Resources } = template as { Resources: Record<string, FunctionResource> };
  const found = new Map<string, string>();
  for (const { Type, Metadata, Properties } of Object.values(Resources)) {
    const step = Properties?.Environment?.Variables?.STEP;
    const path = Metadata?.['aws:asset:path'];
    if (Type === 'AWS::Lambda::Function' && step !== undefined && path !== undefined)
      found.set(step, join(folder, path, 'index.mjs'));
  }
  return found;
}
