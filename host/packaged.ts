import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NightshiftConfig } from '../src/config/config.ts';
import { packageRoot } from '../src/package-root.ts';
import { configureStack } from './shipped-stack.ts';
import { parseStack } from './stored-stack.ts';
import type { LocalStack } from './template/local-stack.ts';

/** The stack that was synthesized for the package, adapted to this configuration. */
export async function stackOf(config: NightshiftConfig): Promise<LocalStack> {
  const text = await readFile(join(packageRoot(), 'dist', 'stack.json'), 'utf8');
  return configureStack(parseStack(text), config);
}

/** Does nothing: the package already contains the bundles. */
export function buildBundles(): Promise<void> {
  return Promise.resolve();
}
