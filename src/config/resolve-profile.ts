import { defined } from '../defined.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import { describeIssues } from '../text/describe-issues.ts';
import { EMBEDDINGS } from '../endpoints/embeddings.ts';
import { endpointAt } from '../endpoints/endpoints.ts';
import { SPEECH } from '../endpoints/speech.ts';
import { InvalidRequest } from '../errors.ts';
import type {
  PilotRules,
  PollLimits,
  ResolvedProfile,
  ShardLimits,
  TableRules,
} from '../checkpoints/profile.ts';
import { withOutput } from '../output/request-output.ts';
import { known } from '../provider/dialects/known.ts';
import type { Dialect } from '../provider/dialects/schema.ts';
import { readDelimiter } from '../rows/formats/delimiter.ts';
import { resolveLadder } from './resolve-ladder.ts';
import { jobDaysOf } from './limits.ts';
import { moneyProblem } from './money-problem.ts';
import { DEFAULT_PROVIDER, directEndpoints } from './direct-endpoints.ts';
import { KNOWN_PROVIDERS } from './known-providers.ts';
import { profileSchema, type ProfileConfig } from '../profiles/profile-schema.ts';
import type { ProviderConfig } from '../profiles/provider-schema.ts';
import { checkEndpoint, chooseWindow, resolveDialect } from './resolve-dialect.ts';
import type { NightshiftConfig } from './schema.ts';

export const DEFAULT_ENDPOINT = '/v1/chat/completions';

/**
 * Most bytes and rows of a shard. Melious documents 105 MB without saying MB or MiB, and OpenAI's row limit is 50,000, so these
 * values are below every interpretation. A dialect may have lower limits. Higher limits must be configured, because one Lambda
 * reads a whole shard.
 */
const SHARD_LIMITS: ShardLimits = { maxBytes: 100_000_000, maxRows: 50_000 };

/** According to the provider's guide, a batch is worthwhile from about this many rows. */
const SMALL_ROWS = 50;

/** 15 s to 15 min at a tenth of the batch's age: 140 polls and 1,300 history events for a batch of 24 h. */
const POLL_LIMITS: PollLimits = { minSeconds: 15, maxSeconds: 900, fraction: 0.1, graceSeconds: 3_600 };

/**
 * Fills in a profile. Overrides take precedence over the profile, the profile over its provider, and the provider over the
 * defaults.
 * @throws InvalidRequest when the profile or provider does not exist, or an override is not valid
 */
export function resolveProfile(
  config: NightshiftConfig,
  name: string,
  overrides: ProfileConfig = {},
): ResolvedProfile {
  const profile = override(findProfile(config, name), checkOverrides(overrides));
  const resolved = resolveOne(config, name, profile);
  if (profile.then === undefined) return resolved;
  const resolveStep = (step: ProfileConfig): ResolvedProfile => resolveOne(config, name, step);
  return { ...resolved, then: resolveLadder(profile, resolveStep) };
}

