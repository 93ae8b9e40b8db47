import type { NightshiftConfig } from '../src/config/config.ts';
import { cachedTemplate } from './template-cache.ts';
import { machineOf, readStack, type LocalStack } from './template/local-stack.ts';

/**
 * The parts of the host that need the project's sources. The package has neither sources nor the CDK, so `packaged.ts` replaces
 * this file there (`build/build-cli.ts`).
 */

/** The synthesized stack. Loads the CDK, which takes a second, only if the template is not in the cache. */
export async function stackOf(config: NightshiftConfig): Promise<LocalStack> {
  return readStack(await cachedTemplate(config, { synthesize: synthesizeChecked }));
}

async function synthesizeChecked(config: NightshiftConfig): Promise<unknown> {
  const [{ synthesizeTemplate }, { checkDefinition }] = await Promise.all([
    import('./synthesize.ts'),
    import('./check-definition.ts'),
  ]);
  const template = synthesizeTemplate(config);
  checkDefinition(machineOf(template).definition);
  return template;
}

/** Bundles the Lambdas again, because sources may have changed. */
export async function buildBundles(): Promise<void> {
  const { bundleLambdas } = await import('../build/bundle-lambdas.ts');
  await bundleLambdas();
}
