import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NightshiftConfig } from '../src/config/config.ts';
import { packageRoot } from '../src/package-root.ts';
import { configureStack, parseShippedStack } from './shipped-stack.ts';
import type { LocalStack } from './template/local-stack.ts';

/** The stack as it was synthesized when the package was built, with this configuration. */
export async function stackOf(config: NightshiftConfig): Promise<LocalStack> {
  const text = await readFile(join(packageRoot(), 'dist', 'stack.json'), 'utf8');
  return configureStack(parseShippedStack(text), config);
}

/** The bundles come with the package. */
export function buildBundles(): Promise<void> {
  return Promise.resolve();
}
