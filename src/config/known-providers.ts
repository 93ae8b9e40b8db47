import { DIALECTS } from '../provider/dialects/dialects.ts';
import type { ProviderConfig } from '../profiles/profile-schema.ts';

/**
 * Providers that need no configuration: naming one in a profile is enough. Each dialect with a base URL is one. A
 * configuration may override any field.
 */
export const KNOWN_PROVIDERS: Readonly<Record<string, ProviderConfig>> = {
  ...Object.fromEntries(
    Object.entries(DIALECTS).flatMap(([dialect, facts]) =>
      'baseUrl' in facts ? [[dialect, { dialect }]] : [],
    ),
  ),
  /** Answers on this machine within seconds and costs nothing: `npm run simulator`, or `npm start`, which brings its own. */
  simulator: {
    dialect: 'melious',
    baseUrl: 'http://127.0.0.1:8787/v1',
    polling: { minSeconds: 1, maxSeconds: 5 },
    retryWaitSeconds: 1,
  },
};
