import type { Dialect } from '../provider/dialects/schema.ts';
import type { NightshiftConfig } from './schema.ts';

/** Endpoints that only send a query to a model, at any provider. */
const ASKING = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/responses',
  '/v1/images/generations',
  '/v1/audio/speech',
  '/v1/rerank',
  '/v2/rerank',
  '/v1/moderations',
  '/v1/messages',
];

/**
 * Endpoints that rows may be sent to direct: those that the dialect lists. If it lists none, the endpoints that only query a
 * model, and those that are named by the configuration's profiles for this provider. A job may name any endpoint, and some
 * endpoints have other effects, such as creating a key.
 */
export function directEndpoints(
  config: NightshiftConfig,
  provider: string,
  { endpoints }: Dialect,
): readonly string[] {
  if (endpoints !== 'unknown') return endpoints;
  const schedules = Object.values(config.schedules ?? {});
  const treatments = [
    ...Object.values(config.profiles),
    // A schedule's overrides may change its profile's endpoint.
    ...schedules.map(({ profile = 'default', overrides }) => ({ ...config.profiles[profile], ...overrides })),
  ];
  const configured = treatments.flatMap((treatment) =>
    treatment.endpoint !== undefined && (treatment.provider ?? DEFAULT_PROVIDER) === provider
      ? [treatment.endpoint]
      : [],
  );
  return [...new Set([...ASKING, ...configured])];
}

/** The provider of profiles that name none. */
export const DEFAULT_PROVIDER = 'melious';
