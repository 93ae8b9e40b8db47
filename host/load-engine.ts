import { registerHooks } from 'node:module';

type Engine = typeof import('aws-local-stepfunctions');

/** Packages that only the engine imports, and that `unused-engine-parts.ts` replaces. */
const UNUSED = new Set(['@aws-sdk/client-lambda', '@aws-sdk/credential-providers', 'asl-validator']);

const REPLACEMENT = new URL('./unused-engine-parts.ts', import.meta.url).href;

/** Loads the engine without the packages that are never used here. `build/build-cli.ts` does the same for the package. */
export async function loadEngine(): Promise<Engine> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      isUnused(specifier, context.parentURL ?? '')
        ? { url: REPLACEMENT, shortCircuit: true }
        : next(specifier, context),
  });
  try {
    return await import('aws-local-stepfunctions');
  } finally {
    hooks.deregister();
  }
}

/**
 * True if an import of the engine is never used on this machine, so that it is not loaded.
 * @param specifier specifier of the import
 * @param importer path or URL of the importing file
 */
export function isUnused(specifier: string, importer: string): boolean {
  return UNUSED.has(specifier) && /[\\/]aws-local-stepfunctions[\\/]build[\\/]/.test(importer);
}
