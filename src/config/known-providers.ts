import type { ProviderConfig } from './profile-schema.ts';

/** Providers that need no configuration: naming one in a profile is enough. A configuration may override any field. */
export const KNOWN_PROVIDERS: Readonly<Record<string, ProviderConfig>> = {
  melious: { dialect: 'melious', baseUrl: 'https://api.melious.ai/v1' },
  openai: { dialect: 'openai', baseUrl: 'https://api.openai.com/v1' },
  /** Answers on this machine within seconds and costs nothing: `npm run simulator`, or `npm start`, which brings its own. */
  simulator: {
    dialect: 'melious',
    baseUrl: 'http://127.0.0.1:8787/v1',
    polling: { minSeconds: 1, maxSeconds: 5 },
    retryWaitSeconds: 1,
  },
};
