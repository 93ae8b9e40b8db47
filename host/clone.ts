import type { NightshiftConfig } from '../src/config/config.ts';
import { cachedStack } from './stack-cache.ts';
import type { LocalStack } from './template/local-stack.ts';

/**
 * The parts of the host that need the project's sources. The package has neither sources nor the CDK, so `packaged.ts` replaces
 * this file there (`build/build-cli.ts`).
 */

/** The synthesized stack. Loads the CDK, which takes a second, only if the stack is not in the cache. */
export function stackOf(config: NightshiftConfig): Promise<LocalStack> {
  return cachedStack(config, { synthesize: synthesizeChecked });
}

async function synthesizeChecked(config: NightshiftConfig): Promise<LocalStack> {
  const [{ synthesizeTemplate }, { checkDefinition }, { readStack }] = await Promise.all([
    import('./synthesize.ts'),
    import('./check-definition.ts'),
    import('./template/local-stack.ts'),
  ]);
  const stack = readStack(synthesizeTemplate(config));
  checkDefinition(stack.machine.definition);
  return stack;
}

/** Bundles the Lambdas again, because sources may have changed. */
export async function buildBundles(): Promise<void> {
  const { bundleLambdas } = await import('../build/bundle-lambdas.ts');
  await bundleLambdas();
}