/** Resolves a profile, or one step of its ladder. */
function resolveOne(config: NightshiftConfig, name: string, profile: ProfileConfig): ResolvedProfile {
  const providerName = profile.provider ?? DEFAULT_PROVIDER;
  const provider = findProvider(config, providerName);
  const { baseUrl, dialect } = resolveDialect(config, providerName, provider);
  const endpoint = profile.endpoint ?? DEFAULT_ENDPOINT;
  checkEndpoint(dialect, endpoint);
  if ((profile.late ?? profile.small) !== undefined)
    checkDirect(endpoint, directEndpoints(config, providerName, dialect));
  checkMoney(profile);
  return {
    name,
    provider: { name: providerName, baseUrl, dialect },
    endpoint,
    ...(profile.model === undefined ? {} : { model: profile.model }),
    body: withOutput(profile.body ?? {}, profile.output, endpoint),
    ...(profile.system === undefined ? {} : { system: profile.system }),
    ...(profile.prompt === undefined ? {} : { prompt: profile.prompt }),
    ...(profile.table === undefined ? {} : { table: tableRules(profile.table) }),
    strict: profile.strict ?? false,
    rounds: profile.rounds ?? 4,
    retryWaitSeconds: profile.retryWaitSeconds ?? provider.retryWaitSeconds ?? 60,
    ...(profile.late === undefined ? {} : { late: profile.late }),
    ...(profile.small === undefined ? {} : { directUpTo: profile.smallRows ?? SMALL_ROWS }),
    retriableCodes: profile.retriableCodes ?? [],
    completionWindow: chooseWindow(dialect, profile.completionWindow),
    shardLimits: {
      ...shardLimitsOf(dialect, endpoint),
      ...defined(provider.shardLimits),
      ...defined(profile.shardLimits),
    },
    ...defined({ sliceBytes: config.limits?.sliceBytes }),
    polling: { ...pollLimitsOf(dialect), ...defined(provider.polling), ...defined(profile.polling) },
    resultShape: profile.resultShape ?? 'compact',
    budget: profile.budget ?? {},
    ...(profile.maxBad === undefined ? {} : { maxBad: profile.maxBad }),
    ...(profile.pilot === undefined ? {} : { pilot: pilotRules(config, profile.pilot) }),
    ...(profile.output && {
      output: { schema: profile.output.schema, retry: profile.output.retry ?? false },
    }),
    ...(profile.price === undefined ? {} : { price: profile.price }),
    ...(profile.also === undefined || profile.also.length === 0 ? {} : { also: [...new Set(profile.also)] }),
    ...(profile.dedupe === false
      ? {}
      : { dedupe: profile.dedupe === true ? 'always' : 'without temperature' }),
    ...(profile.reuse === undefined || profile.reuse === false ? {} : { reuse: profile.reuse }),
    keepProviderFiles: profile.keepProviderFiles ?? false,
    ...(provider.maxBatches === undefined ? {} : { maxBatches: provider.maxBatches }),
    ...enqueuedTokensOf(provider, dialect),
  };
}

function enqueuedTokensOf(
  provider: ProviderConfig,
  { limits }: Dialect,
): Pick<ResolvedProfile, 'enqueuedTokens'> {
  if (provider.enqueuedTokens !== undefined) return { enqueuedTokens: provider.enqueuedTokens };
  return limits.enqueuedTokens === 'unknown' ? {} : { enqueuedTokens: limits.enqueuedTokens };
}

/**
 * Checks that a budget in money can be computed from the profile's prices.
 * @throws InvalidRequest when the budget is in money that cannot be computed
 */
function checkMoney(profile: ProfileConfig): void {
  const problem = moneyProblem(profile);
  if (problem !== undefined) throw new InvalidRequest(`${problem.path}: ${problem.message}`);
}

/** Enough rows to measure the failure rate of a prompt that fails only sometimes. */
const PILOT_ROWS = 200;

/** The pilot's rules with their defaults. An approval must come early enough that time is left for the other rows of the job. */
function pilotRules(
  config: NightshiftConfig,
  { rows = PILOT_ROWS, maxBad, approve }: NonNullable<ProfileConfig['pilot']>,
): PilotRules {
  return { rows, ...defined({ maxBad, approvalDays: approve === true ? jobDaysOf(config) / 2 : undefined }) };
}

/** The delimiter as a character. */
function tableRules({ delimiter, ...table }: NonNullable<ProfileConfig['table']>): TableRules {
  return defined({ ...table, delimiter: delimiter === undefined ? undefined : readDelimiter(delimiter) });
}

/**
 * Checks that rows for an endpoint can be sent direct.
 * @throws InvalidRequest when rows for this endpoint cannot be sent direct
 */
function checkDirect(endpoint: string, allowed: readonly string[]): void {
  if (endpointAt(endpoint) === SPEECH) {
    throw new InvalidRequest(
      `Rows for "${endpoint}" cannot be sent direct: realtime speech returns sound, not JSON. Leave out "late" and "small".`,
    );
  }
  if (allowed.includes(endpoint)) return;
  throw new InvalidRequest(
    `Rows for "${endpoint}" are not sent direct: only ${allowed.join(', ')} are. Leave out "late" and "small", or name the endpoint in a profile or under dialects in nightshift.config.ts.`,
  );
}

