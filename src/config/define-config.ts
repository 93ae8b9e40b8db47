import type { NightshiftConfig } from './schema.ts';

/**
 * Gives `nightshift.config.ts` its types in the editor. The checks run when it is loaded. A module of its own, because a
 * configuration that imports it then loads nothing else.
 */
export function defineConfig(config: NightshiftConfig): NightshiftConfig {
  return config;
}
