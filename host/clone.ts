import type { NightshiftConfig } from '../src/config/config.ts';
import { cachedTemplate } from './template-cache.ts';
import { machineOf, readStack, type LocalStack } from './template/local-stack.ts';

/**
 * What the host takes from the sources of the project. In the package, where there are neither sources nor the CDK, `packaged.ts` stands
 * in its place (`build/build-cli.ts`).
 */

/** The stack as it is synthesized. Only a template that is not kept needs the CDK, which takes a second to load. */
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

/** Bundles the Lambdas anew: sources may have changed. */
export async function buildBundles(): Promise<void> {
  const { bundleLambdas } = await import('../build/bundle-lambdas.ts');
  await bundleLambdas();
}
