import { readFileSync } from 'node:fs';
import type { Environment } from './secret-text.ts';

/** Names of the files beside a function's code. They contain the function's part of the configuration. */
export const DEPLOYED_FILES = { config: 'config.json', providers: 'providers.json' } as const;

/**
 * Reads such a file. `CONFIG_FOLDER`, a file URL that ends with a slash, names another folder than that of the code.
 * @returns undefined when the file does not exist
 */
export function readDeployedFile(name: keyof typeof DEPLOYED_FILES, env: Environment): unknown {
  try {
    // In the bundle, this module's URL is that of the function's code.
    const file = new URL(DEPLOYED_FILES[name], env['CONFIG_FOLDER'] ?? import.meta.url);
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
