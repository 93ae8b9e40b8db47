import { DIALECTS } from '../provider/dialects/dialects.ts';
import type { ProfileConfig } from '../profiles/profile-schema.ts';
import type { ProviderConfig } from '../profiles/provider-schema.ts';

/** Name of the provider that is a simulator. */
export const SIMULATOR = 'simulator';

/** The override of a job whose answers a simulator generates. */
export const SIMULATED: ProfileConfig = { provider: SIMULATOR };

/**
 * Providers that need no configuration: a profile only has to name one. These are the dialects with a base URL. A configuration
 * may override any field.
 */
export const KNOWN_PROVIDERS: Readonly<Record<string, ProviderConfig>> = {
  ...Object.fromEntries(
    Object.entries(DIALECTS).flatMap(([dialect, facts]) =>
      'baseUrl' in facts ? [[dialect, { dialect }]] : [],
    ),
  ),
  /**
   * Generates answers on this machine within seconds, for free: start it with `npm run simulator`, or use `npm start --
   * --simulate`, which starts its own.
   */
  [SIMULATOR]: {
    dialect: 'melious',
    baseUrl: 'http://127.0.0.1:8787/v1',
    polling: { minSeconds: 1, maxSeconds: 5 },
    retryWaitSeconds: 1,
  },
};
