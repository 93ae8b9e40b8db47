import { z } from 'zod';
import { InvalidRequest } from '../errors.ts';
import { configSchema, type NightshiftConfig } from './schema.ts';
import { KNOWN_PROVIDERS } from './known-providers.ts';

export type { NightshiftConfig, ProfileConfig } from './schema.ts';

/** Types `nightshift.config.ts` while it is written; the checks run when it is read. */
export function defineConfig(config: NightshiftConfig): NightshiftConfig {
  return config;
}

/**
 * Checks a configuration as a whole.
 * @throws InvalidRequest naming every problem with its path.
 */
export function parseConfig(value: unknown): NightshiftConfig {
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    throw new InvalidRequest(`The configuration is not valid:\n${describeIssues(parsed.error)}`);
  }
  const unknownProviders = Object.entries(parsed.data.profiles).flatMap(([name, { provider }]) =>
    provider === undefined || provider in KNOWN_PROVIDERS || provider in (parsed.data.providers ?? {})
      ? []
      : [`  profiles.${name}.provider: there is no provider "${provider}"`],
  );
  if (unknownProviders.length > 0) {
    throw new InvalidRequest(`The configuration is not valid:\n${unknownProviders.join('\n')}`);
  }
  return parsed.data;
}

/** One line per problem: its path, then what is wrong. */
export function describeIssues(error: z.ZodError): string {
  return error.issues.map((issue) => `  ${issue.path.join('.') || '(root)'}: ${issue.message}`).join('\n');
}
