import { InvalidRequest } from '../errors.ts';
import type { ProfileConfig } from '../profiles/profile-schema.ts';
import { findProfile } from './resolve-profile.ts';
import type { NightshiftConfig } from './schema.ts';

type Field = keyof ProfileConfig;

/**
 * Fields that every request may change: the content of its rows' requests, and lower budgets. None of them names a provider or
 * an endpoint.
 */
const DEFAULT_FIELDS: readonly Field[] = ['model', 'body', 'system', 'prompt', 'output', 'table', 'budget'];

/** The fields of a profile that requests from outside may change, and the providers and endpoints that they may name. */
export interface OverridePolicy {
  readonly fields: readonly Field[];
  readonly providers: readonly string[];
  readonly endpoints: readonly string[];
}

export function overridePolicy({ requests = {} }: NightshiftConfig): OverridePolicy {
  const { overrides = DEFAULT_FIELDS, providers = [], endpoints = [] } = requests;
  return { fields: overrides, providers, endpoints };
}

/**
 * Checks the overrides of a request from outside: through the API, or as a dropped file. The command line belongs to the owner
 * and schedules belong to the configuration, so both may change every field.
 * @throws InvalidRequest naming every field that the request may not change
 */
export function allowedOverrides(
  config: NightshiftConfig,
  profile: string,
  overrides: ProfileConfig | undefined,
): ProfileConfig | undefined {
  if (overrides === undefined) return undefined;
  const { budget = {} } = findProfile(config, profile);
  const problems = [
    ...forbiddenFields(overridePolicy(config), overrides),
    ...higherBudget(budget, overrides.budget ?? {}),
  ];
  if (problems.length > 0) {
    const lines = problems.map((problem) => `  overrides.${problem}`);
    throw new InvalidRequest(`The job request is not valid:\n${lines.join('\n')}`);
  }
  // Limits that the request does not name stay in force, so that its own budget cannot bypass them.
  return overrides.budget === undefined
    ? overrides
    : { ...overrides, budget: { ...budget, ...overrides.budget } };
}

function forbiddenFields(policy: OverridePolicy, overrides: ProfileConfig): string[] {
  const { fields, providers, endpoints } = policy;
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  return given.flatMap(([field, value]) => {
    if (field === 'provider')
      return forbidden(
        field,
        providers.some((name) => name === value),
        'requests.providers',
      );
    if (field === 'endpoint')
      return forbidden(
        field,
        endpoints.some((path) => path === value),
        'requests.endpoints',
      );
    return [
      ...forbidden(
        field,
        fields.some((allowed) => allowed === field),
        'requests.overrides',
      ),
      ...(field === 'then' ? foreignSteps(policy, overrides) : []),
    ];
  });
}

/** Steps that name a provider which requests may not name. */
function foreignSteps({ providers }: OverridePolicy, { then = [] }: ProfileConfig): string[] {
  return then.flatMap(({ provider }, n) =>
    provider === undefined
      ? []
      : forbidden(`then.${n}.provider`, providers.includes(provider), 'requests.providers'),
  );
}

function forbidden(field: string, isAllowed: boolean, setting: string): string[] {
  if (isAllowed) return [];
  return [`${field}: a request may not change this; ${setting} in nightshift.config.ts allows it`];
}

type Budget = NonNullable<ProfileConfig['budget']>;

function higherBudget(profile: Budget, asked: Budget): string[] {
  return (['maxRows', 'maxInputTokens', 'max', 'maxPerMonth'] as const).flatMap((limit) => {
    const [most = Infinity, wanted = 0] = [profile[limit], asked[limit]];
    return wanted <= most ? [] : [`budget.${limit}: a request may only lower it; the profile has ${most}`];
  });
}
