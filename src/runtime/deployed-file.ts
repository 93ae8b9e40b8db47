import { readFileSync } from 'node:fs';
import type { Environment } from './secret-text.ts';

/** Files that lie beside a function's code and hold its part of the configuration. */
export const DEPLOYED_FILES = { config: 'config.json', providers: 'providers.json' } as const;

/**
 * Reads such a file. `CONFIG_FOLDER`, as a file URL that ends with a slash, says where they are if not beside the code.
 * @returns undefined when there is none
 */
export function readDeployedFile(name: keyof typeof DEPLOYED_FILES, env: Environment): unknown {
  try {
    // Bundled, this module is the function's code itself.
    const file = new URL(DEPLOYED_FILES[name], env['CONFIG_FOLDER'] ?? import.meta.url);
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