/** An image is 2 MB in base64, so this many rows make an output file of 1 GB, which one Lambda processes in minutes. */
const MAX_FILE_ROWS = 500;

function shardLimitsOf({ limits }: Dialect, path: string): ShardLimits {
  const endpoint = endpointAt(path);
  const { maxBytes } = SHARD_LIMITS;
  const maxRows = endpoint.takeFiles === undefined ? SHARD_LIMITS.maxRows : MAX_FILE_ROWS;
  return {
    maxBytes: Math.min(maxBytes, known(limits.fileBytes, maxBytes)),
    maxRows: Math.min(maxRows, known(limits.requests, maxRows)),
    ...(endpoint === EMBEDDINGS && limits.embeddingInputs !== 'unknown'
      ? { maxInputs: limits.embeddingInputs }
      : {}),
  };
}

function pollLimitsOf({ pollSeconds }: Dialect): PollLimits {
  return { ...POLL_LIMITS, minSeconds: Math.max(POLL_LIMITS.minSeconds, known(pollSeconds, 1)) };
}

/** Merges the settings for reading files field by field: an override of one field leaves the others unchanged. */
export function mergeTables(profile: ProfileConfig, overrides: ProfileConfig): Pick<ProfileConfig, 'table'> {
  if (profile.table === undefined && overrides.table === undefined) return {};
  return { table: { ...profile.table, ...overrides.table } };
}

/**
 * Applies overrides. A model belongs to its endpoint: if the endpoint is overridden and the model is not, each row must name its
 * model.
 */
function override({ model, ...profile }: ProfileConfig, overrides: ProfileConfig): ProfileConfig {
  const endpoint = profile.endpoint ?? DEFAULT_ENDPOINT;
  const keepsModel = model !== undefined && (overrides.endpoint ?? endpoint) === endpoint;
  return { ...profile, ...(keepsModel && { model }), ...overrides, ...mergeTables(profile, overrides) };
}

/**
 * The profile with this name.
 * @throws InvalidRequest when the profile does not exist
 */
export function findProfile(config: NightshiftConfig, name: string): ProfileConfig {
  const profile = Object.hasOwn(config.profiles, name) ? config.profiles[name] : undefined;
  if (profile === undefined) {
    const known = Object.keys(config.profiles).toSorted().join(', ') || '(none)';
    const meant = didYouMean(name, Object.keys(config.profiles));
    throw new InvalidRequest(
      `There is no profile "${name}" in nightshift.config.ts.${meant} Profiles: ${known}.`,
    );
  }
  return profile;
}

/**
 * The provider with this name: from the configuration, otherwise a built-in one.
 * @throws InvalidRequest when the provider does not exist
 */
export function findProvider(config: NightshiftConfig, name: string): ProviderConfig {
  const configured = Object.hasOwn(config.providers ?? {}, name) ? config.providers?.[name] : undefined;
  const known = Object.hasOwn(KNOWN_PROVIDERS, name) ? KNOWN_PROVIDERS[name] : undefined;
  const provider = configured ?? known;
  if (provider === undefined) {
    const names = [...new Set([...Object.keys(KNOWN_PROVIDERS), ...Object.keys(config.providers ?? {})])];
    const meant = didYouMean(name, names);
    throw new InvalidRequest(
      `There is no provider "${name}".${meant} Providers: ${names.toSorted().join(', ')}.`,
    );
  }
  return { ...known, ...provider };
}

function checkOverrides(overrides: ProfileConfig): ProfileConfig {
  const parsed = profileSchema.safeParse(overrides);
  if (!parsed.success) {
    throw new InvalidRequest(`The job request is not valid:\n${describeIssues(parsed.error, profileSchema)}`);
  }
  return parsed.data;
}
